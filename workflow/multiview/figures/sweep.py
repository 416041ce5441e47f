"""Sweeps: the error over a parameter, a panel each; of theory, where the theorems' regime begins and ends."""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from multiview import config
from multiview.figures import registry, style
from multiview.measure.errors import main_errors

MARKERS = "os^D"
ERRORS = ("single", "ensemble", "distilled", "self_distilled")
TIES = "ties"
"""Races of single networks that end with both views of the class learned, as a share of all."""


def make(
    sources: registry.Sources, about: Mapping[str, Any], settings: config.Figures
) -> tuple[plt.Figure, pd.DataFrame]:
    """See `multiview.figures.registry.make`."""
    sweeps = {name: config.Sweep.model_validate(sweep) for name, sweep in about["sweeps"].items()}
    scores, learned = (
        {file.provenance["study"]: file.pandas() for file in sources.all(kind)} for kind in ("scores", "learned")
    )
    points = table(sweeps, scores, learned)
    return draw(points, sweeps, settings), points


def table(
    sweeps: Mapping[str, config.Sweep], scores: Mapping[str, pd.DataFrame], learned: Mapping[str, pd.DataFrame]
) -> pd.DataFrame:
    """A row for each point of each sweep and each quantity there.

    Args:
        sweeps: that section of the config.
        scores: the table ``scores`` of every study in them.
        learned: the table ``learned`` of every study in them that has views.

    Returns:
        ``sweep``, ``value`` (infinite for the limit), ``quantity`` (the error of single, ensemble, distilled and
        self_distilled; in theory on single-view samples, and ties), ``measured``, and ``low`` and ``high`` of an
        error.
    """
    rows = []
    for name, sweep in sweeps.items():
        places = [(point.value, point.study, point) for point in sweep.points]
        if sweep.limit:
            places.append((np.inf, sweep.limit, None))
        for value, study, point in sorted(places, key=lambda place: place[0]):
            for quantity in ERRORS:
                predictor = getattr(point, quantity, quantity)
                rows.append((name, value, quantity, *_error(scores[study], predictor)))
            if study in learned:
                single = learned[study].query("predictor == 'single'")
                ties = single.groupby(["seed", "class"])["learned"].all().mean()
                rows.append((name, value, TIES, ties, np.nan, np.nan))
    return pd.DataFrame(rows, columns=["sweep", "value", "quantity", "measured", "low", "high"])


def draw(measured: pd.DataFrame, sweeps: Mapping[str, config.Sweep], settings: config.Figures) -> plt.Figure:
    """Draw the errors on single-view samples and the share of ties over each parameter.

    The line is half of the single-view samples, a single network's error where no race is tied. A limit is dashed.

    Args:
        measured: from `table`.
        sweeps: that section of the config.
        settings: the figures section of the config.
    """
    colours = style.apply(settings)
    columns = min(2, len(sweeps))
    rows = -(-len(sweeps) // columns)
    size = (style.PAGE if columns > 1 else style.COLUMN, 0.5 + 2.2 * rows)
    figure, axes = plt.subplots(rows, columns, figsize=size, sharey=True, squeeze=False)
    for axis, (name, sweep) in zip(axes.flat, sweeps.items(), strict=False):
        of_sweep = measured[(measured["sweep"] == name) & np.isfinite(measured["value"])]
        limit = measured[(measured["sweep"] == name) & np.isinf(measured["value"])]
        limit = limit.set_index("quantity")["measured"]
        for i, quantity in enumerate(ERRORS):
            points = of_sweep[(of_sweep["quantity"] == quantity) & of_sweep["measured"].notna()]
            if points.empty:
                continue
            mean = points["measured"]
            axis.errorbar(
                points["value"],
                mean,
                np.maximum([mean - points["low"], points["high"] - mean], 0),
                color=colours[i],
                marker=MARKERS[i],
                markersize=3.5,
                linewidth=1,
                capsize=2,
                label=quantity.replace("_", " "),
            )
            if quantity in limit:
                axis.axhline(limit[quantity], color=colours[i], linestyle="--", linewidth=0.8)
        ties = of_sweep[of_sweep["quantity"] == TIES]
        if len(ties):
            axis.axhline(0.5, color="0.7", linewidth=0.8)
            axis.plot(
                ties["value"], ties["measured"], color="0.4", marker="x", markersize=3.5, linewidth=0.8, label=TIES
            )
            if TIES in limit:
                axis.axhline(limit[TIES], color="0.4", linestyle="--", linewidth=0.8)
        axis.set(xlabel=sweep.label, xscale=sweep.scale)
        values = of_sweep["value"].unique()
        axis.set_xticks(values, [f"{value:g}" for value in values])
        axis.minorticks_off()
    axes[0, 0].set_ylim(bottom=0)  # of all, after the last has drawn: the axis is shared
    for axis in axes.flat[len(sweeps) :]:
        axis.set_visible(False)
    with_views = measured.loc[measured["quantity"] == TIES, "sweep"].unique()
    label = "error on single-view\nsamples; share of ties" if len(with_views) else "error"
    if 0 < len(with_views) < len(sweeps):
        label = "error (with views: on\nsingle-view samples)"
    for axis in axes[:, 0]:
        axis.set_ylabel(label)
    handles = {}
    for axis in axes.flat:
        handles |= {label: handle for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)}
    figure.legend(handles.values(), handles, loc="outside upper center", ncol=5 if columns > 1 else 3)
    return figure


def _error(scores: pd.DataFrame, predictor: str) -> tuple[float, float, float]:
    rows = main_errors(scores)
    rows = rows[rows["predictor"] == predictor]
    if rows.empty:  # a study without such students
        return (np.nan, np.nan, np.nan)
    return tuple(rows.loc[rows["size"].idxmax(), ["measured", "low", "high"]].to_numpy(float))
