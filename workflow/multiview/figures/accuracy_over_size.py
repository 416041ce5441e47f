"""Test accuracy over the size of the ensemble."""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.ticker import FixedLocator, NullLocator

from multiview import config
from multiview.figures import registry, style


def make(
    sources: registry.Sources, about: Mapping[str, Any], settings: config.Figures
) -> tuple[plt.Figure, dict[str, pd.DataFrame]]:
    """See `multiview.figures.registry.make`."""
    scores, errors = (sources.pandas(name) for name in ("scores", "ensemble_errors"))
    return draw(scores, errors, settings), {"scores": scores, "ensemble_errors": errors}


def draw(scores: pd.DataFrame, errors: pd.DataFrame, settings: config.Figures) -> plt.Figure:
    """Draw the mean over ensembles of each size, its interval, and the spread of single ensembles.

    Args:
        scores: the table ``scores``.
        errors: the table ``ensemble_errors``.
        settings: the figures section of the config.
    """
    colours = style.apply(settings)
    curve = scores[(scores["predictor"] == "ensemble") & (scores["quantity"] == "accuracy")].sort_values("size")
    sizes = curve["size"].to_numpy()
    by_size = (100 * (1 - errors["error"])).groupby(errors["size"])
    figure, axis = plt.subplots(figsize=(style.COLUMN, 2.6))
    axis.fill_between(
        sizes,
        by_size.quantile(0.025),
        by_size.quantile(0.975),
        color=colours[0],
        alpha=0.2,
        linewidth=0,
        label="95 % of single ensembles",
    )
    mean = 100 * curve["measured"].to_numpy()
    bars = np.abs(100 * curve[["low", "high"]].to_numpy().T - mean)
    axis.errorbar(
        sizes,
        mean,
        bars,
        color=colours[0],
        marker="o",
        markersize=3.5,
        capsize=2,
        linewidth=1.2,
        label="mean, with 95 % interval",
    )
    joint = scores[(scores["predictor"] == "joint") & (scores["quantity"] == "accuracy")]
    if len(joint):
        low, value, high = (100 * joint[["low", "measured", "high"]].iloc[0]).tolist()
        axis.axhspan(low, high, color=colours[1], alpha=0.12, linewidth=0)
        axis.axhline(value, color=colours[1], linestyle="--", linewidth=1, label="average trained jointly")
    axis.set(xscale="log", xlabel="size of the ensemble $L$", ylabel="test accuracy [%]")
    axis.xaxis.set_major_locator(FixedLocator(sizes))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.set_xticklabels([str(size) for size in sizes])
    axis.legend(loc="lower right")
    return figure
