"""The outcome of all races: the final strength of view 1 against that of view 2."""

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
    table = sources.pandas("lottery")
    return draw(table, about["learned_ratio"], settings), table


def draw(lottery: pd.DataFrame, learned_ratio: float, settings: config.Figures) -> plt.Figure:
    """Draw a point for every seed and class.

    Args:
        lottery: the table ``lottery``.
        learned_ratio: views weaker than this, relative to the other one, count as not learned.
        settings: the figures section of the config.
    """
    colours = style.apply(settings)
    index = ["seed", "class"]
    phi = lottery.pivot(index=index, columns="view", values="phi")
    learned = lottery.pivot(index=index, columns="view", values="learned")
    groups = {
        "view 1 only": learned[1] & ~learned[2],
        "view 2 only": ~learned[1] & learned[2],
        "both": learned[1] & learned[2],
        "neither": ~learned[1] & ~learned[2],
    }
    figure, axis = plt.subplots(figsize=(style.COLUMN, style.COLUMN))
    for (name, rows), colour, marker in zip(groups.items(), colours, "o^sx", strict=False):
        if rows.any():
            axis.scatter(
                phi[1][rows],
                phi[2][rows],
                s=12,
                color=colour,
                marker=marker,
                alpha=0.7,
                linewidth=0.3,
                label=f"{name}: {rows.sum()} ({rows.mean():.1%})",
            )
    top = float(np.ceil(phi.to_numpy().max()))
    for slope in (learned_ratio, 1 / learned_ratio):
        axis.plot(
            [0, min(top, top / slope)], [0, min(top, top * slope)], color="0.5", linewidth=0.8, linestyle=":"
        )
    axis.set(
        xlim=(-0.05 * top, top),
        ylim=(-0.05 * top, top),
        xlabel=r"strength of view 1, $\Phi_{i,1}$",
        ylabel=r"strength of view 2, $\Phi_{i,2}$",
        aspect="equal",
    )
    n_seeds = phi.index.get_level_values("seed").nunique()
    axis.set_title(f"{n_seeds} seeds, {len(phi) // n_seeds} classes each")
    axis.legend(loc="upper right", title="learned", alignment="left")
    return figure
