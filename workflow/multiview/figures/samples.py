"""A sample of each kind as a picture: which view its patches carry, and how strongly (Section 2)."""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.colors import LogNorm

from multiview import config
from multiview.figures import registry, style

KINDS = ("multi-view", "single-view")


def shown(samples: pd.DataFrame) -> pd.DataFrame:
    """The first training sample of each kind, of the table ``samples``."""
    train = samples[samples["split"] == "train"]
    return train[train["kind"].isin(KINDS)].groupby("kind", sort=False).head(1)


def make(
    sources: registry.Sources, about: Mapping[str, Any], settings: config.Figures
) -> tuple[plt.Figure, dict[str, pd.DataFrame]]:
    """See `multiview.figures.registry.make`."""
    samples, patches = (sources.pandas(name) for name in ("samples", "patches"))
    table = shown(samples)
    carried = patches.merge(table[["split", "sample"]])
    return draw(table, patches, settings), {"samples": table, "patches": carried}


def draw(samples: pd.DataFrame, patches: pd.DataFrame, settings: config.Figures) -> plt.Figure:
    """Draw a sample of each kind in view coordinates.

    Args:
        samples: those that `shown` gives.
        patches: the table ``patches``.
        settings: the figures section of the config.
    """
    style.apply(settings)
    classes = int(patches["class"].max()) + 1
    figure, axes = plt.subplots(1, 2, figsize=(style.PAGE, 3.4), sharey=True)
    low = patches.loc[patches["z"] > 0, "z"].min()
    norm = LogNorm(vmin=low, vmax=patches["z"].max())
    for axis, kind in zip(axes, KINDS, strict=True):
        sample = samples[samples["kind"] == kind].iloc[0]
        own = patches[(patches["split"] == "train") & (patches["sample"] == sample["sample"])]
        carried = own[own["view"] > 0]
        grid = np.full((2 * classes, len(own)), np.nan)
        grid[2 * carried["class"] + carried["view"] - 1, carried["patch"]] = carried["z"]
        label = int(sample["label"])
        # The sample's own class as a band behind its two rows.
        axis.axhspan(2 * label, 2 * label + 2, color="0.88", zorder=0)
        mesh = axis.pcolormesh(grid, norm=norm, cmap="viridis_r", zorder=1)
        axis.set(
            xlim=(0, len(own)),
            ylim=(2 * classes, 0),
            xlabel="patch $p$",
            title=f"{kind} sample of class {label}",
        )
        # pcolormesh draws cell i from i to i + 1: labels go to the middle of a class's two rows.
        axis.set_yticks(np.arange(classes) * 2 + 1, range(classes))
        every = max(1, len(own) // 8)
        axis.set_xticks(np.arange(0, len(own), every) + 0.5, np.arange(0, len(own), every) + 1)
        for row in range(0, 2 * classes + 1, 2):
            axis.axhline(row, color="0.85", linewidth=0.4, zorder=0)
    axes[0].set_ylabel("class $j$ (upper row view 1, lower row view 2)")
    bar = figure.colorbar(mesh, ax=axes, label="strength $z_p$ of the view in the patch", pad=0.01)
    ticks = [t for t in (0.05, 0.1, 0.2, 0.5, 1, 2, 4) if low <= t <= norm.vmax]
    bar.set_ticks(ticks, labels=[f"{t:g}" for t in ticks])
    bar.minorticks_off()
    return figure
