"""Wide residual networks for small images (Zagoruyko and Komodakis, arXiv 1605.07146), used in Section 5."""

import torch
from torch import Tensor, nn

from multiview import config

STEM = 16
STAGES = ((16, 1), (32, 2), (64, 2))
"""Channels of a stage at width 1, and the stride of its first block."""


class Block(nn.Module):
    """Two 3x3 convolutions, each after batch normalisation and ReLU, beside a shortcut."""

    def __init__(self, channels_in: int, channels: int, stride: int):
        super().__init__()
        self.norm1 = nn.BatchNorm2d(channels_in)
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        same = channels_in == channels and stride == 1
        self.shortcut = None if same else nn.Conv2d(channels_in, channels, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """``[n, channels_in, h, w]`` to ``[n, channels, h / stride, w / stride]``."""
        active = torch.relu(self.norm1(x))
        # Where the shape changes the shortcut starts after the activation, as in the published code.
        beside = x if self.shortcut is None else self.shortcut(active)
        return beside + self.conv2(torch.relu(self.norm2(self.conv1(active))))


class WideResNet(nn.Module):
    """WRN-depth-width: three stages of ``(depth - 4) / 6`` blocks, the mean over the image, a linear layer."""

    def __init__(self, channels: int, classes: int, depth: int, width: int):
        super().__init__()
        blocks, size = [nn.Conv2d(channels, STEM, 3, padding=1, bias=False)], STEM
        for base, stride in STAGES:
            for i in range((depth - 4) // 6):
                blocks.append(Block(size, base * width, stride if i == 0 else 1))
                size = base * width
        self.blocks = nn.Sequential(*blocks)
        self.norm = nn.BatchNorm2d(size)
        self.linear = nn.Linear(size, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        nn.init.zeros_(self.linear.bias)

    @property
    def trunk(self) -> nn.Sequential:
        """The modules that an image passes before the last activation."""
        return self.blocks

    def embed(self, x: Tensor) -> Tensor:
        """What the last layer sees of images ``[n, channels, h, w]``: ``[n, features]``."""
        return torch.relu(self.norm(self.blocks(x))).mean(dim=(2, 3))

    def forward(self, x: Tensor) -> Tensor:
        """Images ``[n, channels, h, w]`` to logits ``[n, k]``."""
        return self.linear(self.embed(x))


def build(settings: config.WideResNet, shape: torch.Size, classes: int) -> nn.Module:
    """The network that a section of the config describes, for images of a shape ``[channels, h, w]``."""
    return WideResNet(shape[0], classes, settings.depth, settings.width)
