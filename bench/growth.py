"""How does the cost of training grow with k, N, d and the number of seeds? Part of `make bench`.

Steps of `multiview.training.chunk` on random patches of the sizes of the default study. One size at a time
takes four values, in one thread. The points take turns, medians are compared; a straight line through their
logarithms gives the slope; 1 is proportional.
"""

import argparse
import time

import numpy as np
import torch
from training import default_study  # beside this file

from multiview import config
from multiview.networks.two_layer import TwoLayerNetwork
from multiview.objectives import HARD_LABELS
from multiview.training import chunk, seed_run

FACTORS = (0.5, 1, 2, 4)


def seconds_of_a_step(sizes: dict[str, int], study: config.TheoryStudy, steps: int) -> float:
    """Of all seeds together, for k, N, d and seeds in `sizes`; P, m, q and training are those of the study."""
    k, n, d, seeds = (sizes[name] for name in ("k", "N", "d", "seeds"))
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(n, study.dataset.patches, d, generator=generator)
    label = torch.arange(n) % k
    law = {"q": study.network.q, "rho": study.network.rho, "init_std": study.network.init_std}
    networks = [TwoLayerNetwork(k, d, study.network.neurons, **law, seed=seed) for seed in range(seeds)]
    settings = study.training.model_copy(update={"max_steps": 10**9, "loss_threshold": 1e-30})
    runs = [seed_run.SeedRun(seed, network, step=100) for seed, network in enumerate(networks)]
    data = {"x": x, "label": label, "kinds": torch.ones(1, n), "views": torch.eye(d)[: 2 * k], "teachers": None}
    block = config.DEFAULT_MACHINE.block_samples
    module = chunk.ChunkTraining(runs, data, settings, HARD_LABELS, None, block)
    module.step()
    begin = time.perf_counter()
    for _ in range(steps):
        module.step()
    return (time.perf_counter() - begin) / steps


def main() -> None:
    """Measure and print the slopes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=3, help="of a repetition")
    parser.add_argument("--repetitions", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    study = default_study()
    base = {"k": study.dataset.classes, "N": study.dataset.train_samples, "d": study.dataset.dim, "seeds": 2}
    print("growth: " + ", ".join(f"{name} = {value}" for name, value in base.items()) + ", one of them varied")
    for name, value in base.items():
        values = [round(factor * value) for factor in FACTORS]
        rounds = [
            [seconds_of_a_step(base | {name: size}, study, options.steps) for size in values]
            for _ in range(options.repetitions)
        ]
        step = np.median(rounds, axis=0)
        slope = float(np.polyfit(np.log(values), np.log(step), 1)[0])
        shown = ", ".join(f"{size}: {1000 * at:.1f} ms" for size, at in zip(values, step, strict=True))
        ten = step[FACTORS.index(1)] * 10**slope
        print(f"growth with {name}: slope {slope:.2f} ({shown}); ten times {name}: {1000 * ten:.0f} ms a step")


if __name__ == "__main__":
    main()
