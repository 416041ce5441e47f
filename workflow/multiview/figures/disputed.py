"""The test images that single networks disagree on most: what seeds see differently."""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from multiview import config
from multiview.data import base
from multiview.figures import registry, style
from multiview.predictors.logits import read_logits

ROWS, COLUMNS = 3, 8


def shown(label: np.ndarray, logits: np.ndarray) -> pd.DataFrame:
    """The test images on which the share of seeds that are right is closest to a half, a row an image.

    Args:
        label: ``[n]``.
        logits: ``[seeds, n, k]``.

    Returns:
        Columns ``sample`` (its place in the test split), ``label``, ``seeds_right``, ``seeds``, ``ensemble_says``.
    """
    right = (logits.argmax(axis=2) == label).sum(axis=0)
    together = logits.mean(axis=0).argmax(axis=1)
    order = np.argsort(np.abs(right / len(logits) - 0.5), kind="stable")[: ROWS * COLUMNS]
    return pd.DataFrame(
        {
            "sample": order,
            "label": label[order],
            "seeds_right": right[order],
            "seeds": len(logits),
            "ensemble_says": together[order],
        }
    )


def make(
    sources: registry.Sources, about: Mapping[str, Any], settings: config.Figures
) -> tuple[plt.Figure, pd.DataFrame]:
    """See `multiview.figures.registry.make`."""
    splits, provenance = base.read(*sources.files["samples"], *sources.files["images"])
    names = sources.one("samples").numpy("split")
    dataset, classes = provenance["dataset"], provenance["classes"]
    single = read_logits(sources.files["single_logits"], dataset, names, classes)["single"]
    table = shown(splits["test"].label, single.logits["test"])
    return draw(splits["test"].x, table, settings), table


def draw(images: np.ndarray, table: pd.DataFrame, settings: config.Figures) -> plt.Figure:
    """Draw images with their label, how many seeds are right, and what the ensemble of all says.

    Args:
        images: uint8 ``[n, channels, h, w]``, test images.
        table: what `shown` gives.
        settings: the figures section of the config.
    """
    style.apply(settings)
    figure, axes = plt.subplots(ROWS, COLUMNS, figsize=(style.PAGE, 4.1))
    for axis in axes.flat:
        axis.set_axis_off()
    for axis, row in zip(axes.flat, table.itertuples(), strict=False):
        axis.imshow(images[row.sample].transpose(1, 2, 0).squeeze(), cmap="gray_r", interpolation="nearest")
        outcome = "right" if row.ensemble_says == row.label else f"says {row.ensemble_says}"
        axis.set_title(
            f"class {row.label}: {row.seeds_right}/{row.seeds}\nensemble {outcome}",
            fontsize=settings.font_size - 1.5,
        )
    figure.suptitle("class: seeds that are right, and what their ensemble says", fontsize=settings.font_size)
    return figure
