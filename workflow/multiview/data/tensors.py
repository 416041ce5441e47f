"""Tensors of images, augmented copies and trained networks, read from their artifacts; without Lightning."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from multiview import config
from multiview.data import base
from multiview.data.augmentation import Copies
from multiview.networks.registry import Standardised, build
from multiview.store import artifacts, torch_files


@dataclass(frozen=True)
class Data:
    """Images as training needs them.

    Attributes:
        images: for each split ``[n, channels, h, w]``, bytes or float32.
        labels: for each split int64 ``[n]``.
        about: the provenance of the artifact ``samples``.
    """

    images: Mapping[str, Tensor]
    labels: Mapping[str, Tensor]
    about: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """Of the dataset."""
        return self.about["dataset"]


def read(samples: str, images: str) -> Data:
    """Read a dataset; arguments and errors are those of `base.read`."""
    splits, about = base.read(samples, images)
    return Data(
        {name: torch.from_numpy(np.array(split.x)) for name, split in splits.items()},
        {name: torch.from_numpy(split.label.astype(np.int64)) for name, split in splits.items()},
        about,
    )


def draw_copies(data: Data, augmentation: config.Augmentation, number: int | Literal["all"]) -> Copies:
    """The augmented copies of the training images of a study, the same for all its teachers and students.

    There are `number` of each image; ``all``: every augmentation there is. The seed of the data draws them.
    """
    if number == "all":
        return Copies.all(augmentation, len(data.labels["train"]))
    rng = np.random.default_rng([data.about["config"]["seed"], number])
    return Copies.draw(augmentation, number, len(data.labels["train"]), rng)


def read_networks(paths: Sequence[str], seeds: Collection[int], dataset: str) -> dict[int, dict[str, Tensor]]:
    """The states of trained networks of some seeds; no code is unpickled.

    Raises:
        ArtifactError: if a file is damaged, or of another dataset.
    """
    networks = {}
    for path in paths:
        try:
            file = torch_files.load(path)
            trained_on, states = file["dataset"], file["states"]
        except (torch_files.DamagedFile, KeyError, TypeError) as error:
            raise artifacts.ArtifactError(
                f"{path}: expected trained networks, found a file that cannot be read ({type(error).__name__}). "
                "Delete it and run again"
            ) from error
        if trained_on != dataset:
            raise artifacts.ArtifactError(
                f"{path}: expected networks of dataset {dataset}, found those of {trained_on}"
            )
        networks |= {seed: states[seed] for seed in set(states) & set(seeds)}
    return networks


def trained(
    paths: Sequence[str], seeds: Collection[int], data: Data, network: config.ImageNetwork
) -> dict[int, Standardised]:
    """The networks that `read_networks` gives the states of, by ascending seed, in training mode.

    Raises: as `read_networks`.
    """
    networks = {}
    for seed, state in sorted(read_networks(paths, seeds, data.digest).items()):
        networks[seed] = build(network, data.images["train"], data.about["classes"], seed)
        networks[seed].load_state_dict(state)
    return networks
