"""Networks without shortcuts: fully connected, plain convolutional, and in the style of VGG."""

import math

import torch
from torch import Tensor, nn

from multiview import config


class _Network(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        """Images ``[n, channels, h, w]`` to logits ``[n, k]``."""
        return self.linear(self.embed(x))


class _Convolutional(_Network):
    """Convolutions, the mean over what is left of the image, a linear layer."""

    def __init__(self, features: nn.Sequential, size: int, classes: int):
        super().__init__()
        self.features = features
        self.linear = nn.Linear(size, classes)
        for module in features:
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")

    @property
    def trunk(self) -> nn.Sequential:
        """The modules that an image passes before the mean."""
        return self.features

    def embed(self, x: Tensor) -> Tensor:
        """What the last layer sees of images ``[n, channels, h, w]``: ``[n, features]``."""
        return self.features(x).mean(dim=(2, 3))


class CNN(_Convolutional):
    """For each entry of `channels` a 3x3 convolution and ReLU; the image is halved between them.

    Raises:
        ConfigError: if the channels of an image cannot be shared out among the branches.
    """

    def __init__(self, settings: config.CNN, channels: int, classes: int):
        branches = settings.branches
        if channels % branches:
            raise config.ConfigError(
                f"network.branches is {branches}, but images have {channels} channel(s), no multiple of it"
            )
        layers, size = [], channels
        for i, width in enumerate(settings.channels):
            layers += [nn.MaxPool2d(2, ceil_mode=True)] if i else []
            layers += [nn.Conv2d(size, width * branches, 3, padding=1, groups=branches), nn.ReLU()]
            size = width * branches
        super().__init__(nn.Sequential(*layers), size, classes)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter *= settings.init_scale


class VGG(_Convolutional):
    """Blocks of 3x3 convolutions with batch normalisation and ReLU, the image halved between them.

    After Simonyan and Zisserman (arXiv 1409.1556); its three fully connected layers are one here, as is usual for
    small images.
    """

    def __init__(self, settings: config.VGG, channels: int, classes: int):
        layers, size = [], channels
        for i, (width, number) in enumerate(zip(settings.channels, settings.convolutions, strict=True)):
            layers += [nn.MaxPool2d(2, ceil_mode=True)] if i else []
            for _ in range(number):
                layers += [nn.Conv2d(size, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
                size = width
        super().__init__(nn.Sequential(*layers), size, classes)


class MLP(_Network):
    """A linear layer and ReLU for each entry of `hidden`, then a linear layer; without any it is linear."""

    def __init__(self, settings: config.MLP, size: int, classes: int):
        super().__init__()
        layers = [nn.Flatten()]
        for width in settings.hidden:
            layers += [nn.Linear(size, width), nn.ReLU()]
            nn.init.kaiming_normal_(layers[-2].weight, nonlinearity="relu")
            nn.init.zeros_(layers[-2].bias)
            size = width
        self.trunk = nn.Sequential(*layers)
        self.linear = nn.Linear(size, classes)

    def embed(self, x: Tensor) -> Tensor:
        """What the last layer sees of inputs ``[n, channels, h, w]``: ``[n, features]``."""
        return self.trunk(x)


def build(settings: config.CNN | config.VGG | config.MLP, shape: torch.Size, classes: int) -> nn.Module:
    """The network that a section of the config describes, for images of a shape ``[channels, h, w]``."""
    if settings.kind == "mlp":
        return MLP(settings, math.prod(shape), classes)
    return (CNN if settings.kind == "cnn" else VGG)(settings, shape[0], classes)
