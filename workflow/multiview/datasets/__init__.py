"""The datasets, one file each. `DATASETS` maps a config's ``dataset.kind`` to its section and to what draws it.

A layer of a trained network is a dataset too, but made of artifacts: see `multiview.layers`.
"""

import json

from multiview import config
from multiview.config.studies import THEORY_KINDS
from multiview.datasets import gaussian, images, multiview
from multiview.datasets.base import Dataset

DATASETS = dict.fromkeys(THEORY_KINDS, (config.Dataset, multiview.draw))
DATASETS |= dict.fromkeys(config.PHOTO_KINDS, (config.Images, images.draw))
DATASETS["gaussian"] = (config.Gaussian, gaussian.draw)


def draw(text: str) -> tuple[Dataset, config.Section]:
    """Draw the dataset that a section of the config describes, given as `config.canonical` writes it."""
    section, function = DATASETS[json.loads(text)["kind"]]
    settings = section.model_validate_json(text)
    return function(settings), settings
