"""How often single networks, which differ in their seeds alone, say the same of a test image."""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from multiview import config
from multiview.figures import registry, style


def make(
    sources: registry.Sources, about: Mapping[str, Any], settings: config.Figures
) -> tuple[plt.Figure, pd.DataFrame]:
    """See `multiview.figures.registry.make`."""
    table = sources.pandas("agreement")
    return draw(table, settings), table


def draw(agreement: pd.DataFrame, settings: config.Figures) -> plt.Figure:
    """Draw, for every pair of seeds, how often they differ (left) and are both wrong (right).

    The diagonal on the right is the error of each seed.

    Args:
        agreement: the table ``agreement``.
        settings: the figures section of the config.
    """
    style.apply(settings)
    figure, axes = plt.subplots(1, 2, figsize=(style.PAGE, 3.1))
    panels = (("differ", 1 - agreement["same"]), ("both_wrong", agreement["both_wrong"]))
    titles = ("they differ on [% of test images]", "both are wrong on [% of test images]")
    for axis, title, (name, values) in zip(axes, titles, panels, strict=True):
        square = agreement.assign(**{name: 100 * values}).pivot(index="seed", columns="other", values=name)
        hidden = np.triu(np.ones(square.shape, bool), k=0 if name == "differ" else 1)
        mesh = style.heatmap(axis, square.mask(hidden), ".1f", settings.font_size - 2)
        figure.colorbar(mesh, ax=axis, label=title).outline.set_visible(False)
    return figure
