"""How fast is a training step? `make bench`.

The same work three ways, side by side in one run, on the data and the network of the default config:

- plain: Lightning with automatic optimisation, autograd and a full batch, as one would first write it;
- ours: `multiview.training.full_batch`, blocks of samples with forward and gradient in one pass;
- limit: the two matrix products of a step alone, in the same blocks.

Then a whole chunk: ours in one process against plain with a process for each seed, start-up included, and the
peak memory of each. Only the ratios mean anything: the repetitions alternate, and medians are compared.
"""

import argparse
import logging
import os
import resource
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytorch_lightning as pl
import torch
import yaml
from torch.utils.data import DataLoader

from multiview import config
from multiview.data import multi_view
from multiview.networks.two_layer import TwoLayerNetwork
from multiview.training import full_batch

ROOT = Path(__file__).parent.parent
CPU = config.Machine(accelerator="cpu")


class Plain(pl.LightningModule):
    """Full-batch gradient descent as one would first write it."""

    def __init__(self, network: TwoLayerNetwork, step_size: float):
        super().__init__()
        self.network, self.step_size = network, step_size

    def training_step(self, batch, _):
        """Cross-entropy of the full batch."""
        x, label = batch
        loss = torch.nn.functional.cross_entropy(self.network(x), label)
        self.log("loss", loss)
        return loss

    def configure_optimizers(self):
        """Plain gradient descent."""
        return torch.optim.SGD(self.parameters(), lr=self.step_size)


def default_study() -> config.TheoryStudy:
    """The study ``theory`` of the default config."""
    return config.load(yaml.safe_load((ROOT / "config.yaml").read_text())).studies["theory"]


def load(study: config.Study):
    """Training data and a function that makes the network of a seed."""
    dataset = multi_view.draw(study.dataset)
    train = dataset.splits["train"]
    n = study.network
    shape = (study.dataset.classes, study.dataset.dim, n.neurons, n.q, n.rho, n.init_std)
    kinds = torch.from_numpy(train.kind == multi_view.MULTI_VIEW)
    x, label = torch.from_numpy(train.x), torch.from_numpy(train.label).long()
    views = torch.from_numpy(dataset.tables["views"]["v"]).float()
    return x, label, torch.stack([kinds, ~kinds]), views, lambda seed: TwoLayerNetwork(*shape, seed=seed)


def plain(x, label, network, step_size: float, steps: int) -> float:
    """Seconds of `steps` steps of plain Lightning."""
    off = dict.fromkeys(("enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False)
    trainer = pl.Trainer(accelerator="cpu", devices=1, max_epochs=steps, logger=False, **off)
    loader = DataLoader([(x, label)], batch_size=None)  # the full batch, not collated anew each step
    begin = time.perf_counter()
    trainer.fit(Plain(network, step_size), loader)
    return time.perf_counter() - begin


def ours(x, label, kinds, views, study: config.Study, seeds, steps: int) -> float:
    """Seconds of `steps` steps of our training, for every one of `seeds`."""
    settings = study.training.model_copy(update={"max_steps": steps})
    begin = time.perf_counter()
    full_batch.train(seeds, x, label, kinds, views, study.dataset.classes, study.network, settings, CPU)
    return time.perf_counter() - begin


def limit(x, network, block: int, steps: int) -> float:
    """Seconds of the two matrix products of `steps` steps, with matrices as they lie in ours."""
    weight = network.weight.detach()
    gradient, parts = torch.zeros_like(weight), x.split(block or len(x))
    rows = [part.transpose(0, 1).flatten(0, 1) for part in parts]
    columns = [part.T.contiguous() for part in rows]
    work = torch.empty(len(weight) * len(rows[0]))
    begin = time.perf_counter()
    for _ in range(steps):
        for part, turned in zip(rows, columns, strict=True):
            matrix = work[: len(weight) * len(part)].view(len(weight), len(part))
            torch.mm(weight, turned, out=matrix)
            gradient.addmm_(matrix, part)
    return time.perf_counter() - begin


def in_process(what: str, seeds: list[int], steps: int) -> tuple[float, float]:
    """Seconds and peak MB of a fresh process that trains `seeds`."""
    command = [sys.executable, __file__, "--child", what, "--seeds", *map(str, seeds), "--steps", str(steps)]
    begin = time.perf_counter()
    out = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ)
    return time.perf_counter() - begin, float(out.stdout.split()[-1])


def child(what: str, seeds: list[int], steps: int, study: config.Study) -> None:
    """Train, then print the peak memory of this process in MB."""
    x, label, kinds, views, make = load(study)
    if what == "plain":
        for seed in seeds:
            plain(x, label, make(seed), study.training.step_size, steps)
    else:
        ours(x, label, kinds, views, study, seeds, steps)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main() -> None:
    """Measure and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--steps", type=int, default=30, help="steps of a repetition, above those that are all recorded"
    )
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4], help="the chunk")
    parser.add_argument("--child", choices=["plain", "ours"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name in ("pytorch_lightning", "pytorch_lightning.utilities.rank_zero", "multiview"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    study = default_study()
    if options.child:
        child(options.child, options.seeds, options.steps, study)
        return

    x, label, kinds, views, make = load(study)
    d, settings = study.dataset, study.training
    sizes = f"N={len(x)}, P={d.patches}, d={d.dim}, {d.classes * study.network.neurons} neurons"
    print(f"{sizes}, one thread, {options.repetitions} repetitions of {2 * options.steps} steps")
    ways = {
        "plain": lambda steps: plain(x, label, make(0), settings.step_size, steps),
        "ours": lambda steps: ours(x, label, kinds, views, study, [0], steps),
        "limit": lambda steps: limit(x, make(0), study.machine.block_samples, steps),
    }
    # The difference of two lengths: what it costs to set a trainer up is not a step.
    rounds = [
        [(seconds(3 * options.steps) - seconds(options.steps)) / (2 * options.steps) for seconds in ways.values()]
        for _ in range(options.repetitions)
    ]
    step = dict(zip(ways, 1000 * np.median(rounds, axis=0), strict=True))
    for name, ms in step.items():
        print(f"  {name:<6} {ms:7.1f} ms a step")
    print(f"step: plain / ours = {step['plain'] / step['ours']:.2f}")
    print(f"step: limit / ours = {step['limit'] / step['ours']:.2f} (1 is nothing but the matrix products)")

    steps = 10 * options.steps
    seconds, memory = in_process("ours", options.seeds, steps)
    alone = [in_process("plain", [seed], steps) for seed in options.seeds]
    print(f"chunk of {len(options.seeds)} seeds, {steps} steps, start-up included:")
    print(f"chunk: plain (a process a seed) / ours = {sum(s for s, _ in alone) / seconds:.2f}")
    print(f"memory: plain / ours = {max(m for _, m in alone) / memory:.2f} ({memory:.0f} MB ours)")


if __name__ == "__main__":
    main()
