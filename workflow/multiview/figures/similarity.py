"""How alike the features of seeds are, by linear CKA, beside what they are before any training (Section 5)."""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns

from multiview import config
from multiview.figures import registry, style


def make(
    sources: registry.Sources, about: Mapping[str, Any], settings: config.Figures
) -> tuple[plt.Figure, pd.DataFrame]:
    """See `multiview.figures.registry.make`."""
    table = sources.pandas("similarity")
    return draw(table, settings), table


def draw(similarity: pd.DataFrame, settings: config.Figures) -> plt.Figure:
    """Draw the CKA of the last layer's inputs for every two seeds, trained (left) and at the start (right).

    Args:
        similarity: the table ``similarity``.
        settings: the figures section of the config.
    """
    style.apply(settings)
    figure, axes = plt.subplots(1, 2, figsize=(style.PAGE, 3.2))
    few = similarity["seed"].nunique() <= 12
    for axis, (trained, name) in zip(axes, ((True, "trained"), (False, "at the start")), strict=True):
        table = similarity[similarity["trained"] == trained]
        apart = table[table["seed"] != table["other"]]["cka"]
        sns.heatmap(
            table.pivot(index="seed", columns="other", values="cka"),
            ax=axis,
            cmap="cividis",
            vmin=min(0.0, similarity["cka"].min()),
            vmax=1,
            annot=few,
            fmt=".2f",
            annot_kws={"size": settings.font_size - 2.5},
            square=True,
            cbar=trained is False,
            cbar_kws={"label": "linear CKA of the features"},
            linewidths=0.3,
        )
        axis.set(xlabel="seed", ylabel="seed")
        axis.set_title(f"{name}: {apart.mean():.2f} between seeds (mean)", fontsize=settings.font_size)
        axis.tick_params(length=0)
    return figure
