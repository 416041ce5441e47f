"""The race: the strength of both views of a class while a network trains."""

import math
from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd

from multiview import config
from multiview.figures import registry, style


def make(
    sources: registry.Sources, about: Mapping[str, Any], settings: config.Figures
) -> tuple[plt.Figure, pd.DataFrame]:
    """See `multiview.figures.registry.make`."""
    seed = about["first_seed"] if settings.race_seed is None else settings.race_seed
    tables = [file.pandas() for file in sources.all("single_strengths")]
    table = next(table for table in tables if seed in table["seed"].to_numpy())
    return draw(table, seed, settings), table[table["seed"] == seed]


def draw(strengths: pd.DataFrame, seed: int, settings: config.Figures) -> plt.Figure:
    """Draw Phi of both views over the steps of one seed, a panel a class.

    Args:
        strengths: the table ``strengths``.
        seed: which of its seeds.
        settings: the figures section of the config.
    """
    colours = style.apply(settings)
    own = strengths[strengths["seed"] == seed]
    classes = sorted(own["class"].unique())[: settings.race_classes]
    columns = min(3, len(classes))
    rows = math.ceil(len(classes) / columns)
    figure, axes = plt.subplots(
        rows, columns, figsize=(style.PAGE, 0.5 + 1.5 * rows), sharex=True, sharey=True, squeeze=False
    )
    shown = own[own["class"].isin(classes)]
    low, high = shown.loc[shown["phi"] > 0, "phi"].min(), shown["phi"].max()
    for axis, label in zip(axes.flat, classes, strict=False):
        lines = shown[shown["class"] == label].sort_values("step").groupby("view")
        for (view, line), colour, dashes in zip(lines, colours, ("-", "--"), strict=False):
            axis.plot(line["step"], line["phi"], color=colour, linestyle=dashes, label=view)
        axis.set(title=f"class {label}", yscale="log", ylim=(low / 2, high * 2))
    if high > 1e4 * low:  # there is no room for ticks between decades, but the layout would make them all first
        axes[0, 0].minorticks_off()  # of all: the axis is shared
    for axis in axes.flat[len(classes) :]:
        axis.set_visible(False)
    for axis in axes.flat[max(0, len(classes) - columns) : len(classes)]:  # also where there is none below
        axis.tick_params(labelbottom=True)
    axes[0, 0].legend(title="view $l$", loc="upper left")
    figure.supxlabel("gradient step", fontsize=settings.font_size)
    figure.supylabel(r"strength $\Phi_{i,l}$ of view $l$ of class $i$", fontsize=settings.font_size)
    figure.suptitle(f"The race between the two views of a class, seed {seed}", fontsize=settings.font_size)
    return figure
