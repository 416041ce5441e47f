"""Views learned: how many of the two views of a class the networks of each predictor have."""

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
    table = sources.one("learned")
    shown = table.pandas()
    return draw(shown, table.provenance["config"]["students"], settings), shown


def draw(learned: pd.DataFrame, roles: Mapping[str, Mapping], settings: config.Figures) -> plt.Figure:
    """Draw the share of classes with both, one and no view learned, a bar a predictor; whiskers over networks.

    Args:
        learned: the table ``learned``.
        roles: of the students, as `multiview.config.Study.roles` gives them.
        settings: the figures section of the config.
    """
    colours = style.apply(settings)
    names = [
        "single",
        *roles,
        *[name for name in ("joint", "member_of_joint") if name in set(learned["predictor"])],
    ]
    count = learned.groupby(["predictor", "seed", "class"])["learned"].sum()
    figure, axis = plt.subplots(figsize=(style.COLUMN, 0.35 * len(names) + 1.3))
    drawn = [("both views", 2, colours[2]), ("one view", 1, colours[0]), ("neither", 0, "0.6")]
    for i, name in enumerate(names):
        left = 0.0
        for text, number, colour in drawn:
            of_seed = (count[name] == number).groupby("seed").mean()
            share = of_seed.mean()
            if share > 0:
                axis.barh(i, share, left=left, color=colour, label=text, height=0.6)
            if number == 2:
                error = 1.96 * of_seed.std(ddof=1) / np.sqrt(len(of_seed)) if len(of_seed) > 1 else 0.0
                axis.errorbar(
                    share, i, xerr=[[min(error, share)], [min(error, 1 - share)]], color="black", capsize=2
                )
            left += share
    seen = dict(zip(*axis.get_legend_handles_labels()[::-1], strict=True))
    order = [text for text, *_ in drawn if text in seen]
    figure.legend([seen[text] for text in order], order, loc="outside upper center", ncol=3)
    axis.set_yticks(
        range(len(names)),
        [
            f"{style.label(name)}\n({count[name].index.get_level_values('seed').nunique()} networks)"
            for name in names
        ],
    )
    axis.set(xlim=(0, 1), ylim=(len(names) - 0.5, -0.5), xlabel="share of the classes")
    return figure
