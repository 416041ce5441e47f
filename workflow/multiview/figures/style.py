"""One look for every figure, and the way it is saved."""

from collections.abc import Mapping

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns

from multiview import config

COLUMN = 3.3
PAGE = 6.9
"""Widths in inches of one column and of a page of two columns: every figure has one of them."""

MARKERS = "os^DvPX<>*"
"""Of predictors, together with the palette's colours."""


def apply(settings: config.Figures) -> list:
    """Set the style for everything drawn from now on, and return the palette's colours."""
    sns.set_theme(
        context="paper",
        style="ticks",
        palette=settings.palette,
        rc={
            "font.size": settings.font_size,
            "axes.labelsize": settings.font_size,
            "axes.titlesize": settings.font_size,
            "xtick.labelsize": settings.font_size - 1,
            "ytick.labelsize": settings.font_size - 1,
            "legend.fontsize": settings.font_size - 1,
            "legend.title_fontsize": settings.font_size - 1,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "legend.frameon": False,
            "svg.hashsalt": "multiview",  # the same data give the same file
            "svg.fonttype": "path",  # glyphs are in the file, as outlines
            "pdf.fonttype": 42,  # and here as TrueType: journals refuse Type 3
            "figure.constrained_layout.use": True,
        },
    )
    return sns.color_palette(settings.palette)


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
    figure.savefig(output["svg"], metadata={"Date": None})
    figure.set_layout_engine("none")  # it stands: to lay out again for each file takes as long as to draw it
    figure.savefig(output["pdf"], metadata={"CreationDate": None})
    figure.savefig(output["png"], dpi=settings.dpi)
    plt.close(figure)
    if not isinstance(data, pd.DataFrame):
        data = pd.concat([table.assign(table=name) for name, table in data.items()], ignore_index=True)
        data = data[["table", *data.columns.drop("table")]]
    data.to_csv(output["csv"], index=False)


def label(predictor: str, size: int = 1) -> str:
    """How a predictor of the score table is called in a legend."""
    name = predictor.replace("_", " ")
    if predictor in ("best", "ensemble"):
        return f"{name} of {size}"
    if predictor.startswith("ensemble_of_"):
        return f"{name} ({size})"
    return name
