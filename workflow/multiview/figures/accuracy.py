"""Test accuracy, its gain over single networks, and calibration of every predictor of a study on images."""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd

from multiview import config
from multiview.figures import registry, style

PANELS = {
    "accuracy": ("test accuracy [%]", 100),
    "gain": ("gain over single [points]", 100),
    "nll": ("NLL [nats]", 1),
    "ece": ("calibration error [%]", 100),
}
"""For each quantity the label of its axis and the factor that turns it into that unit."""


def make(
    sources: registry.Sources, about: Mapping[str, Any], settings: config.Figures
) -> tuple[plt.Figure, pd.DataFrame]:
    """See `multiview.figures.registry.make`."""
    table = sources.one("scores")
    shown = table.pandas()
    return draw(shown, table.provenance["config"]["students"], settings), shown


def draw(scores: pd.DataFrame, roles: Mapping[str, Mapping], settings: config.Figures) -> plt.Figure:
    """Draw a panel a quantity and a row a predictor, with 95 % intervals.

    Args:
        scores: the table ``scores``.
        roles: of the students, as `multiview.config.Study.roles` gives them.
        settings: the figures section of the config.
    """
    colours = style.apply(settings)
    largest = scores.groupby("predictor")["size"].max()
    shown = [("single", 1), *((name, largest[name]) for name in ("best", "ensemble"))]
    for name in [*roles, "joint"]:
        for predictor in (name, f"ensemble_of_{name}"):
            sizes = scores.loc[scores["predictor"] == predictor, "size"]
            shown += [(predictor, sizes.iloc[0])] if len(sizes) else []
    bases = list(dict.fromkeys(predictor.removeprefix("ensemble_of_") for predictor, _ in shown))

    figure, axes = plt.subplots(1, len(PANELS), figsize=(style.PAGE, 0.24 * len(shown) + 0.9), sharey=True)
    for axis, (quantity, (label, factor)) in zip(axes, PANELS.items(), strict=True):
        for i, (predictor, size) in enumerate(shown):
            match = scores[
                (scores["predictor"] == predictor) & (scores["size"] == size) & (scores["quantity"] == quantity)
            ]
            if match.empty:
                continue
            low, mean, high = (match[["low", "measured", "high"]].iloc[0] * factor).tolist()
            base = bases.index(predictor.removeprefix("ensemble_of_"))
            axis.errorbar(
                mean,
                i,
                xerr=[[max(0, mean - low)], [max(0, high - mean)]],
                color=colours[base % len(colours)],
                marker=style.MARKERS[base % len(style.MARKERS)],
                markerfacecolor="white" if predictor.startswith("ensemble_of_") else None,
                markersize=4,
                capsize=2,
                linewidth=1,
            )
        if quantity == "gain":
            axis.axvline(0, color="0.3", linewidth=0.8, linestyle=":")
        axis.set(xlabel=label, ylim=(len(shown) - 0.5, -0.5))
        axis.grid(axis="y", color="0.92", linewidth=0.6)
    axes[0].set_yticks(range(len(shown)), [style.label(*row) for row in shown])
    return figure
