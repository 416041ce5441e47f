"""What single networks and their ensemble lose with fewer channels or samples of a layer (Section 5)."""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from multiview import config
from multiview.figures import registry, style


def make(
    sources: registry.Sources, about: Mapping[str, Any], settings: config.Figures
) -> tuple[plt.Figure, pd.DataFrame]:
    """See `multiview.figures.registry.make`."""
    table = sources.pandas("losses")
    return draw(table, settings), table


def draw(losses: pd.DataFrame, settings: config.Figures) -> plt.Figure:
    """Draw errors (left) and losses to the first row (right) with 95 % intervals, a row a study.

    Args:
        losses: the table ``losses``.
        settings: the figures section of the config.
    """
    colours = style.apply(settings)
    rows = list(dict.fromkeys(losses["row"]))
    figure, (left, right) = plt.subplots(1, 2, figsize=(style.PAGE, 0.34 * len(rows) + 1.1), sharey=True)
    for i, (predictor, table) in enumerate(losses.groupby("predictor", sort=False)):
        table = table.set_index("row").loc[rows]
        place = np.arange(len(rows)) + 0.24 * (i - 0.5)
        name = style.label(predictor, int(table["size"].iloc[0]))
        look = {"color": colours[i], "marker": style.MARKERS[i], "linestyle": "", "capsize": 2, "label": name}
        for axis, names in ((left, ("error", "low", "high")), (right, ("loss", "loss_low", "loss_high"))):
            mean, low, high = (100 * table[column].to_numpy() for column in names)
            shown = slice(1 if axis is right else 0, None)
            error = np.maximum([mean - low, high - mean], 0)
            axis.errorbar(mean[shown], place[shown], xerr=error[:, shown], markersize=4, linewidth=1, **look)
    right.axvline(0, color="0.3", linewidth=0.8, linestyle=":")
    left.set(xlabel="test error [%]", xlim=(0, None), ylim=(len(rows) - 0.5, -0.5))
    right.set_xlabel("loss of accuracy to the first row [points]")
    left.set_yticks(range(len(rows)), [row.replace("_", " ") for row in rows])
    for axis in (left, right):
        axis.grid(axis="y", color="0.92", linewidth=0.6)
    figure.legend(*left.get_legend_handles_labels(), loc="outside upper center", ncol=2)
    return figure
