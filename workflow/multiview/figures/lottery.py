"""The lottery: the margin of the tickets at the initialisation against the view that won."""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from multiview import config
from multiview.figures import registry, style
from multiview.measure.intervals import exact_interval

BINS = 8


def make(
    sources: registry.Sources, about: Mapping[str, Any], settings: config.Figures
) -> tuple[plt.Figure, pd.DataFrame]:
    """See `multiview.figures.registry.make`."""
    table = sources.pandas("lottery")
    return draw(table, settings), table


def draw(lottery: pd.DataFrame, settings: config.Figures) -> plt.Figure:
    """Draw every race (upper panel) and how often the prediction was right by the size of the margin (lower).

    Args:
        lottery: the table ``lottery``.
        settings: the figures section of the config.
    """
    colours = style.apply(settings)
    index = ["seed", "class"]
    ticket = lottery.pivot(index=index, columns="view", values="ticket")
    phi = lottery.pivot(index=index, columns="view", values="phi")
    # A view without any ticket or strength has log -inf; it is drawn at the edge.
    with np.errstate(divide="ignore", invalid="ignore"):
        margin = np.log(ticket[1] / ticket[2]).to_numpy()
        outcome = ((phi[1] - phi[2]) / (phi[1] + phi[2])).to_numpy()
    edge = np.abs(margin[np.isfinite(margin)]).max()
    margin = np.clip(margin, -edge, edge)
    right = np.sign(margin) == np.sign(outcome)

    figure, (upper, lower) = plt.subplots(
        2, 1, figsize=(style.COLUMN, 4.0), gridspec_kw={"height_ratios": [2, 1.3]}
    )
    for rows, colour, marker, name in ((right, colours[0], "o", "as predicted"), (~right, colours[1], "X", "not")):
        upper.scatter(
            margin[rows],
            outcome[rows],
            s=12 if marker == "o" else 24,
            color=colour,
            marker=marker,
            alpha=0.6,
            linewidth=0.3,
            label=f"{name}: {rows.sum()} of {len(rows)}",
        )
    upper.axhline(0, color="0.7", linewidth=0.6)
    upper.axvline(0, color="0.7", linewidth=0.6)
    upper.set(
        xlabel="margin of the tickets,\n"
        + r"$\ln(T_{i,1} / T_{i,2})$, $T_{i,l} = \Lambda_{i,l} S_{i,l}^{1/(q-2)}$",
        ylabel="outcome,\n" + r"$(\Phi_{i,1} - \Phi_{i,2}) / (\Phi_{i,1} + \Phi_{i,2})$",
        ylim=(-1.1, 1.1),
    )
    figure.legend(loc="outside upper center", ncol=2)

    # Bins of equal counts, so that every interval rests on as many races.
    order = np.argsort(np.abs(margin))
    last = 0.0
    for part in np.array_split(order, min(BINS, len(order))):
        rate, middle = right[part].mean(), np.median(np.abs(margin[part]))
        last = max(last, middle)
        low, high = exact_interval(int(right[part].sum()), len(part))
        lower.errorbar(
            middle, rate, [[rate - low], [high - rate]], color=colours[0], marker="o", markersize=3.5, capsize=2
        )
    lower.axhline(0.5, color="0.5", linewidth=0.8, linestyle=":")
    lower.text(1.05 * last, 0.51, "coin", ha="right", va="bottom", color="0.4")
    lower.set(
        xlim=(-0.02 * last, 1.08 * last),
        ylim=(0.3, 1.03),
        xlabel="size of the margin (median of each eighth)",
        ylabel="named the\nwinner",
    )
    return figure
