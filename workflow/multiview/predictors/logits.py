"""Logits, the whole interface of a predictor: as columns of an artifact, and read back from several."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from multiview.data.base import split_index
from multiview.store import artifacts

MADE_BY = ("network", "networks", "training", "start", "objective", "teacher", "precision")
"""Entries of the provenance that must be the same in all files of a predictor."""


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


@dataclass(frozen=True)
class Predictor:
    """What a predictor's members say.

    Attributes:
        members: ascending; the seed of a single network or student.
        logits: for each split float32 ``[members, n, k]``, in that order.
    """

    members: list[int]
    logits: Mapping[str, np.ndarray]

    def of(self, members: Sequence[int], split: str) -> np.ndarray:
        """Logits ``[len(members), n, k]`` of some members."""
        position = {member: i for i, member in enumerate(self.members)}
        return self.logits[split][[position[member] for member in members]]


def read_logits(
    paths: Sequence[str | Path], dataset: str, splits: np.ndarray, classes: int
) -> dict[str, Predictor]:
    """The predictors, by name, whose logits are in several artifacts.

    `dataset` is the digest of the dataset that they must be about, `splits` the split of each of its samples, in
    their order.

    Raises:
        ArtifactError: if a file is about another dataset, has another number of classes, or its rows are not
            the dataset's samples in their order; if two files of a predictor were made by other networks, another
            training, other versions of PyTorch or another kind of device, whose average would be of neither.
    """
    lengths = {name: np.sum(splits == name) for name in dict.fromkeys(splits.tolist())}
    index = split_index(lengths)
    ends = np.cumsum(list(lengths.values()))[:-1]
    by_predictor: dict[str, dict[int, np.ndarray]] = {}
    first: dict[str, tuple[Path, dict]] = {}
    for path in paths:
        file = artifacts.read(path, "logits", expect={"dataset": dataset})
        values, members, names = (file.numpy(column) for column in ("logits", "member", "split"))
        sample, predictors = file.numpy("sample"), file.numpy("predictor")
        if values.shape[1] != classes:
            raise artifacts.ArtifactError(f"{path}: expected logits of {classes} classes, found {values.shape[1]}")
        for member in dict.fromkeys(members.tolist()):
            rows = np.flatnonzero(members == member)
            if not np.array_equal(names[rows], splits) or not np.array_equal(sample[rows], index["sample"]):
                raise artifacts.ArtifactError(
                    f"{path}: expected the {len(splits)} samples of the dataset in their order for member "
                    f"{member}, found {len(rows)} rows in another order or number"
                )
            by_predictor.setdefault(predictors[rows[0]], {})[member] = values[rows]
        conditions = {key: file.provenance.get(key) for key in MADE_BY}
        conditions["kind of device"] = "cpu" if file.provenance.get("device", "cpu") == "cpu" else "gpu"
        conditions["version of torch"] = file.versions.get("torch")
        first_path, expected = first.setdefault(predictors[0], (path, conditions))
        for key, value in expected.items():
            if conditions[key] != value:
                raise artifacts.ArtifactError(
                    f"{path}: expected the same {key} as in {first_path}, {value!r}, found {conditions[key]!r}: "
                    "they cannot be averaged. Delete it and run again"
                )
    result = {}
    for name, members in by_predictor.items():
        order = sorted(members)
        parts = np.split(np.stack([members[member] for member in order]), ends, axis=1)
        result[name] = Predictor(order, dict(zip(lengths, parts, strict=True)))
    return result


def copies_table(predictor: str, members: Sequence[int], logits: np.ndarray) -> dict:
    """Columns of ``copies``, for `logits` ``[members, copies, n, k]`` on copies of the training images."""
    _, copies, n, k = logits.shape
    index = artifacts.entries(predictor=[predictor], member=members, copy=range(copies), sample=range(n))
    return index | {"logits": logits.reshape(-1, k)}


def read_copies(paths: Sequence[str | Path], dataset: str, predictor: str) -> dict[int, np.ndarray]:
    """For each member of a predictor what it says of copies of the training images, float32 ``[copies, n, k]``.

    Raises:
        ArtifactError: if a file is about another dataset, or of another predictor.
    """
    by_member = {}
    for path in paths:
        file = artifacts.read(path, "copies", expect={"dataset": dataset, "predictor": predictor})
        logits, member, copy = (file.numpy(column) for column in ("logits", "member", "copy"))
        for network in dict.fromkeys(member.tolist()):
            by_member[network] = logits[member == network].reshape(copy.max() + 1, -1, logits.shape[1])
    return by_member


def training_accuracy(predictors: Mapping[str, Predictor], split: np.ndarray, label: np.ndarray) -> dict:
    """Of every predictor the share of the training set that each of its members has right, ``[members]``.

    `split` and `label` are of every sample of the dataset.
    """
    right = label[split == "train"]
    return {
        name: (predictor.logits["train"].argmax(axis=2) == right).mean(axis=1)
        for name, predictor in predictors.items()
    }


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """``ln softmax(F)`` in nats, float64 ``[..., k]``, of `logits` of that shape."""
    F = logits.astype(np.float64)  # NumPy alone: SciPy takes long to import in a short job
    F -= F.max(axis=-1, keepdims=True)
    F -= np.log(np.exp(F).sum(axis=-1, keepdims=True))
    return F


def negative_log_likelihood(logits: np.ndarray, label: np.ndarray) -> np.ndarray:
    """``-ln softmax(F)_y`` in nats, float64 ``[..., n]``, of `logits` ``[..., n, k]`` and `label` ``[n]``."""
    return -log_softmax(logits)[..., np.arange(len(label)), label]
