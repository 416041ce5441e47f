"""What students tried on the validation split: Hinton's weight and temperature."""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd

from multiview import config
from multiview.figures import registry, style


def make(
    sources: registry.Sources, about: Mapping[str, Any], settings: config.Figures
) -> tuple[plt.Figure, dict[str, pd.DataFrame]]:
    """See `multiview.figures.registry.make`."""
    files = zip(about["choosing"], sources.all("choice"), strict=True)
    tables = {name: file.pandas() for name, file in files}
    return draw(tables, settings), tables


def draw(choices: Mapping[str, pd.DataFrame], settings: config.Figures) -> plt.Figure:
    """Draw validation accuracy over the temperature, a line a weight, a panel a kind of students.

    Args:
        choices: for each kind of students the table ``choice``.
        settings: the figures section of the config.
    """
    colours = style.apply(settings)
    figure, axes = plt.subplots(
        1,
        len(choices),
        figsize=(style.PAGE if len(choices) > 1 else style.COLUMN, 2.5),
        sharey=True,
        squeeze=False,
    )
    for axis, (name, table) in zip(axes[0], choices.items(), strict=True):
        for i, (alpha, part) in enumerate(table.sort_values("temperature").groupby("alpha")):
            axis.plot(
                part["temperature"],
                100 * part["accuracy"],
                color=colours[i % len(colours)],
                marker=style.MARKERS[i % len(style.MARKERS)],
                markersize=4,
                linewidth=1,
                label=rf"$\alpha$ = {alpha:g}",
            )
        chosen = table[table["chosen"]].iloc[0]
        axis.plot(
            chosen["temperature"],
            100 * chosen["accuracy"],
            marker="o",
            markersize=10,
            markerfacecolor="none",
            color="0.2",
            linestyle="none",
            label="chosen",
        )
        axis.set(xscale="log", xlabel="temperature $T$", title=name.replace("_", " "))
        ticks = sorted(table["temperature"].unique())
        axis.set_xticks(ticks, [f"{T:g}" for T in ticks])
        axis.minorticks_off()
        axis.margins(0.12, 0.15)
    n = int(next(iter(choices.values()))["n_seeds"].iloc[0])
    axes[0, 0].set_ylabel(f"validation accuracy [%],\nmean of {n} student{'s' if n > 1 else ''}")
    axes[0, -1].legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return figure
