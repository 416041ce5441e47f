"""How fast are networks for images trained on a GPU? `python bench/gpu.py` on a machine that has one.

The same training, several ways, in one run: images a second, summed over networks, on random pictures of
Fashion-MNIST's size:

- plain loop: PyTorch's as one would first write it, one network, the images on the device;
- alone: our training of one network after the other, by Lightning;
- side by side: our training of all of them at once, in recorded steps.

In brackets: how many times as fast as the plain loop. Before that, steps of both of ours on the GPU are held
against those of a CPU, in float32. ``docs/results/gpu.md`` keeps what it printed.
"""

import argparse
import functools
import logging
import time
from collections.abc import Callable

import numpy as np
import torch
from torch.nn import functional

from multiview import config
from multiview.data.augmentation import Copies, augment
from multiview.networks.registry import build
from multiview.training import minibatch, side_by_side
from multiview.training.minibatch import ImageRun

for name in ("pytorch_lightning.utilities.rank_zero", "lightning_fabric.utilities.rank_zero"):
    logging.getLogger(name).setLevel(logging.ERROR)
RNG = np.random.default_rng(0)


def pictures(number: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Random images of Fashion-MNIST's size, and their labels."""
    images = RNG.integers(256, size=(number, 1, 28, 28)).astype(np.uint8)
    return torch.from_numpy(images), torch.from_numpy(RNG.integers(10, size=number))


def runs(network: config.ImageNetwork, images: torch.Tensor, number: int) -> list[ImageRun]:
    """Fresh networks of so many seeds."""
    return [ImageRun(seed, build(network, images, 10, seed)) for seed in range(number)]


def settings_of(epochs: int, batch_size: int) -> config.ImageTraining:
    """Training as of Fashion-MNIST in full."""
    augmentation = {"crop_padding": 2, "flip": True}
    return config.ImageTraining(epochs=epochs, batch_size=batch_size, augmentation=augmentation, milestones=[])


def plain(network, images, label, batch_size: int, epochs: int) -> None:
    """PyTorch's loop as one would first write it."""
    settings = settings_of(epochs, batch_size)
    model = build(network, images, 10, 0).cuda().to(memory_format=torch.channels_last).train()
    images, label = images.cuda(), label.cuda()
    optimizer = torch.optim.SGD(model.parameters(), lr=settings.learning_rate, momentum=0.9, nesterov=True)
    for _ in range(epochs):
        order = torch.randperm(len(label), device="cuda")
        drawn = Copies.draw(settings.augmentation, 1, len(label), RNG)
        offset, flip = drawn.offset[0].cuda(), drawn.flip[0].cuda()
        for part in order.split(batch_size):
            batch = augment(images[part], offset[part], flip[part], settings.augmentation.crop_padding)
            with torch.autocast("cuda", dtype=torch.bfloat16):
                loss = functional.cross_entropy(model(batch), label[part])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    torch.cuda.synchronize()


def alone(network, images, label, batch_size: int, epochs: int) -> None:
    """Ours, one network."""
    (run,) = runs(network, images, 1)
    machine = config.Machine(accelerator="gpu", compile=False)
    settings = settings_of(epochs, batch_size).model_copy(update={"precision": "bf16-mixed"})
    minibatch.train(run, images, label, settings, machine)


def together(network, images, label, batch_size: int, number: int, epochs: int) -> None:
    """Ours, so many networks side by side."""
    some = runs(network, images, number)
    side_by_side.train(some, images, label, settings_of(epochs, batch_size), config.Machine(accelerator="gpu"))


def seconds(train: Callable[[int], None], epochs: int = 2) -> float:
    """Of an epoch: the difference of two lengths, so that what begins a training is not counted."""
    spent = []
    for number in (epochs, 3 * epochs):
        begin = time.perf_counter()
        train(number)
        spent.append(time.perf_counter() - begin)
    return (spent[1] - spent[0]) / (2 * epochs)


def check() -> None:
    """Print how far steps on the GPU are from those on a CPU."""
    torch.backends.cudnn.allow_tf32 = False
    images, label = pictures(200)
    network = config.WideResNet(kind="wide_resnet")
    settings = config.ImageTraining(epochs=3, batch_size=32, precision="32-true", learning_rate=0.02)
    losses = {}
    for name, accelerator in (("CPU", "cpu"), ("GPU, alone", "gpu"), ("GPU, side by side", "gpu")):
        some, machine = runs(network, images, 3), config.Machine(accelerator=accelerator, compile=False)
        if "side by side" in name:
            side_by_side.train(some, images, label, settings, machine)
        else:
            for run in some:
                minibatch.train(run, images, label, settings, machine)
        losses[name] = np.array([[row[2] for row in run.history] for run in some])
        off = np.abs(losses[name] / losses["CPU"] - 1).max()
        print(f"  {name:<20} last losses {losses[name][:, -1].round(4)}, at most {off:.1e} from the CPU's")
    torch.backends.cudnn.allow_tf32 = True


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=6400)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 10, 20])
    parser.add_argument("--networks", nargs="+", default=["10-1", "10-2", "16-4"], help="depth-width")
    options = parser.parse_args()
    print(torch.cuda.get_device_name(), "PyTorch", torch.__version__)
    check()
    images, label = pictures(options.images)
    ways = ["plain loop, bfloat16", "alone, bfloat16, not compiled"]
    ways += [f"{number} side by side, float32" for number in options.seeds]
    print("| network, batch | " + " | ".join(ways) + " |")
    print("|---" * (1 + len(ways)) + "|")
    for size in options.networks:
        depth, width = map(int, size.split("-"))
        network = config.WideResNet(kind="wide_resnet", depth=depth, width=width)
        for batch_size in (64, 128):
            given = (network, images, label, batch_size)
            rates = [options.images / seconds(functools.partial(way, *given)) for way in (plain, alone)]
            for number in options.seeds:
                rates.append(number * options.images / seconds(functools.partial(together, *given, number)))
            cells = [f"{rate:.0f} ({rate / rates[0]:.1f})" for rate in rates]
            print(f"| WRN-{size}, {batch_size} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
