"""What the ensemble gains on data without views, beside what it gains where there are some (Section 5)."""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from multiview import config
from multiview.figures import registry, style

BESIDE = "beside"
"""The row in which studies are that are no cells of the family."""


def make(
    sources: registry.Sources, about: Mapping[str, Any], settings: config.Figures
) -> tuple[plt.Figure, pd.DataFrame]:
    """See `multiview.figures.registry.make`."""
    table = sources.pandas("gains")
    return draw(table, settings), table


def draw(gains: pd.DataFrame, settings: config.Figures) -> plt.Figure:
    """Draw the gain of the ensemble over single networks, a cell a study, and the other studies on the same scale.

    Args:
        gains: the table ``gains``.
        settings: the figures section of the config.
    """
    style.apply(settings)
    own, beside = gains[gains["row"] != BESIDE], gains[gains["row"] == BESIDE]
    rows, columns = list(dict.fromkeys(own["row"])), list(dict.fromkeys(own["column"]))
    table = own.set_index(["row", "column"])
    top = 100 * max(gains["gain"].max(), 0.01)
    others = len(beside)
    figure, axes = plt.subplots(
        1,
        2 if others else 1,
        figsize=(style.PAGE, 0.42 * max(len(rows), others) + 1.3),
        gridspec_kw={"width_ratios": [len(columns), 1.2]} if others else None,
        squeeze=False,
    )
    left = axes[0, 0]
    values = np.array([[100 * table.loc[(r, c), "gain"] for c in columns] for r in rows])
    look = {"cmap": "cividis", "vmin": min(0.0, values.min()), "vmax": top, "aspect": "auto"}
    image = left.imshow(values, **look)
    for i, r in enumerate(rows):
        for j, c in enumerate(columns):
            _write(left, j, i, table.loc[(r, c)], top, settings)
    left.set_xticks(range(len(columns)), [_words(c) for c in columns])
    left.set_yticks(range(len(rows)), [_words(r) for r in rows])
    left.set(xlabel="network", ylabel="inputs and target")
    if others:
        right = axes[0, 1]
        right.imshow(100 * beside["gain"].to_numpy()[:, None], **look)
        for i, (_, row) in enumerate(beside.iterrows()):
            _write(right, 0, i, row, top, settings)
        right.set_xticks([])
        right.set_yticks(range(others), [_words(name) for name in beside["column"]])
        right.set_title("studies with views", fontsize=settings.font_size)
    for axis in axes.flat:
        axis.tick_params(length=0)
        axis.spines[:].set_visible(False)
    figure.colorbar(image, ax=axes, label="gain of the ensemble over\nsingle networks [points]")
    return figure


def _write(axis: plt.Axes, x: int, y: int, row: pd.Series, top: float, settings: config.Figures) -> None:
    gain, low, high = (100 * row[name] for name in ("gain", "low", "high"))
    text = f"{gain:+z.1f}\n[{low:z.1f}, {high:z.1f}]"  # z: no minus before a rounded zero
    colour = "black" if gain > 0.6 * top else "white"
    axis.text(x, y, text, color=colour, fontsize=settings.font_size - 1.5, **style.IN_A_CELL)


def _words(name: str) -> str:
    return name.replace("_", " ")
