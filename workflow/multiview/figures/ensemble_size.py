"""Error on single-view samples over the size of the ensemble, beside two predictions."""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator

from multiview import config
from multiview.figures import registry, style
from multiview.predictors import ensembles


def make(
    sources: registry.Sources, about: Mapping[str, Any], settings: config.Figures
) -> tuple[plt.Figure, dict[str, pd.DataFrame]]:
    """See `multiview.figures.registry.make`."""
    names = {"scores": "scores", "errors": "ensemble_errors", "learned": "learned"}
    tables = {name: sources.pandas(source) for name, source in names.items()}
    return draw(**tables, settings=settings), tables


def draw(
    scores: pd.DataFrame, errors: pd.DataFrame, learned: pd.DataFrame, settings: config.Figures
) -> plt.Figure:
    """Draw the measured curve, the spread of single ensembles, ``2^-L``, and what the views learned predict.

    Args:
        scores: the table ``scores``.
        errors: the table ``ensemble_errors``.
        learned: the table ``learned``.
        settings: the figures section of the config.
    """
    colours = style.apply(settings)
    curve = scores[(scores["predictor"] == "ensemble") & (scores["quantity"] == "error_s")].sort_values("size")
    sizes = curve["size"].to_numpy()
    n_samples = int(curve["n_samples"].iloc[0])
    floor = 0.5 / n_samples  # where "no error at all" is drawn on the logarithmic axis
    figure, axis = plt.subplots(figsize=(style.COLUMN, 2.9))

    of_size = errors[(errors["split"] == "test_single")].groupby("size")["error"]
    low, high = of_size.quantile(0.025), of_size.quantile(0.975)
    axis.fill_between(
        sizes,
        low.clip(lower=floor),
        high.clip(lower=floor),
        color=colours[0],
        alpha=0.2,
        linewidth=0,
        label="95 % of single ensembles",
    )
    mean = curve["measured"].clip(lower=floor)
    bars = np.abs(curve[["low", "high"]].clip(lower=floor).to_numpy().T - mean.to_numpy())
    axis.errorbar(
        sizes, mean, bars, color=colours[0], marker="o", markersize=3.5, capsize=2, linewidth=1.2, label="measured"
    )
    single = learned[learned["predictor"] == "single"].sort_values(["seed", "class", "view"])
    views = single["learned"].to_numpy().reshape(single["seed"].nunique(), -1, 2)
    predicted = ensembles.predicted_errors(views, sizes.tolist())
    seen = predicted > 0
    axis.plot(
        sizes[seen],
        predicted[seen],
        color=colours[1],
        marker="s",
        markersize=3,
        linestyle="--",
        linewidth=1,
        label="from the views learned",
    )
    within = sizes[2.0**-sizes >= floor]
    axis.plot(
        within,
        2.0**-within,
        color=colours[2],
        marker="^",
        markersize=3,
        linestyle=":",
        linewidth=1.2,
        label="$2^{-L}$",
    )
    axis.set(
        xscale="log",
        yscale="log",
        ylim=(floor * 0.8, 1),
        xlabel="size of the ensemble $L$",
        ylabel="error on single-view samples",
    )
    axis.xaxis.set_major_locator(FixedLocator(sizes))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.set_xticklabels([str(size) for size in sizes])
    axis.legend(loc="lower left")
    return figure
