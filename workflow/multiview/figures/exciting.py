"""What excites the channel that matters most for a class, a row a class and seed (Section 5)."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from multiview import config
from multiview.figures import registry, style

SIDE = 0.52
"""Of a picture, in inches."""


def make(
    sources: registry.Sources, about: Mapping[str, Any], settings: config.Figures
) -> tuple[plt.Figure, pd.DataFrame]:
    """See `multiview.figures.registry.make`."""
    file = sources.one("exciting")
    table = file.pandas()
    figure = draw(table, file.provenance["shape"], settings)
    # As lists: an array is cut short when it is written as text.
    return figure, table.assign(x=[np.asarray(x, int).tolist() for x in table["x"]])


def draw(exciting: pd.DataFrame, shape: Sequence[int], settings: config.Figures) -> plt.Figure:
    """Draw the optimised image of each channel, then the test images that excite it most, with their class.

    Args:
        exciting: the table ``exciting``.
        shape: channels, height and width of an image.
        settings: the figures section of the config.
    """
    style.apply(settings)
    classes, seeds = sorted(exciting["class"].unique()), sorted(exciting["seed"].unique())
    pictures = exciting["rank"].max() + 1
    width = style.COLUMN if SIDE * pictures * len(classes) + 0.7 < style.COLUMN else style.PAGE
    side = min(1.0, (width - 0.7) / (pictures * len(classes)))
    figure = plt.figure(figsize=(width, (side + 0.16) * len(seeds) + 0.6))
    panels = figure.subfigures(1, len(classes), squeeze=False).flat
    for panel, class_ in zip(panels, classes, strict=True):
        axes = panel.subplots(len(seeds), pictures, squeeze=False)
        panel.suptitle(f"class {class_}", fontsize=settings.font_size)
        for axis_row, seed in zip(axes, seeds, strict=True):
            rows = exciting[(exciting["class"] == class_) & (exciting["seed"] == seed)].sort_values("rank")
            for axis, (_, row) in zip(axis_row, rows.iterrows(), strict=True):
                picture = np.asarray(row["x"], np.uint8).reshape(shape).transpose(1, 2, 0).squeeze()
                axis.imshow(picture, cmap="gray_r", interpolation="nearest", vmin=0, vmax=255)
                axis.set_xticks([])
                axis.set_yticks([])
                axis.spines[:].set_visible(row["rank"] == 0)
                small = settings.font_size - 2
                if row["rank"] == 0:
                    axis.set_ylabel(f"seed {seed}", fontsize=small)
                    axis.set_title("optimised" if seed == seeds[0] else "", fontsize=small, pad=2)
                elif row["label"] != class_:
                    axis.set_title(f"is a {row['label']}", fontsize=small, pad=2, color="C3")
    return figure
