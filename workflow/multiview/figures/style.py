"""One look for every figure, and the way it is saved."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.collections import QuadMesh

from multiview import config

COLUMN = 3.3
PAGE = 6.9
"""Widths in inches of one column and of a page of two columns: every figure has one of them."""

MARKERS = "os^DvPX<>*"
"""Of predictors, together with the palette's colours."""

PALETTES = {
    name: [f"#{colour}" for colour in colours.split()]
    for name, colours in {
        "colorblind": "0173B2 DE8F05 029E73 D55E00 CC78BC CA9161 FBAFE4 949494 ECE133 56B4E9",
        "deep": "4C72B0 DD8452 55A868 C44E52 8172B3 937860 DA8BC3 8C8C8C CCB974 64B5CD",
        "muted": "4878D0 EE854A 6ACC64 D65F5F 956CB4 8C613C DC7EC0 797979 D5BB67 82C6E2",
        "dark": "001C7F B1400D 12711C 8C0800 591E71 592F0D A23582 3C3C3C B8850A 006374",
    }.items()
}
"""The palettes that the config can name; they are seaborn's."""

IN_A_CELL = {"ha": "center", "va": "center", "in_layout": False}
"""Where a text stands that fits into the axes: the layout need not measure it."""


def apply(settings: config.Figures) -> Sequence[str]:
    """Set the style for everything drawn from now on, and return the palette's colours."""
    colours, grey = PALETTES[settings.palette], "0.15"
    mpl.rcParams.update(
        {
            "font.size": settings.font_size,
            "axes.labelsize": settings.font_size,
            "axes.titlesize": settings.font_size,
            "xtick.labelsize": settings.font_size - 1,
            "ytick.labelsize": settings.font_size - 1,
            "legend.fontsize": settings.font_size - 1,
            "legend.title_fontsize": settings.font_size - 1,
            "legend.frameon": False,
            "text.color": grey,
            "axes.labelcolor": grey,
            "axes.edgecolor": grey,
            "xtick.color": grey,
            "ytick.color": grey,
            "axes.linewidth": 1,
            "axes.axisbelow": True,
            "axes.titley": 1,  # else a title looks for its place each time it is drawn
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.prop_cycle": mpl.cycler(color=colours),
            "lines.linewidth": 1.2,
            "lines.markersize": 4.8,
            "lines.solid_capstyle": "round",
            "patch.edgecolor": "white",
            "patch.force_edgecolor": True,
            "patch.linewidth": 0.8,
            **{f"{axis}tick.major.width": 1 for axis in "xy"},
            **{f"{axis}tick.minor.width": 0.8 for axis in "xy"},
            **{f"{axis}tick.major.size": 4.8 for axis in "xy"},
            **{f"{axis}tick.minor.size": 3.2 for axis in "xy"},
            "svg.hashsalt": "multiview",  # the same data give the same file
            "svg.fonttype": "path",  # glyphs are in the file, as outlines
            "pdf.fonttype": 42,  # and here as TrueType: journals refuse Type 3
            "figure.constrained_layout.use": True,
            "figure.dpi": settings.dpi,  # what the layout measures, the PNG draws: formulas are read once for both
        }
    )
    return colours


def save(
    figure: plt.Figure,
    data: pd.DataFrame | Mapping[str, pd.DataFrame],
    output: Mapping[str, str],
    settings: config.Figures,
) -> None:
    """Write a figure, and beside it what it was drawn from.

    Args:
        figure: is closed afterwards.
        data: the table it shows; several are written below one another, their names in the first column.
        output: paths of ``svg``, ``pdf``, ``png`` and ``csv``.
        settings: the figures section of the config.
    """
    figure.get_layout_engine().execute(figure)
    # Without an engine no file is drawn twice, the first time to lay it out. "none" would put one in its place.
    with mpl.rc_context({"figure.constrained_layout.use": False}):
        figure.set_layout_engine(None)
        figure.savefig(output["svg"], metadata={"Date": None})
        figure.savefig(output["pdf"], metadata={"CreationDate": None})
        figure.savefig(output["png"], dpi=settings.dpi)
    plt.close(figure)
    if not isinstance(data, pd.DataFrame):
        data = pd.concat([table.assign(table=name) for name, table in data.items()], ignore_index=True)
        data = data[["table", *data.columns.drop("table")]]
    data.to_csv(output["csv"], index=False)


def heatmap(axis: plt.Axes, square: pd.DataFrame, form: str, size: float, **look: Any) -> QuadMesh:
    """Draw a number for every two seeds as a square of colours; where there are few seeds, with the numbers.

    Args:
        axis: to draw on.
        square: NaN where nothing is drawn.
        form: of a number.
        size: of the numbers, in points.
        look: of the colours, ``vmin`` and ``vmax``.
    """
    values, seeds = square.to_numpy(), square.index
    mesh = axis.pcolormesh(values, cmap="cividis", edgecolor="white", linewidth=0.3, **look)
    for (i, j), value in np.ndenumerate(values) if len(seeds) <= 12 else ():
        if np.isfinite(value):
            colour = "0.15" if mesh.norm(value) > 0.6 else "white"
            axis.text(j + 0.5, i + 0.5, f"{value:{form}}", color=colour, fontsize=size, **IN_A_CELL)
    every = -(-len(seeds) // 20)
    axis.set_xticks(np.arange(0, len(seeds), every) + 0.5, seeds[::every])
    axis.set_yticks(np.arange(0, len(seeds), every) + 0.5, seeds[::every])
    axis.set(xlabel="seed", ylabel="seed", ylim=(len(seeds), 0), aspect="equal")
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    return mesh


def label(predictor: str, size: int = 1) -> str:
    """How a predictor of the score table is called in a legend."""
    name = predictor.replace("_", " ")
    if predictor in ("best", "ensemble"):
        return f"{name} of {size}"
    if predictor.startswith("ensemble_of_"):
        return f"{name} ({size})"
    return name
