"""Networks for images, built as the config says, and what is put around all of them.

The section of a kind in `config/networks.py` names the module beside this one that builds it; kinds may share one.
"""

from collections.abc import Sequence
from importlib import import_module

import numpy as np
import torch
from torch import Tensor, nn

from multiview import config
from multiview.runtime import devices

GREY_LEVELS = 255
"""Bytes are divided by it, so that pixels are 0 to 1; inputs that are no bytes are taken as they are."""
EVALUATION_BATCH = 512
"""Images a batch where logits are computed, which needs no gradients; it has no influence on them."""


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

    def __init__(self, networks: Sequence[nn.Module]):
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


class Forwarded(Average):
    """The average of trained networks, frozen, on the student's device: a teacher that is asked in every step.

    It says of the very images that its student sees what labelling every augmentation beforehand would have
    written down (`copies: all`), where these are too many (`multiview.runtime.resources.labels_are_stored`).
    """

    def __init__(self, networks: Sequence[nn.Module]):
        super().__init__(networks)
        self.requires_grad_(False)

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        """Images to the mean of the logits, float32 ``[n, k]``, without autocast, as labels are made."""
        self.networks.eval()
        with torch.autocast(x.device.type, enabled=False):
            return super().forward(x)


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


def logits_of(network: nn.Module, images: Tensor, accelerator: str = "auto") -> np.ndarray:
    """Logits float32 ``[n, k]`` of a trained network for uint8 `images` ``[n, channels, h, w]``, without autocast.

    A GPU may multiply in TF32 in convolutions, as PyTorch lets it by default.
    """
    device = torch.device(devices.type_of(accelerator))
    network = network.to(device).eval()
    with torch.inference_mode():
        parts = [network(part.to(device)).cpu() for part in images.split(EVALUATION_BATCH)]
    network.cpu()
    return torch.cat(parts).numpy()
