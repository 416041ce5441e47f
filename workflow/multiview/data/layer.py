"""A layer of a trained network as a dataset (Section 5), to see whether its channels are views too."""

from collections.abc import Mapping

import numpy as np
import torch

from multiview import config
from multiview.data.base import Dataset, Split
from multiview.networks.registry import EVALUATION_BATCH, Standardised


def cut(network: Standardised, splits: Mapping[str, Split], classes: int, settings: config.Layer) -> Dataset:
    """What a layer says of the samples of a dataset, in place of their images.

    Channels and training samples that are left out are drawn by the seed of the settings; those of a smaller
    share are among those of a larger one.

    `network` is trained and in evaluation mode, so that batch normalisation goes by its running statistics. Splits
    but ``train`` stay whole. Inputs are then float32 ``[n, channels, h, w]``.
    """
    channel_rng, sample_rng = map(np.random.default_rng, np.random.SeedSequence(settings.seed).spawn(2))
    trunk = network.network.trunk[: settings.layers]
    cut_splits, channels = {}, None
    for name, split in splits.items():
        rows = np.arange(len(split.label))
        if name == "train":
            rows = _share(len(rows), settings.train_share, sample_rng)
        images = torch.from_numpy(np.array(split.x[rows]))
        with torch.inference_mode():
            parts = [trunk(network.standardise(part)).numpy() for part in images.split(EVALUATION_BATCH)]
        x = np.concatenate(parts)
        channels = _share(x.shape[1], settings.channels, channel_rng) if channels is None else channels
        cut_splits[name] = Split(x[:, channels], split.label[rows], split.kind[rows], split.strong_view[rows])
    return Dataset(classes, cut_splits, {})


def _share(n: int, share: float, rng: np.random.Generator) -> np.ndarray:
    """At least one of ``range(n)``, ascending: the first of a random order."""
    return np.sort(rng.permutation(n)[: max(1, round(share * n))])
