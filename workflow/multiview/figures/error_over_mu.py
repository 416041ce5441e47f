"""The main figure: the error of every predictor, on D over the share of single-view samples and on these alone."""

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
    table = sources.one("scores")
    shown = table.pandas()
    roles = registry.without_intervention(table.provenance["config"]["students"])
    return draw(shown, roles, settings), shown


def draw(scores: pd.DataFrame, roles: Mapping[str, Mapping], settings: config.Figures) -> plt.Figure:
    """Draw the error on D over mu (left) and that on single-view samples beside the paper's constants (right).

    Args:
        scores: the table ``scores``.
        roles: of the students, as `multiview.config.Study.roles` gives them.
        settings: the figures section of the config.
    """
    colours = style.apply(settings)
    largest = scores.groupby("predictor")["size"].max()
    shown = [("single", 1), *((name, largest[name]) for name in ("best", "ensemble"))]
    for name in [*roles, *(["joint"] if "joint" in set(scores["predictor"]) else [])]:
        shown.append((name, 1))
        together = scores.loc[scores["predictor"] == f"ensemble_of_{name}", "size"]
        if len(together):
            shown.append((f"ensemble_of_{name}", together.iloc[0]))
    constants = _constants(roles)

    figure, (left, right) = plt.subplots(
        1, 2, figsize=(style.PAGE, 0.24 * len(shown) + 1.6), gridspec_kw={"width_ratios": [1, 1.1]}
    )
    floor = 0.5 / scores.loc[scores["quantity"] == "error_s", "n_samples"].max()
    bases = list(dict.fromkeys(predictor.removeprefix("ensemble_of_") for predictor, _ in shown))
    for i, (predictor, size) in enumerate(shown):
        own = scores[(scores["predictor"] == predictor) & (scores["size"] == size)]
        # Students and their ensemble share colour and marker; the ensemble's is open and its line dashed.
        base = bases.index(predictor.removeprefix("ensemble_of_"))
        together = predictor.startswith("ensemble_of_")
        look = {
            "color": colours[base % len(colours)],
            "marker": style.MARKERS[base % len(style.MARKERS)],
            "markerfacecolor": "white" if together else None,
            "linestyle": "--" if together else "-",
            "linewidth": 1,
        }
        over_mu = own[own["quantity"] == "error"].sort_values("mu")
        left.plot(over_mu["mu"], over_mu["measured"], markersize=3, **look)
        left.fill_between(
            over_mu["mu"], over_mu["low"], over_mu["high"], color=look["color"], alpha=0.2, linewidth=0
        )
        row = own[own["quantity"] == "error_s"].iloc[0]
        low, mean, high = np.maximum([row["low"], row["measured"], row["high"]], floor)
        right.errorbar(mean, i, xerr=[[mean - low], [high - mean]], markersize=4, capsize=2, **look)
        if predictor in constants:
            right.plot([constants[predictor]] * 2, [i - 0.35, i + 0.35], color="0.3", linewidth=1.4)
    (mark,) = right.plot([], [], color="0.3", linewidth=1.4)
    left.set(xlabel=r"share $\mu$ of single-view samples", ylabel="error on $D$", xlim=(0, 1.02), ylim=(0, None))
    right.set(
        xscale="log",
        xlim=(floor * 0.8, 1),
        ylim=(len(shown) - 0.4, -0.6),
        xlabel="error on single-view samples",
    )
    right.set_yticks(range(len(shown)), [style.label(*row) for row in shown])
    right.legend([mark], ["the paper's constant"], loc="lower right", bbox_to_anchor=(1, 1))
    return figure


def _constants(roles: Mapping[str, Mapping]) -> dict[str, float]:
    """The error on ``D_s`` that the paper's theorems state for a predictor."""
    networks = {"single": 0.5, "ensemble": 0.01}
    students = {
        name: 0.01 if role["teacher_size"] > 1 else 0.26
        for name, role in roles.items()
        if role["teacher"] == "single"
    }
    return networks | students
