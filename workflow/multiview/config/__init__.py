"""The config: its models, and errors that name the key.

`load` turns the plain dictionary that Snakemake has read (config.yaml, then every ``--configfile``, then
``--config``) into a `Config`; nothing else in the project sees the dictionary.
"""

from multiview.config.loading import ConfigError, load
from multiview.config.models import (
    Config,
    Dataset,
    Distillation,
    Ensembles,
    Evaluation,
    Figures,
    Hinton,
    Network,
    Objective,
    Point,
    Section,
    Strengths,
    Students,
    Study,
    Sweep,
    Training,
    Truncated,
    canonical,
)

__all__ = [
    "Config",
    "ConfigError",
    "Dataset",
    "Distillation",
    "Ensembles",
    "Evaluation",
    "Figures",
    "Hinton",
    "Network",
    "Objective",
    "Point",
    "Section",
    "Strengths",
    "Students",
    "Study",
    "Sweep",
    "Training",
    "Truncated",
    "canonical",
    "load",
]
