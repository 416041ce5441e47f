"""Pictures with two known views: samples of each kind, as networks see them."""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from multiview import config
from multiview.data import base
from multiview.figures import registry, style

SHOWN = 4
"""Samples of each kind."""
ROWS = {"train": ("multi-view", "single-view"), "test_view_1": ("multi-view",), "test_view_2": ("multi-view",)}
"""The splits that samples are taken of, and their kinds."""


def make(
    sources: registry.Sources, about: Mapping[str, Any], settings: config.Figures
) -> tuple[plt.Figure, pd.DataFrame]:
    """See `multiview.figures.registry.make`."""
    (samples,), (images,) = sources.files["samples"], sources.files["images"]
    splits, record = base.read(samples, images)
    rows = []
    for name, kinds in ROWS.items():
        split = splits[name]
        for kind in kinds:
            places = np.flatnonzero(split.kind == kind)[:SHOWN]
            what = f"{kind}" if name == "train" else f"{name.removeprefix('test_').replace('_', ' ')} alone"
            rows += [(what, name, int(i), int(split.label[i]), int(split.strong_view[i])) for i in places]
    table = pd.DataFrame(rows, columns=["shown", "split", "sample", "label", "strong_view"])
    pictures = [splits[row.split].x[row.sample] for row in table.itertuples()]
    return draw(table, pictures, record["config"]["layout"], settings), table


def draw(table: pd.DataFrame, pictures: list[np.ndarray], layout: str, settings: config.Figures) -> plt.Figure:
    """Draw a row of samples for each of what is shown, the first view to the left of the second.

    Args:
        table: columns ``shown``, ``label`` and ``strong_view`` (0: both), a row a sample.
        pictures: bytes ``[channels, h, w]`` of each.
        layout: of the dataset.
        settings: the figures section of the config.
    """
    style.apply(settings)
    names = list(dict.fromkeys(table["shown"]))
    figure, axes = plt.subplots(len(names), SHOWN, figsize=(style.PAGE, 0.95 * len(names)), squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    for name, row in zip(names, axes, strict=True):
        for axis, i in zip(row, np.flatnonzero(table["shown"] == name), strict=False):
            first, second = np.split(pictures[i], 2, axis=0 if layout == "channels" else 2)
            seen = np.concatenate([first, second], axis=2).transpose(1, 2, 0)
            axis.imshow(seen[:, :, 0] if seen.shape[2] == 1 else seen, cmap="gray", vmin=0, vmax=255)
            axis.axvline(first.shape[2] - 0.5, color="0.5", linewidth=0.6)
            strong = table["strong_view"].iloc[i]
            title = f"class {table['label'].iloc[i]}" + (f", strong view {strong}" if strong else "")
            axis.set_title(title, pad=2)
        row[0].set_axis_on()
        row[0].set(xticks=[], yticks=[], ylabel=name)
        for spine in row[0].spines.values():
            spine.set_visible(False)
    return figure
