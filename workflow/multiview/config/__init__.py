"""The config: a module of sections for each room of the package, and errors that name the key.

`load` turns the plain dictionary that Snakemake has read (config.yaml, then every ``--configfile``, then
``--config``) into a `Config`; nothing else in the project sees the dictionary.
"""

from multiview.config.base import canonical
from multiview.config.datasets import (
    CLASSES,
    HUB,
    PHOTO_KINDS,
    Contrasts,
    Dataset,
    Gaussian,
    Images,
    Layer,
    Paired,
)
from multiview.config.distillation import Distillation, ImageDistillation
from multiview.config.evaluation import Ensembles, Evaluation
from multiview.config.figures import Features, Figures
from multiview.config.loading import ConfigError, load
from multiview.config.machine import DEFAULT_MACHINE, Machine
from multiview.config.networks import CNN, MLP, VGG, ImageNetwork, Network, OwnNetwork, WideResNet
from multiview.config.objectives import Hinton, Objective
from multiview.config.studies import JOINT, SINGLE, ImageStudy, Study, TheoryStudy, can_be_side_by_side
from multiview.config.top_level import Comparison, Config, Sweep
from multiview.config.training import Augmentation, ImageTraining, Training
