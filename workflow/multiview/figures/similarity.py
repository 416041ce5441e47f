"""How alike the features of seeds are, by linear CKA, beside what they are before any training (Section 5)."""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd

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
    low = min(0.0, similarity["cka"].min())
    for axis, (trained, name) in zip(axes, ((True, "trained"), (False, "at the start")), strict=True):
        table = similarity[similarity["trained"] == trained]
        apart = table[table["seed"] != table["other"]]["cka"]
        square = table.pivot(index="seed", columns="other", values="cka")
        mesh = style.heatmap(axis, square, ".2f", settings.font_size - 2.5, vmin=low, vmax=1)
        axis.set_title(f"{name}: {apart.mean():.2f} between seeds (mean)", fontsize=settings.font_size)
    figure.colorbar(mesh, ax=axes[1], label="linear CKA of the features").outline.set_visible(False)
    return figure
