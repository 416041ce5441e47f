"""The config: its models, and errors that name the key.

`load` turns the plain dictionary that Snakemake has read (config.yaml, then every ``--configfile``, then
``--config``) into a `Config`; nothing else in the project sees the dictionary.
"""

from multiview.config.images import (
    CNN,
    HUB,
    VGG,
    Augmentation,
    Grid,
    ImageDistillation,
    ImageNetwork,
    Images,
    ImageTraining,
    Joint,
    WideResNet,
)
from multiview.config.loading import ConfigError, load
from multiview.config.models import Config, Point, Sweep
from multiview.config.sections import (
    Ensembles,
    Evaluation,
    Figures,
    Hinton,
    Objective,
    Section,
    Truncated,
    canonical,
)
from multiview.config.studies import JOINT, SINGLE, ImageStudy, Students, Study, TheoryStudy
from multiview.config.theory import Dataset, Distillation, Network, Strengths, Training

__all__ = [
    "CNN",
    "HUB",
    "JOINT",
    "SINGLE",
    "VGG",
    "Augmentation",
    "Config",
    "ConfigError",
    "Dataset",
    "Distillation",
    "Ensembles",
    "Evaluation",
    "Figures",
    "Grid",
    "Hinton",
    "ImageDistillation",
    "ImageNetwork",
    "ImageStudy",
    "ImageTraining",
    "Images",
    "Joint",
    "Network",
    "Objective",
    "Point",
    "Section",
    "Strengths",
    "Students",
    "Study",
    "Sweep",
    "TheoryStudy",
    "Training",
    "Truncated",
    "WideResNet",
    "canonical",
    "load",
]
