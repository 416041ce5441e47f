"""What the tests share: the default config, and a study small enough to run in seconds."""

import copy
from pathlib import Path

import pytest
import torch
import yaml

from multiview import config

torch.set_num_threads(1)  # the networks are small, and CI's cores are busy

ROOT = Path(__file__).parent.parent

TINY = {
    "seeds": 4,
    "machine": {"seeds_per_job": 2},
    "studies": {
        "theory": {
            "dataset": {
                "classes": 4,
                "dim": 64,
                "patches": 8,
                "s": 1.5,
                "train_samples": 120,
                "mu": 0.025,
                "test_multi_samples": 300,
                "test_single_samples": 300,
            },
            "ensembles": {"sizes": [1, 2, 4]},
            "training": {"loss_threshold": 0.02},
            "joint": None,
            "distillation": {"training": {"max_steps": 20}},
            "students": {
                # The latter two of four seeds teach the former two.
                "distilled": {"teachers": 2, "students": 2},
                "self_distilled": {"teachers": 1, "students": 2, "objective": {"kind": "truncated"}},
            },
        }
    },
    "evaluation": {"bootstrap": 200},
    "figures": {"dpi": 60},
}
"""Laid over the default config's study `theory`, which is then the only one."""


def merge(base, over):
    """Lay one config over another the way Snakemake does: mappings are merged, the rest is replaced."""
    if isinstance(base, dict) and isinstance(over, dict):
        return base | {k: merge(base[k], v) if k in base else v for k, v in over.items()}
    return over


def make_tiny(raw, **changes):
    """The default config made tiny: one study, in which there are students too."""
    theory = raw["studies"]["theory"] | {"students": {}}
    raw = raw | {"studies": {"theory": theory}, "families": {}, "comparisons": {}}
    return merge(merge(raw, copy.deepcopy(TINY)), changes)


@pytest.fixture
def default():
    """The raw default config."""
    return yaml.safe_load((ROOT / "config.yaml").read_text())


@pytest.fixture
def tiny(default):
    """The raw config of the tiny study."""
    return make_tiny(default)


@pytest.fixture
def study(tiny):
    """The tiny study, checked."""
    return config.load(tiny).studies["theory"]
