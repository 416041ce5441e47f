"""The test images that single networks disagree on most: what seeds see differently."""

import matplotlib.pyplot as plt
import numpy as np

from multiview import config
from multiview.figures import style

ROWS, COLUMNS = 3, 8


def draw(images: np.ndarray, label: np.ndarray, logits: np.ndarray, settings: config.Figures) -> plt.Figure:
    """Draw images with their label, how many seeds are right, and what the ensemble of all says.

    Shown are those on which the share of seeds that are right is closest to a half.

    Args:
        images: uint8 ``[n, channels, h, w]``, test images.
        label: ``[n]``.
        logits: ``[seeds, n, k]``.
        settings: the figures section of the config.
    """
    style.apply(settings)
    right = (logits.argmax(axis=2) == label).mean(axis=0)
    together = logits.mean(axis=0).argmax(axis=1)
    shown = np.argsort(np.abs(right - 0.5), kind="stable")[: ROWS * COLUMNS]
    figure, axes = plt.subplots(ROWS, COLUMNS, figsize=(style.PAGE, 4.1))
    for axis in axes.flat:
        axis.set_axis_off()
    for axis, i in zip(axes.flat, shown, strict=False):
        axis.imshow(images[i].transpose(1, 2, 0).squeeze(), cmap="gray_r", interpolation="nearest")
        outcome = "right" if together[i] == label[i] else f"says {together[i]}"
        axis.set_title(
            f"class {label[i]}: {round(right[i] * len(logits))}/{len(logits)}\nensemble {outcome}",
            fontsize=settings.font_size - 1.5,
        )
    figure.suptitle("class: seeds that are right, and what their ensemble says", fontsize=settings.font_size)
    return figure
