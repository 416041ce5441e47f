"""The datasets, one file each. `DATASETS` maps ``dataset.kind`` to its section and to the module that draws it.

A layer of a trained network is a dataset too, but made of artifacts: see `multiview.data.layer`.
"""

import json
from importlib import import_module

from multiview import config
from multiview.config.studies import THEORY_KINDS
from multiview.data.base import Dataset

# Names, not the modules themselves: most jobs draw nothing, and need not import what draws.
DATASETS = dict.fromkeys(THEORY_KINDS, (config.Dataset, "multi_view"))
DATASETS |= dict.fromkeys(config.PHOTO_KINDS, (config.Images, "photos"))
DATASETS["gaussian"] = (config.Gaussian, "gaussian")


def draw(text: str) -> tuple[Dataset, config.Section]:
    """Draw the dataset that a section of the config describes, given as `config.canonical` writes it.

    Raises:
        DataError: if images are missing or not what they should be.
    """
    section, module = DATASETS[json.loads(text)["kind"]]
    settings = section.model_validate_json(text)
    return import_module(f"multiview.data.{module}").draw(settings), settings
