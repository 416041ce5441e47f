"""Gaussian-like data: inputs without views, labelled by a random network (Section 5 of the paper).

The paper says that on such data an ensemble gains nothing, however much its members differ.
"""

from collections.abc import Callable

import numpy as np

from multiview import config as settings
from multiview.data.base import Dataset, Split

KIND = "gaussian"
"""The kind of every sample: there are no strata."""

SPLITS = ("train", "validation", "test")
PILOT = 20_000
"""Samples from which the mean and the deviation of the target's outputs are taken."""

BATCH = 8192
"""Samples drawn at a time until enough are accepted."""

PATIENCE = 1000
"""Batches in a row without a sample that has the margin, after which it is too large."""


def draw(config: settings.Gaussian) -> Dataset:
    """Draw the splits ``train``, ``validation`` and ``test`` of one distribution and one target.

    The distribution, the target and each split have random streams of their own.

    Raises:
        ValueError: if the margin leaves no samples.
    """
    streams = [np.random.default_rng(seed) for seed in np.random.SeedSequence(config.seed).spawn(3 + len(SPLITS))]
    inputs = sampler(config, streams[0])
    outputs = target(config, streams[1])
    pilot = outputs(inputs(PILOT, streams[2]))
    mean, deviation = pilot.mean(axis=0), pilot.std(axis=0)
    splits = {}
    for name, rng in zip(SPLITS, streams[3:], strict=True):
        n, x, label = getattr(config, f"{name}_samples"), [], []
        missing, empty = n, 0
        while missing > 0:
            drawn = inputs(BATCH, rng)
            F = (outputs(drawn) - mean) / deviation
            top = np.sort(F, axis=1)[:, -2:]
            accepted = np.flatnonzero(top[:, 1] - top[:, 0] >= config.margin)[:missing]
            x.append(drawn[accepted])
            label.append(F[accepted].argmax(axis=1))
            missing -= len(accepted)
            empty = 0 if len(accepted) else empty + 1
            if empty == PATIENCE:
                raise ValueError(
                    f"dataset.margin is {config.margin}, but none of {PATIENCE * BATCH} samples has it: lower it"
                )
        x, label = np.concatenate(x).astype(np.float32), np.concatenate(label).astype(np.int16)
        splits[name] = Split(x, label, np.full(n, KIND), np.zeros(n, np.int8))
    return Dataset(config.classes, splits, {})


def sampler(
    config: settings.Gaussian, rng: np.random.Generator
) -> Callable[[int, np.random.Generator], np.ndarray]:
    """What draws n inputs ``[n, *shape]``: of N(0, I), or of a mixture whose means `rng` draws."""
    shape = tuple(config.shape)
    if config.inputs == "normal":
        return lambda n, rng: rng.standard_normal((n, *shape))
    means = config.spread * rng.standard_normal((config.components, *shape))
    return lambda n, rng: means[rng.integers(config.components, size=n)] + rng.standard_normal((n, *shape))


def target(config: settings.Gaussian, rng: np.random.Generator) -> Callable[[np.ndarray], np.ndarray]:
    """A random network that labels: inputs ``[n, *shape]`` to outputs ``[n, k]``; its weights are Gaussian."""
    channels, height, width = config.shape
    k, m = config.classes, config.target_width
    if config.target == "linear":
        weight = rng.standard_normal((channels * height * width, k))
        return lambda x: x.reshape(len(x), -1) @ weight
    if config.target == "mlp":
        first = rng.standard_normal((channels * height * width, m))
        second = rng.standard_normal((m, k))
        return lambda x: np.maximum(x.reshape(len(x), -1) @ first, 0) @ second
    filters = rng.standard_normal((channels * 9, m))
    second = rng.standard_normal((height * width * m, k))

    def outputs(x: np.ndarray) -> np.ndarray:
        padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
        patches = windows.transpose(0, 2, 3, 1, 4, 5).reshape(len(x), height * width, -1)
        return np.maximum(patches @ filters, 0).reshape(len(x), -1) @ second

    return outputs
