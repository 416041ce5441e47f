"""What the networks of several seeds look at (Section 5): how alike features are, and what excites them."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from multiview import config
from multiview.networks.registry import EVALUATION_BATCH, GREY_LEVELS, Standardised


def embed(network: Standardised, images: Tensor) -> Tensor:
    """What the last layer sees of images ``[n, channels, h, w]``: ``[n, features]``."""
    with torch.inference_mode():
        parts = [network.network.embed(network.standardise(part)) for part in images.split(EVALUATION_BATCH)]
    return torch.cat(parts)


def linear_cka(first: np.ndarray, second: np.ndarray) -> float:
    """Linear centred kernel alignment (arXiv 1905.00414) of features ``[n, a]`` and ``[n, b]`` of n samples.

    ``||Y^T X||^2 / (||X^T X|| ||Y^T Y||)`` with centred columns: 1 if they are equal up to rotation and scale.
    0 where features do not vary.
    """
    x, y = (features - features.mean(axis=0) for features in (first.astype(np.float64), second.astype(np.float64)))
    scale = np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y)
    return float(np.linalg.norm(y.T @ x) ** 2 / scale) if scale > 0 else 0.0


def similarity_rows(features: Mapping[int, np.ndarray], trained: bool) -> list[dict]:
    """Rows of the table ``similarity``: the CKA of every two seeds."""
    return [
        {"trained": trained, "seed": seed, "other": other, "cka": linear_cka(features[seed], features[other])}
        for seed in features
        for other in features
    ]


def most_important(network: Standardised, features: Tensor, label: Tensor, class_: int) -> int:
    """The channel that adds most to a class's logit, on average over the samples of that class.

    `features` ``[n, channels]`` are what the network's last layer weighs, `label` is ``[n]``.
    """
    weight = network.network.linear.weight.detach()[class_]
    return int((weight * features[label == class_].mean(dim=0)).argmax())


def optimise(
    network: Standardised, channel: int, start: Tensor, steps: int, step_size: float
) -> tuple[Tensor, float]:
    """The image that excites a channel of ``embed`` most, by gradient ascent within the range of pixels.

    From `start` ``[channels, h, w]`` in ``[0, 1]``, each step has the norm `step_size`, in grey levels of 0
    to 1; after each, pixels are cut off at 0 and 1. The image is uint8; its activation comes with it.
    """
    image = start.clone()
    for _ in range(steps):
        image.requires_grad_(True)
        activation = network.network.embed(network.standardise(image[None]))[0, channel]
        (gradient,) = torch.autograd.grad(activation, image)
        norm = gradient.norm()
        image = image.detach()
        if norm == 0:  # a ReLU that is shut tells no direction
            break
        image = (image + step_size * gradient / norm).clamp(0, 1)
    pixels = (image * GREY_LEVELS).round().to(torch.uint8)
    return pixels, float(embed(network, pixels[None])[0, channel])


def exciting_rows(
    network: Standardised,
    seed: int,
    class_: int,
    train: tuple[Tensor, Tensor],
    test: tuple[Tensor, Tensor],
    settings: config.Features,
) -> list[dict]:
    """Rows of the table ``exciting``: what excites the most important channel of a class in a trained network.

    `train` and `test` are images and labels. By the former the channel is chosen, and the ascent starts at the
    mean of the class; of the latter those that excite the channel most are taken.
    """
    images, label = train
    channel = most_important(network, embed(network, images), label, class_)
    activation = embed(network, test[0])[:, channel]
    order = activation.argsort(descending=True, stable=True)[: settings.images]
    start = images[label == class_].float().mean(dim=0) / GREY_LEVELS
    pixels, reached = optimise(network, channel, start, settings.steps, settings.step_size)
    about = {"class": class_, "seed": seed, "channel": channel}
    shown = [(reached, class_, pixels), *((float(activation[i]), int(test[1][i]), test[0][i]) for i in order)]
    return [
        about | {"rank": rank, "activation": reached, "label": label, "x": image.flatten().numpy()}
        for rank, (reached, label, image) in enumerate(shown)
    ]
