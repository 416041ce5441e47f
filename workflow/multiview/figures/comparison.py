"""Networks that learn features beside models that do not, as in the paper's first figure: a panel a study."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd

from multiview import config
from multiview.figures import registry, style
from multiview.measure.errors import AXES, main_errors


def make(
    sources: registry.Sources, about: Mapping[str, Any], settings: config.Figures
) -> tuple[plt.Figure, dict[str, pd.DataFrame]]:
    """See `multiview.figures.registry.make`."""
    section = config.Comparison.model_validate(about["comparison"])
    scores = {file.provenance["study"]: file.pandas() for file in sources.all("scores")}
    return draw(section, scores, settings), scores


def draw(
    comparison: config.Comparison, scores: Mapping[str, pd.DataFrame], settings: config.Figures
) -> plt.Figure:
    """Draw the error of every predictor that all the studies have, with 95 % intervals.

    Args:
        comparison: that section of the config.
        scores: for each study its table ``scores``.
        settings: the figures section of the config.
    """
    colours = style.apply(settings)
    tables = {study: errors(scores[study]) for study in comparison.studies}
    shown = predictors(list(tables.values()))
    figure, axes = plt.subplots(
        1, len(tables), figsize=(style.PAGE, 0.26 * len(shown) + 1.1), sharey=True, squeeze=False
    )
    (error,) = {quantity for table in tables.values() for quantity in table["quantity"]}
    for axis, (study, table) in zip(axes.flat, tables.items(), strict=True):
        single = 100 * table.loc["single", "measured"]
        axis.axvline(single, color="0.3", linewidth=0.8, linestyle=":")
        for i, predictor in enumerate(shown):
            if predictor not in table.index:
                continue
            low, mean, high = 100 * table.loc[predictor, ["low", "measured", "high"]].to_numpy(float)
            axis.errorbar(
                mean,
                i,
                xerr=[[max(0, mean - low)], [max(0, high - mean)]],
                color=colours[i % len(colours)],
                marker=style.MARKERS[i % len(style.MARKERS)],
                markersize=4,
                capsize=2,
                linewidth=1,
            )
        axis.set(title=comparison.studies[study], ylim=(len(shown) - 0.5, -0.5))
        # Each panel has its own scale, for errors differ much, from zero on, with room for a mark there.
        axis.set_xlim(-0.03 * axis.get_xlim()[1])
        axis.grid(axis="y", color="0.92", linewidth=0.6)
    sizes = [int(table.loc["ensemble", "size"]) for table in tables.values()]
    names = [
        style.label(p, sizes[0])
        if p != "ensemble" or len(set(sizes)) == 1
        else f"ensemble of {', '.join(map(str, sizes))}"
        for p in shown
    ]
    axes[0, 0].set_yticks(range(len(shown)), names)
    figure.supxlabel(f"{AXES[error]} [%]", fontsize=settings.font_size)
    figure.suptitle(comparison.title, fontsize=settings.font_size)
    return figure


def errors(scores: pd.DataFrame) -> pd.DataFrame:
    """For each predictor, at its largest size, the error with its interval; the index is the predictor."""
    largest = scores[scores["size"] == scores.groupby("predictor")["size"].transform("max")]
    return main_errors(largest).set_index("predictor")


def predictors(tables: Sequence[pd.DataFrame]) -> list[str]:
    """What is shown: single networks and ensembles, students by their name, the average trained end to end."""
    names = dict.fromkeys(name for table in tables for name in table.index)
    own = [name for name in names if not name.startswith(("teacher_of_", "ensemble_of_", "best"))]
    middle = [name for name in own if name not in ("single", "ensemble", "joint")]
    in_common = [name for name in middle if sum(name in table.index for table in tables) > 1]
    return ["single", "ensemble", *in_common, *[name for name in ("joint",) if name in own]]
