"""Ensembles: the average of the logits of networks that differ in their seeds alone (Section 2.2)."""

import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np

from multiview import config
from multiview.predictors.logits import Predictor, logits_table

COLUMNS = 4096
"""Logits of a network that are averaged at a time: so many of all networks fit the processor's cache."""


def draw_members(seeds: Sequence[int], size: int, subsets: int, rng: np.random.Generator) -> np.ndarray:
    """Which seeds form ensembles of one size, L: ``[ensembles, size]``, sorted in each row, and no row twice.

    They are all subsets where there are no more than `subsets`, or of one network; else that many different ones,
    drawn uniformly.
    """
    seeds = np.sort(np.asarray(seeds))
    if size == 1 or math.comb(len(seeds), size) <= subsets:
        return np.array(list(itertools.combinations(seeds, size)))
    chosen: dict[tuple[int, ...], None] = {}
    while len(chosen) < subsets:
        chosen[tuple(np.sort(rng.choice(seeds, size, replace=False)).tolist())] = None
    return np.array(list(chosen))


def draw(seeds: Sequence[int], settings: config.Ensembles) -> dict[int, np.ndarray]:
    """The members ``[ensembles, L]`` of all ensembles that are measured, by their size L."""
    # A stream for every size: another list of sizes leaves the ensembles of the others as they were.
    streams = {size: np.random.default_rng([settings.seed, size]) for size in sorted(settings.sizes)}
    return {size: draw_members(seeds, size, settings.subsets, rng) for size, rng in streams.items()}


def members_table(members: Mapping[int, np.ndarray]) -> dict[str, np.ndarray]:
    """Columns of ``members``, for what `draw` gives."""
    columns = {
        "size": [np.full(rows.size, size) for size, rows in members.items()],
        "ensemble": [np.repeat(np.arange(len(rows)), size) for size, rows in members.items()],
        "seed": [rows.ravel() for rows in members.values()],
    }
    return {name: np.concatenate(values) for name, values in columns.items()}


def average(logits: np.ndarray, seeds: Sequence[int], members: np.ndarray) -> np.ndarray:
    """Logits of ensembles ``[ensembles, n, k]``: the mean over their `members`, seeds ``[ensembles, size]``.

    `logits` are ``[seeds, n, k]``, in the order of `seeds`.
    """
    position = {seed: i for i, seed in enumerate(seeds)}
    rows = np.array([[position[seed] for seed in row] for row in members])
    if rows.shape[1] == 1:
        return logits[rows[:, 0]]
    used, place = np.unique(rows, return_inverse=True)
    # All ensembles at once, as a product of matrices.
    weights = np.zeros((len(rows), len(used)))
    np.add.at(weights, (np.arange(len(rows))[:, None], place.reshape(rows.shape)), 1 / rows.shape[1])
    flat = logits.reshape(len(logits), -1)
    means = np.empty((len(rows), flat.shape[1]), np.float32)
    for start in range(0, flat.shape[1], COLUMNS):
        part = slice(start, start + COLUMNS)
        means[:, part] = weights @ flat[:, part][used].astype(np.float64)
    return means.reshape(len(rows), *logits.shape[1:])


def predicted_errors(learned: np.ndarray, sizes: Sequence[int]) -> np.ndarray:
    """The error on ``D_s`` that the views learned by the seeds predict for their ensembles.

    A single-view sample with strong view ``l`` of class ``i`` is taken to be an error of an ensemble if
    none of its members has learned that view. For ``c`` of ``n`` seeds that have, a random subset of
    ``L`` has none of them with probability ``C(n-c, L) / C(n, L)``; the prediction is its mean over the views.
    `learned` is bool ``[seeds, k, 2]``; the result is float64, one for each of the `sizes` L.
    """
    n = len(learned)
    without = n - learned.sum(axis=0).ravel()
    return np.array([np.mean([math.comb(int(w), L) / math.comb(n, L) for w in without]) for L in sizes])


def ensemble_table(single: Predictor) -> dict:
    """Columns of ``logits``, for the ensemble of all members of `single`."""
    seeds = single.members
    together = {split: average(F, seeds, np.array([seeds])) for split, F in single.logits.items()}
    return logits_table("ensemble", [0], together)
