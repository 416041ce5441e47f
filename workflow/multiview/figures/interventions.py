"""The cause: the error of students whose soft labels are the teacher's in part, beside those with all of them."""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd

from multiview import config
from multiview.figures import registry, style

LABELS = {
    "": "all soft labels",
    "other_classes": "other classes only",
    "own_class": "own class only",
    "flat": "other classes: their mean",
    "shuffled": "another sample of the class",
    "smoothed": "label smoothing",
}
"""What students learn from, by the ``intervention`` of their role."""

BESIDE = 0.3
"""How far apart kinds of students of one row stand, in rows."""


def make(
    sources: registry.Sources, about: Mapping[str, Any], settings: config.Figures
) -> tuple[plt.Figure, pd.DataFrame]:
    """See `multiview.figures.registry.make`."""
    table = sources.one("scores")
    roles = table.provenance["config"]["students"]
    shown = series(roles)
    names = {"single"}.union(*(kinds.values() for kinds in shown.values()))
    scores = table.pandas()
    scores = scores[scores["predictor"].isin(names) & (scores["quantity"] == "error_s")]
    return draw(scores, shown, settings), scores


def series(roles: Mapping[str, Mapping]) -> dict[str, dict[str, str]]:
    """Sort kinds of students by what they share besides an intervention.

    Args:
        roles: of the students, as `multiview.config.Study.roles` gives them.

    Returns:
        For each kind with other kinds that are the same but for an intervention, the name of each by
        intervention. It is named by the first of them where the study has none without an intervention.
    """
    alike: dict[str, dict[str, str]] = {}
    for name, role in roles.items():
        key = str(registry.setting(role))
        alike.setdefault(key, {}).setdefault(role["intervention"], name)
    return {kinds.get("", next(iter(kinds.values()))): kinds for kinds in alike.values() if set(kinds) - {""}}


def draw(scores: pd.DataFrame, shown: Mapping[str, Mapping[str, str]], settings: config.Figures) -> plt.Figure:
    """Draw the error on single-view samples, a row an intervention and a colour what students share besides.

    Args:
        scores: the table ``scores``.
        shown: of `series`.
        settings: the figures section of the config.
    """
    colours = style.apply(settings)
    error = scores[(scores["quantity"] == "error_s") & (scores["size"] == 1)].set_index("predictor")
    rows = [key for key in LABELS if any(key in kinds for kinds in shown.values())]
    figure, axis = plt.subplots(figsize=(style.COLUMN, 0.3 * len(rows) + 1.5))

    def point(name: str, row: float, look: Mapping[str, Any]) -> None:
        score = error.loc[name]
        bars = [[score["measured"] - score["low"]], [score["high"] - score["measured"]]]
        axis.errorbar(
            score["measured"], row, xerr=bars, markersize=4, capsize=2, linestyle="none", clip_on=False, **look
        )

    point("single", 0, {"color": "0.3", "marker": "D"})
    axis.axvline(error.loc["single", "measured"], color="0.6", linewidth=0.8, linestyle=":")
    for i, (name, kinds) in enumerate(shown.items()):
        look = {"color": colours[i % len(colours)], "marker": style.MARKERS[i % len(style.MARKERS)]}
        axis.errorbar([], [], xerr=[], markersize=4, capsize=2, linestyle="none", label=style.label(name), **look)
        for intervention, own in kinds.items():
            # Those that stand alone in their row stand in its middle.
            beside = [other for other, others in shown.items() if intervention in others]
            place = BESIDE * (beside.index(name) - (len(beside) - 1) / 2)
            point(own, 1 + rows.index(intervention) + place, look)
    axis.set_yticks(range(len(rows) + 1), ["none (single)", *(LABELS[row] for row in rows)])
    axis.set(xlim=(0, None), ylim=(len(rows) + 0.5, -0.5), xlabel="error on single-view samples")
    axis.set_ylabel("the teacher's part in the soft labels")
    figure.legend(loc="outside upper center", ncol=2)
    return figure
