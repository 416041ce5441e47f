"""What studies on images cost: floating-point operations, GPU hours at a sustained rate, and disk.

    python bench/cost.py workflow/presets/paper.yaml --teraflops 100

Operations are counted by PyTorch on a network without data, forward and backward; hours are these divided by the
rate that the user's GPU sustains (as a rule a third of its peak), not measured.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path

import torch
import yaml
from snakemake.utils import update_config
from torch.utils.flop_counter import FlopCounterMode

from multiview import config
from multiview.networks.registry import bare
from multiview.runtime.resources import FLOAT, classes_of, images_of


def flops_of_a_step(study: config.ImageStudy, shape: tuple[int, int, int], k: int) -> tuple[float, int]:
    """Operations of forward and backward for one image, and the number of parameters."""
    with torch.device("meta"):
        network = bare(study.network, shape, k)
        images = torch.empty(2, *shape)
    counter = FlopCounterMode(display=False)
    with counter:
        network(images).sum().backward()
    return counter.get_total_flops() / 2, sum(p.numel() for p in network.parameters())


def cost(study: config.ImageStudy, studies: Mapping[str, config.ImageStudy]) -> dict[str, float]:
    """Jobs, networks trained, operations and bytes of a study."""
    (shape, images, _), k = images_of(study, studies), classes_of(study)
    per_image, parameters = flops_of_a_step(study, shape, k)
    kept, epochs, jobs = study.seeds, study.seeds * study.training.epochs, len(study.chunks_of("single"))
    for name, one in study.students.items():
        kept += one.students
        trials = study.trials(name)
        once = len({seed for *_, seed in trials})  # the trials with what is chosen are these very students
        epochs += (one.students + len(trials) - once) * one.training.epochs
        jobs += len(study.chunks_of(name)) + len(study.trial_chunks(name))
    if study.joint is not None:
        number = study.joint.networks * study.joint.runs
        kept += number
        epochs += number * study.joint.training.epochs
        jobs += len(study.chunks_of(config.JOINT))
    networks = epochs / study.training.epochs
    copies = study.seeds * study.labelled_copies * images * k
    return {
        "jobs": jobs,
        "networks": networks,
        "parameters": parameters,
        "flops": per_image * images * epochs,
        "bytes": FLOAT * (parameters * (kept + networks) + copies),
    }


def main() -> None:
    """Print the cost of every study on images in the default config with a preset laid over it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("preset", type=Path)
    parser.add_argument("--teraflops", type=float, default=100, help="that the GPU sustains")
    arguments = parser.parse_args()
    raw = yaml.safe_load((Path(__file__).parents[1] / "config.yaml").read_text())
    own = yaml.safe_load(arguments.preset.read_text())
    update_config(raw, own)
    studies = config.load(raw).images
    print("study        training jobs  networks  parameters     EFLOP  GPU hours    GB")
    for name in (name for name in studies if name in own["studies"]):
        one = cost(studies[name], studies)
        hours = one["flops"] / (arguments.teraflops * 1e12) / 3600
        print(
            f"{name:<12} {one['jobs']:13d} {one['networks']:9.0f} {one['parameters'] / 1e6:9.1f} M "
            f"{one['flops'] / 1e18:9.2g} {hours:10.1f} {one['bytes'] / 1e9:5.0f}"
        )


if __name__ == "__main__":
    main()
