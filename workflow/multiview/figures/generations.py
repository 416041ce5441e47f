"""Error over the generations of self-distillation; of theory beside that of the union of views."""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from multiview import config
from multiview.figures import registry, style
from multiview.measure.errors import AXES, main_errors

BESIDE = 0.12
"""How far apart networks of one generation stand, in generations."""
OWN_LOOK = 3
"""Colour and marker of the first of them; those before are the prediction's and of generations with one kind."""


def make(
    sources: registry.Sources, about: Mapping[str, Any], settings: config.Figures
) -> tuple[plt.Figure, pd.DataFrame]:
    """See `multiview.figures.registry.make`."""
    table = sources.one("scores")
    shown = table.pandas()
    roles = registry.without_intervention(table.provenance["config"]["students"])
    return draw(shown, roles, settings), shown


def draw(scores: pd.DataFrame, roles: Mapping[str, Mapping], settings: config.Figures) -> plt.Figure:
    """Draw single networks (generation 0) and every generation of self-distillation; theory beside ``2^-(g+1)``.

    Args:
        scores: the table ``scores``.
        roles: of the students, as `multiview.config.Study.roles` gives them.
        settings: the figures section of the config.
    """
    colours = style.apply(settings)
    chains = {"single": 0}
    for _ in roles:
        for name, role in roles.items():
            if role["teacher_size"] == 1 and role["teacher"] in chains:
                chains[name] = chains[role["teacher"]] + 1
    error = main_errors(scores).query("size == 1").set_index("predictor")
    (quantity,) = set(error["quantity"])
    figure, axis = plt.subplots(figsize=(style.COLUMN, 2.6))
    several = len(set(chains.values())) < len(chains)
    for generation in sorted(set(chains.values())):
        names = [name for name in chains if chains[name] == generation]
        for i, name in enumerate(names):  # several of a generation stand side by side, each with a look of its own
            look = 0 if len(names) == 1 else OWN_LOOK + i
            row = error.loc[name]
            axis.errorbar(
                generation + BESIDE * (i - (len(names) - 1) / 2),
                row["measured"],
                [[row["measured"] - row["low"]], [row["high"] - row["measured"]]],
                color=colours[look % len(colours)],
                marker=style.MARKERS[look % len(style.MARKERS)],
                markersize=4,
                capsize=2,
                linestyle="none",
                label=style.label(name) if several else "measured" if name == "single" else None,
            )
    g = np.arange(max(chains.values()) + 1)
    if quantity == "error_s":
        predicted = 2.0 ** -(g + 1)
        axis.plot(g, predicted, color=colours[2], marker="^", markersize=3, linestyle=":", label="$2^{-(g+1)}$")
    axis.set(
        xlabel="generation $g$ of self-distillation (0: single)",
        ylabel=AXES[quantity],
        ylim=(0, None),
        xlim=(-0.3, max(chains.values()) + 0.3),
    )
    axis.set_xticks(g)
    axis.legend(loc="lower left")
    return figure
