"""Students over time: they keep their own views, and of those they lost they learn what their teacher has."""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.collections import LineCollection

from multiview import config
from multiview.figures import registry, style

VIEWS = {
    "own": "own views",
    "teacher's": "lost views that the teacher has",
    "neither's": "lost views that the teacher lacks",
}
"""Of a student, by what it and its teacher learned on hard labels."""


def make(
    sources: registry.Sources, about: Mapping[str, Any], settings: config.Figures
) -> tuple[plt.Figure, pd.DataFrame]:
    """See `multiview.figures.registry.make`."""
    name, learned = about["raced"], sources.one("learned")
    views = sort_views(learned.pandas(), name, learned.provenance["config"]["students"][name])
    strengths = pd.concat([file.pandas() for file in sources.all("student_strengths")])
    shown = strengths.merge(views, on=["seed", "class", "view"])
    return draw(shown, name, settings), shown


def sort_views(learned: pd.DataFrame, name: str, role: Mapping[str, Any]) -> pd.DataFrame:
    """Say of every view of every student whose it is, as the verdicts on the union do.

    Args:
        learned: the table ``learned``.
        name: of the students, each of which has one single network as its teacher.
        role: theirs, as `multiview.config.Study.roles` gives it.

    Returns:
        Columns ``seed``, ``class``, ``view``, ``learned`` (whether the student has it in the end) and ``whose``:
        a key of `VIEWS`.
    """
    tables = {who: table.drop(columns=["predictor", "phi"]) for who, table in learned.groupby("predictor")}
    teacher = pd.DataFrame(
        [(int(student), seed) for student, (seed,) in role["teachers"].items()], columns=["student", "seed"]
    )
    teacher = teacher.merge(tables[role["teacher"]], on="seed").drop(columns="seed")
    index = ["seed", "class", "view"]
    views = tables[name].merge(tables["single"], on=index, suffixes=("", "_alone"))
    views = views.merge(teacher.rename(columns={"student": "seed"}), on=index, suffixes=("", "_teacher"))
    whose = views["learned_teacher"].map({True: "teacher's", False: "neither's"})
    return views[[*index, "learned"]].assign(whose=whose.mask(views["learned_alone"], "own"))


def draw(shown: pd.DataFrame, name: str, settings: config.Figures) -> plt.Figure:
    """Draw Phi of every view over the steps of every student, and their median; a panel whose view it is.

    Args:
        shown: the table ``strengths`` of the students, with columns of `sort_views`.
        name: of the students.
        settings: the figures section of the config.
    """
    colours = style.apply(settings)
    figure, axes = plt.subplots(1, len(VIEWS), figsize=(style.PAGE, 2.6), sharex=True, sharey=True)
    for axis, (whose, text), colour in zip(axes, VIEWS.items(), (colours[0], colours[2], colours[3]), strict=True):
        own = shown[shown["whose"] == whose]
        lines = own.pivot(index="step", columns=["seed", "class", "view"], values="phi").sort_index()
        alpha = min(0.8, max(0.2, 20 / max(len(lines.columns), 1)))  # many lines stay apart, few can be seen
        curves = [np.column_stack([lines.index, phi])[np.isfinite(phi)] for phi in lines.to_numpy().T]
        axis.add_collection(LineCollection(curves, colors=[colour], linewidth=0.4, alpha=alpha))
        if len(lines):
            axis.plot(*np.array([curve[-1] for curve in curves]).T, ".", color=colour, markersize=2, alpha=0.5)
            # Between recorded steps on a straight line; a student that has stopped stays as it is.
            median = lines.interpolate(method="index", limit_area="inside").ffill().median(axis=1)
            axis.plot(median.index, median, color="black", linewidth=1.4, label="median")
        views = own.drop_duplicates(["seed", "class", "view"])
        share = f", {views['learned'].mean():.0%} learned" if len(views) else ""
        axis.set_title(f"{text}\n({len(views)} views{share})")
    axes[0].set(ylabel=r"strength $\Phi_{i,l}$", yscale="log", xlim=(0, shown["step"].max()))
    axes[0].set_xscale("symlog", linthresh=1)
    axes[0].legend(loc="lower right")
    figure.supxlabel("gradient step with soft labels (a dot: where a student stops)", fontsize=settings.font_size)
    count = shown["seed"].nunique()
    figure.suptitle(f"What {count} students learn, and when: {style.label(name)}", fontsize=settings.font_size)
    return figure
