"""Networks for images, built as the config says, and what is put around all of them.

The section of a kind in `config/networks.py` names the module beside this one that builds it; kinds may share one.
"""

from importlib import import_module

import torch
from torch import Tensor, nn

from multiview import config

GREY_LEVELS = 255
"""Bytes are divided by it, so that pixels are 0 to 1; inputs that are no bytes are taken as they are."""


class Standardised(nn.Module):
    """A network behind the standardisation of its inputs, whose mean and deviation are kept with its weights."""

    def __init__(self, network: nn.Module, mean: Tensor, deviation: Tensor):
        super().__init__()
        self.network = network
        self.register_buffer("mean", mean.view(1, -1, 1, 1))
        self.register_buffer("deviation", deviation.view(1, -1, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        """Images ``[n, channels, h, w]``, bytes or numbers, to logits ``[n, k]``."""
        return self.network(self.standardise(images))

    @property
    def keeps_features(self) -> bool:
        """Whether what the last layer sees of an image is the same throughout training."""
        networks = getattr(self.network, "networks", [self.network])
        return all(hasattr(network, "of_features") for network in networks)

    def features(self, images: Tensor) -> Tensor:
        """That, of networks that keep it."""
        return self.network.features(self.standardise(images))

    def of_features(self, features: Tensor) -> Tensor:
        """These to logits ``[n, k]``."""
        return self.network.of_features(features)

    def standardise(self, images: Tensor) -> Tensor:
        """The inputs of the network itself."""
        return (images.float() / _unit(images) - self.mean) / self.deviation


def _unit(images: Tensor) -> int:
    return 1 if images.is_floating_point() else GREY_LEVELS


class Average(nn.Module):
    """The average of the logits of networks, as one network that is trained end to end (Section 5)."""

    def __init__(self, networks: list[nn.Module]):
        super().__init__()
        self.networks = nn.ModuleList(networks)

    def forward(self, x: Tensor) -> Tensor:
        """Inputs to the mean of the logits ``[n, k]``."""
        return torch.stack([network(x) for network in self.networks]).mean(dim=0)

    def features(self, x: Tensor) -> Tensor:
        """Of every network: ``[n, networks, features]``."""
        return torch.stack([network.features(x) for network in self.networks], dim=1)

    def of_features(self, features: Tensor) -> Tensor:
        """These to the mean of the logits ``[n, k]``."""
        said = [network.of_features(features[:, i]) for i, network in enumerate(self.networks)]
        return torch.stack(said).mean(dim=0)


def bare(settings: config.ImageNetwork, shape: torch.Size, classes: int) -> nn.Module:
    """Build a network for images of a shape, as its own module does.

    It has a ``trunk`` of modules that images pass one after the other, a last layer ``linear``, and ``embed``,
    which gives what that layer sees.
    """
    # By name, as the one in use alone is in the digest of the code (`multiview.store.code`).
    return import_module(f"multiview.networks.{settings.module}").build(settings, shape, classes)


def build(
    settings: config.ImageNetwork, images: Tensor, classes: int, seed: int, networks: int = 1
) -> Standardised:
    """Build a network.

    Args:
        images: ``[n, channels, h, w]``, the training images, by whose channels images are standardised.
        seed: of its initialisation.
        networks: if more than 1, the average of so many.
    """
    pixels = images.transpose(0, 1).flatten(1).double() / _unit(images)
    deviation = pixels.std(dim=1).clamp(min=1 / GREY_LEVELS)  # a channel without contrast stays without it
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        built = [bare(settings, images.shape[1:], classes) for _ in range(networks)]
    whole = Standardised(nn.Identity(), pixels.mean(dim=1).float(), deviation.float())
    if settings.regime != "learned":
        linearised = import_module("multiview.networks.linearised")
        built = [linearised.frozen(network, settings.regime, whole(images)) for network in built]
    whole.network = built[0] if networks == 1 else Average(built)
    return whole
