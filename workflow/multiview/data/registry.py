"""The datasets, one file each: the section of one in the config names the module that draws it.

A layer of a trained network is a dataset too, but made of artifacts: see `multiview.data.layer`.
"""

from importlib import import_module
from typing import Annotated

from pydantic import Field, TypeAdapter

from multiview import config
from multiview.data.base import Dataset

Drawn = config.Dataset | config.Images | config.Paired | config.Gaussian


def draw(text: str) -> tuple[Dataset, Drawn]:
    """Draw the dataset that a section of the config describes, given as `config.canonical` writes it.

    Raises:
        DataError: if images are missing or not what they should be.
    """
    settings = TypeAdapter(Annotated[Drawn, Field(discriminator="kind")]).validate_json(text)
    # By name: most jobs draw nothing, and the digest of the code has the one in use (`multiview.store.code`).
    return import_module(f"multiview.data.{settings.module}").draw(settings), settings
