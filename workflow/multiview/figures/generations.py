"""Error on single-view samples over the number of networks whose views a student can have."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from multiview import config
from multiview.figures import style


def draw(scores: pd.DataFrame, roles: Mapping[str, Mapping], settings: config.Figures) -> plt.Figure:
    """Draw single networks (generation 0) and every generation of self-distillation beside ``2^-(g+1)``.

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
    error = scores[scores["quantity"] == "error_s"].set_index("predictor")
    figure, axis = plt.subplots(figsize=(style.COLUMN, 2.6))
    several = {g for g in chains.values() if list(chains.values()).count(g) > 1}
    for name, generation in chains.items():
        one = error.loc[name]
        if generation in several:
            place = {"xytext": (6, 0), "textcoords": "offset points", "va": "center"}
            axis.annotate(
                style.label(name), (generation, one["measured"]), fontsize=settings.font_size - 1, **place
            )
        axis.errorbar(
            generation,
            one["measured"],
            [[one["measured"] - one["low"]], [one["high"] - one["measured"]]],
            color=colours[0],
            marker="o",
            markersize=4,
            capsize=2,
            label="measured" if name == "single" else None,
        )
    g = np.arange(max(chains.values()) + 1)
    axis.plot(g, 2.0 ** -(g + 1), color=colours[2], marker="^", markersize=3, linestyle=":", label="$2^{-(g+1)}$")
    axis.set(
        xlabel="generation $g$ of self-distillation (0: single)",
        ylabel="error on single-view samples",
        ylim=(0, None),
        xlim=(-0.3, max(chains.values()) + 0.6),
    )
    axis.set_xticks(g)
    axis.legend(loc="upper right")
    return figure
