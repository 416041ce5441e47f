"""The class `Dataset`: what every dataset is to the rest of the project, and how it is kept as artifacts."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from multiview.store import artifacts

MULTI_VIEW, SINGLE_VIEW = "multi-view", "single-view"
"""Kinds of samples (Section 2)."""
TEST_MULTI, TEST_SINGLE = "test_multi", "test_single"
ALONE = ("test_view_1", "test_view_2")
"""Splits of pictures in which one view is seen alone: where the other one would be there is nothing."""


@dataclass(frozen=True)
class Split:
    """A named part of a dataset.

    Attributes:
        x: ``[n, *shape]``, the inputs: float32, or uint8 images ``[n, channels, height, width]``.
        label: int16 ``[n]``, the classes.
        kind: ``[n]`` strings, the kind of every sample, over which errors are stratified.
        strong_view: int8 ``[n]``, 1 or 2 for a single-view sample, 0 for any other.
    """

    x: np.ndarray
    label: np.ndarray
    kind: np.ndarray
    strong_view: np.ndarray


@dataclass(frozen=True)
class Dataset:
    """Splits by name, and tables of what is known about their content (kind of artifact -> columns)."""

    classes: int
    splits: Mapping[str, Split]
    tables: Mapping[str, Mapping[str, Any]]

    @functools.cached_property
    def digest(self) -> str:
        """Changes with any value of any sample, with their order and with the splits."""
        arrays = [np.frombuffer(" ".join(self.splits).encode(), np.uint8)]
        for split in self.splits.values():
            arrays += [split.x, split.label]
        return artifacts.data_digest(*arrays)

    @property
    def index(self) -> dict[str, np.ndarray]:
        """Columns ``split`` and ``sample`` of all samples, in their order."""
        return split_index({name: len(split.label) for name, split in self.splits.items()})


def write(folder: str | Path, dataset: Dataset, provenance: Mapping[str, Any], inputs: bool = True) -> None:
    """Write a dataset: ``samples``, ``inputs`` (or ``images``) and each of its own tables, one Parquet file each.

    The provenance of each has the dataset's digest, to which logits refer, and the shape of an input, besides what
    is given. Without `inputs` these are left out, of a dataset that is drawn again faster than it is read.
    """
    folder = Path(folder)
    first = next(iter(dataset.splits.values()))
    record = {"dataset": dataset.digest, "shape": list(first.x.shape[1:]), "classes": dataset.classes}
    record = dict(provenance) | record
    index = dataset.index
    joined = {
        field: np.concatenate([getattr(split, field) for split in dataset.splits.values()])
        for field in ("label", "kind", "strong_view")
    }
    artifacts.write(folder / "samples.parquet", "samples", index | joined, record)
    if inputs:
        x = np.concatenate([split.x.reshape(len(split.x), -1) for split in dataset.splits.values()])
        name = "images" if x.dtype == np.uint8 else "inputs"
        artifacts.write(folder / f"{name}.parquet", name, index | {"x": x}, record)
    for kind, columns in dataset.tables.items():
        artifacts.write(folder / f"{kind}.parquet", kind, columns, record)


def read(samples: str | Path, inputs: str | Path) -> tuple[dict[str, Split], dict[str, Any]]:
    """Read the splits of a dataset, and their provenance.

    The artifact with the `inputs` is called after its kind, ``inputs`` or ``images``.

    Raises:
        ArtifactError: if either is damaged, or they are of two datasets.
    """
    about = artifacts.read(samples, "samples")
    data = artifacts.read(inputs, Path(inputs).stem, expect={"dataset": about.provenance["dataset"]})
    shape = about.provenance["shape"]
    x, names = data.numpy("x"), about.numpy("split")
    splits = {}
    for name in dict.fromkeys(names):
        rows = np.flatnonzero(names == name)
        part = slice(rows[0], rows[-1] + 1)  # a split's rows are contiguous: a view, not a copy
        fields = [about.numpy(field)[part] for field in ("label", "kind", "strong_view")]
        splits[name] = Split(x[part].reshape(-1, *shape), *fields)
    return splits, about.provenance


def split_index(lengths: Mapping[str, int]) -> dict[str, np.ndarray]:
    """Columns ``split`` and ``sample`` for splits of the given lengths, one after the other."""
    return {
        "split": np.repeat(list(lengths), list(lengths.values())),
        "sample": np.concatenate([np.arange(n) for n in lengths.values()]),
    }
