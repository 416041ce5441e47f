"""The config: its models, and errors that name the key.

`load` turns the plain dictionary that Snakemake has read (config.yaml, then every ``--configfile``, then
``--config``) into a `Config`; nothing else in the project sees the dictionary.
"""

from multiview.config.datasets import CLASSES, HUB, Contrasts, Gaussian, Images, Layer, Paired
from multiview.config.images import (
    CNN,
    MLP,
    VGG,
    Augmentation,
    Features,
    Grid,
    ImageDistillation,
    ImageJoint,
    ImageNetwork,
    ImageTraining,
    OwnNetwork,
    WideResNet,
)
from multiview.config.loading import ConfigError, load, load_with_origins
from multiview.config.models import Comparison, Config, Family, Point, Sweep
from multiview.config.objectives import Hinton, Objective, Truncated
from multiview.config.sections import (
    DEFAULT_MACHINE,
    Ensembles,
    Evaluation,
    Figures,
    Joint,
    Machine,
    Section,
    canonical,
)
from multiview.config.studies import (
    JOINT,
    PHOTO_KINDS,
    SINGLE,
    ImageStudy,
    Students,
    Study,
    TheoryStudy,
    can_be_side_by_side,
)
from multiview.config.theory import Dataset, Distillation, Network, Strengths, TheoryJoint, Training
