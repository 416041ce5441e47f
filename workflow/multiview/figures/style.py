"""One look for every figure, and the way it is saved."""

from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import seaborn as sns

from multiview import config

COLUMN = 3.5
PAGE = 7.2
"""Widths in inches of one column and of a page of two columns."""

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
            "figure.constrained_layout.use": True,
        },
    )
    return sns.color_palette(settings.palette)


def save(figure: plt.Figure, svg: str | Path, png: str | Path, settings: config.Figures) -> None:
    """Write a figure as SVG and as PNG."""
    figure.savefig(svg, metadata={"Date": None})
    figure.savefig(png, dpi=settings.dpi)
    plt.close(figure)


def label(predictor: str, size: int = 1) -> str:
    """How a predictor of the score table is called in a legend."""
    name = predictor.replace("_", " ")
    if predictor in ("best", "ensemble"):
        return f"{name} of {size}"
    if predictor.startswith("ensemble_of_"):
        return f"{name} ({size})"
    return name
