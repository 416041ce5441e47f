"""Logits, the whole interface of a predictor: as columns of an artifact, and read back from several."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from multiview import artifacts
from multiview.datasets.base import split_index


def logits_table(predictor: str, members: Sequence[int], logits: Mapping[str, np.ndarray]) -> dict:
    """Columns of ``logits``, for `logits` ``[members, n, k]`` of every split."""
    index = split_index({name: values.shape[1] for name, values in logits.items()})
    n = len(index["sample"])
    stacked = np.concatenate(list(logits.values()), axis=1)
    return {
        "predictor": np.full(n * len(members), predictor),
        "member": np.repeat(members, n),
        "split": np.tile(index["split"], len(members)),
        "sample": np.tile(index["sample"], len(members)),
        "logits": stacked.reshape(-1, stacked.shape[-1]),
    }


def read_logits(
    paths: Sequence[str | Path], dataset: str, splits: np.ndarray
) -> tuple[list[int], dict[str, np.ndarray]]:
    """Read the logits of the members in several files.

    Args:
        paths: artifacts of kind ``logits``.
        dataset: the digest of the dataset that they must be about.
        splits: the split of every sample of that dataset, in its order.

    Returns:
        The members in ascending order, and for each split float32 ``[members, n, k]`` in that order.

    Raises:
        ArtifactError: if a file is about another dataset, or its rows are not its samples in their order.
    """
    found: dict[int, np.ndarray] = {}
    for path in paths:
        file = artifacts.read(path, "logits", expect={"dataset": dataset})
        values, members = file.numpy("logits"), file.numpy("member")
        names = file.numpy("split")
        for member in dict.fromkeys(members.tolist()):
            rows = np.flatnonzero(members == member)
            if not np.array_equal(names[rows], splits):
                raise artifacts.ArtifactError(
                    f"{path}: expected the {len(splits)} samples of the dataset in their order for member "
                    f"{member}, found {len(rows)} rows in another order or number"
                )
            found[member] = values[rows]
    order = sorted(found)
    widths = {found[member].shape[1] for member in order}
    if len(widths) > 1:
        raise artifacts.ArtifactError(f"{paths[0]} and others: expected one number of classes, found {widths}")
    stacked = np.stack([found[member] for member in order])
    return order, {name: stacked[:, splits == name] for name in dict.fromkeys(splits.tolist())}
