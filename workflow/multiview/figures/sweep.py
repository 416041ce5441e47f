"""Sweeps: the error over a parameter, a panel each; of theory, where the theorems' regime begins and ends."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from multiview import config
from multiview.figures import registry, style
from multiview.measure.errors import AXES, main_errors

MARKERS = "os^D"


def make(
    sources: registry.Sources, about: Mapping[str, Any], settings: config.Figures
) -> tuple[plt.Figure, dict[str, pd.DataFrame]]:
    """See `multiview.figures.registry.make`."""
    sweeps = {name: config.Sweep.model_validate(sweep) for name, sweep in about["sweeps"].items()}
    scores = {file.provenance["study"]: file.pandas() for file in sources.all("scores")}
    return draw(sweeps, scores, settings), scores


def draw(
    sweeps: Mapping[str, config.Sweep], scores: Mapping[str, pd.DataFrame], settings: config.Figures
) -> plt.Figure:
    """Draw the error of single, ensemble, distilled and self-distilled over each parameter.

    Args:
        sweeps: that section of the config.
        scores: the table ``scores`` of every study in them.
        settings: the figures section of the config.
    """
    colours = style.apply(settings)
    columns = min(2, len(sweeps))
    rows = -(-len(sweeps) // columns)
    size = (style.PAGE if columns > 1 else style.COLUMN, 0.5 + 2.2 * rows)
    figure, axes = plt.subplots(rows, columns, figsize=size, sharey=True, squeeze=False)
    for axis, sweep in zip(axes.flat, sweeps.values(), strict=False):
        points = sorted(sweep.points, key=lambda point: point.value)
        x = np.array([point.value for point in points])
        for i, name in enumerate(("single", "ensemble", "distilled", "self_distilled")):
            found = np.array([_error(scores[point.study], _predictor(point, name)) for point in points])
            mean = found[:, 0]
            if np.isnan(mean).all():
                continue
            axis.errorbar(
                x,
                mean,
                np.maximum([mean - found[:, 1], found[:, 2] - mean], 0),
                color=colours[i],
                marker=MARKERS[i],
                markersize=3.5,
                linewidth=1,
                capsize=2,
                label=name.replace("_", " "),
            )
        axis.set(xlabel=sweep.label, xscale=sweep.scale, ylim=(0, None))
        axis.set_xticks(x, [f"{value:g}" for value in x])
        axis.minorticks_off()
    for axis in axes.flat[len(sweeps) :]:
        axis.set_visible(False)
    shown = {quantity for table in scores.values() for quantity in main_errors(table)["quantity"]}
    for axis in axes[:, 0]:
        axis.set_ylabel(AXES[shown.pop()].replace("view samples", "view\nsamples") if len(shown) == 1 else "error")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncol=4)
    return figure


def _predictor(point: config.Point, name: str) -> str:
    return getattr(point, name) if name in ("distilled", "self_distilled") else name


def _error(scores: pd.DataFrame, predictor: str) -> Sequence[float]:
    rows = main_errors(scores)
    rows = rows[rows["predictor"] == predictor]
    if rows.empty:  # a study without such students
        return (np.nan, np.nan, np.nan)
    return rows.loc[rows["size"].idxmax(), ["measured", "low", "high"]].to_numpy(float)
