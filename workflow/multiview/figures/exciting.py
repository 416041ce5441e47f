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
ACROSS = 1.2
"""From one picture to the next, in their widths."""


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
    pictures = int(exciting["rank"].max()) + 1
    width = style.COLUMN if SIDE * pictures * len(classes) + 0.7 < style.COLUMN else style.PAGE
    side = min(1.0, (width - 0.7) / (ACROSS * pictures * len(classes)))
    high = shape[1] / shape[2]
    down = high + 0.2 / side
    small = settings.font_size - 2
    # All pictures of a class on one axis: an axis for each takes three times as long.
    figure, axes = plt.subplots(1, len(classes), figsize=(width, side * down * len(seeds) + 0.3), squeeze=False)
    for axis, class_ in zip(axes.flat, classes, strict=True):
        for row in exciting[exciting["class"] == class_].itertuples():
            x, y = ACROSS * row.rank, down * seeds.index(row.seed)
            picture = np.asarray(row.x, np.uint8).reshape(shape).transpose(1, 2, 0).squeeze()
            extent = (x, x + 1, y + high, y)
            axis.imshow(picture, cmap="gray_r", interpolation="nearest", vmin=0, vmax=255, extent=extent)
            text, colour = f"is a {row.label}" if row.label != class_ else "", "C3"
            if row.rank == 0:
                axis.add_patch(plt.Rectangle((x, y), 1, high, fill=False, edgecolor="0.15", clip_on=False))
                text, colour = "optimised" if row.seed == seeds[0] else "", None
            if text:
                axis.text(x + 0.5, y - 0.06, text, ha="center", va="bottom", fontsize=small, color=colour)
        axis.set(xlim=(0, ACROSS * (pictures - 1) + 1), ylim=(down * (len(seeds) - 1) + high, 0), xticks=[])
        at = down * np.arange(len(seeds)) + high / 2
        axis.set_yticks(at, [f"seed {seed}" for seed in seeds], rotation=90, va="center", fontsize=small)
        axis.tick_params(length=0)
        axis.spines[:].set_visible(False)
        axis.set_title(f"class {class_}", pad=16)
    return figure
