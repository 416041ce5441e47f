"""A student over time: its own winner first, on hard labels, then the other view, from its teacher."""

import math
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
    seed, tables, warm = about["first_student"], {}, {}
    for name in ["single", *about["students"]]:
        files = sources.all(f"{name}{registry.STRENGTHS}")
        file = next((file for file in files if seed in file.numpy("seed")), None)
        if file is not None:
            tables[name] = file.pandas()
            warm[name] = file.provenance.get("start") == "warm"
    own = {name: table[table["seed"] == seed] for name, table in tables.items()}
    return draw(tables, seed, warm, settings), own


def draw(
    tables: Mapping[str, pd.DataFrame], seed: int, warm: Mapping[str, bool], settings: config.Figures
) -> plt.Figure:
    """Draw Phi of both views over the steps of one student, a panel a class and a row a kind of students.

    Args:
        tables: ``strengths`` of ``single`` and of every kind of students, in which `seed` is found.
        seed: which of the students.
        warm: for each kind of students, whether its training went on from the end of the hard-label one.
        settings: the figures section of the config.
    """
    colours = style.apply(settings)
    names = [name for name in tables if name != "single"]
    single = tables["single"]
    single = single[single["seed"] == seed]
    columns = min(4, settings.race_classes, single["class"].nunique())
    figure, axes = plt.subplots(
        len(names), columns, figsize=(style.PAGE, 0.7 + 1.5 * len(names)), sharex=True, sharey=True, squeeze=False
    )
    hard_steps = int(single["step"].max())
    top, bottom = 0.0, math.inf
    for row, name in zip(axes, names, strict=True):
        own = tables[name]
        own = own[own["seed"] == seed]
        for axis, label in zip(row, sorted(single["class"].unique()), strict=False):
            hard = single[single["class"] == label]
            last = hard[hard["step"] == hard_steps].set_index("view")["phi"]
            winner = int(last.idxmax())
            lines = ((winner, colours[0], "-", "its own winner"), (3 - winner, colours[1], "--", "the other view"))
            for view, colour, dashes, text in lines:
                look = {"color": colour, "linestyle": dashes, "linewidth": 1}
                first = hard[hard["view"] == view]
                then = own[(own["class"] == label) & (own["view"] == view)]
                start = hard_steps if warm[name] else 0
                if warm[name]:
                    axis.plot(first["step"], first["phi"], **look)
                axis.plot(then["step"] + start, then["phi"], label=text, **look)
                seen = pd.concat([first["phi"], then["phi"]])
                top, bottom = max(top, seen.max()), min(bottom, seen[seen > 0].min())
            if warm[name]:
                axis.axvline(hard_steps, color="0.5", linewidth=0.8, linestyle=":")
            axis.set_title(f"class {label}")
        row[0].set_ylabel(f"{style.label(name)}\n$\\Phi_{{i,l}}$")
    axes[0, 0].set(yscale="log", ylim=(bottom / 2, top * 2))
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper right", ncol=2)
    figure.supxlabel("gradient step (dotted line: from here on with soft labels)", fontsize=settings.font_size)
    figure.suptitle(f"What student {seed} learns, and when", fontsize=settings.font_size, x=0.3)
    return figure
