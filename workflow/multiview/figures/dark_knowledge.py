"""Dark knowledge: soft labels of a class on samples of other classes, by which of its views they carry."""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd

from multiview import config
from multiview.figures import registry, style

CELLS = [
    ((0, 1), "one,\nnot learned"),
    ((1, 0), "one,\nlearned"),
    ((1, 1), "both,\none learned"),
    ((2, 0), "both,\nlearned"),
]
"""Views of the class that a sample carries: how many that the teacher has learned, how many that it has not."""

ROLES = [("teacher", "teacher", "s"), ("before", "student before", "o"), ("student", "student after", "^")]


def make(
    sources: registry.Sources, about: Mapping[str, Any], settings: config.Figures
) -> tuple[plt.Figure, pd.DataFrame]:
    """See `multiview.figures.registry.make`."""
    file = sources.one("dark_knowledge")
    table = file.pandas()
    shown = table[table["predictor"].isin(registry.without_intervention(file.provenance["config"]["students"]))]
    return draw(shown, settings), shown


def draw(dark: pd.DataFrame, settings: config.Figures) -> plt.Figure:
    """Draw the soft label relative to that on samples without a view of the class, a panel a kind of students.

    Args:
        dark: the table ``dark_knowledge``.
        settings: the figures section of the config.
    """
    colours = style.apply(settings)
    names = list(dict.fromkeys(dark["predictor"]))
    columns = min(2, len(names)) or 1
    rows = -(-len(names) // columns) or 1
    # Each panel has its own scale: the objectives' soft labels differ much.
    figure, axes = plt.subplots(rows, columns, figsize=(style.PAGE, 0.7 + 1.9 * rows), squeeze=False)
    for axis in axes.flat[len(names) :]:
        axis.set_visible(False)
    if not names:
        figure.text(0.5, 0.5, "every sample has a view of every class", ha="center")
    for axis, name in zip(axes.flat, names, strict=False):
        table = dark[dark["predictor"] == name].set_index(["role", "carried_learned", "carried_not_learned"])
        cells = [(cell, text) for cell, text in CELLS if ("teacher", *cell) in table.index]
        for i, (role, text, marker) in enumerate(ROLES):
            if role not in table.index.get_level_values("role"):
                continue
            values = table.loc[[(role, *cell) for cell, _ in cells]]
            excess, low, high = (100 * values[column].to_numpy() for column in ("excess", "low", "high"))
            axis.errorbar(
                [x + 0.16 * (i - 1) for x in range(len(cells))],
                excess,
                [excess - low, high - excess],
                linestyle="none",
                marker=marker,
                markersize=4,
                capsize=2,
                color=colours[i],
                label=text,
            )
        axis.axhline(0, color="0.6", linewidth=0.8)
        axis.set_xticks(range(len(cells)), [text for _, text in cells])
        axis.set(title=style.label(name), xlim=(-0.5, len(cells) - 0.5))
        axis.margins(y=0.15)
    figure.supxlabel(
        "views of class $j$ in the sample, and whether the teacher has learned them", fontsize=settings.font_size
    )
    figure.supylabel("soft label of $j \\neq y$:\n% above that without a view of $j$", fontsize=settings.font_size)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncol=3)
    return figure
