"""Augmentation of images: crops of a padded image, mirrored or not, drawn once for teachers and students alike."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from multiview import config


@dataclass(frozen=True)
class Copies:
    """Augmented copies of images: how each is cropped and mirrored.

    A teacher says what it makes of each copy, so that a student learns of the very image that it sees.

    Attributes:
        offset: int64 ``[copies, n, 2]``, row and column of the crop in the padded image.
        flip: bool ``[copies, n]``.
        every: the augmentation of which these are all that there are, or None.
    """

    offset: Tensor
    flip: Tensor
    every: config.Augmentation | None = None

    @staticmethod
    def all(augmentation: config.Augmentation, n: int) -> "Copies":
        """Every augmentation of each of `n` images, in the order of `number`."""
        places = torch.arange(2 * augmentation.crop_padding + 1)
        flips = torch.arange(1 + augmentation.flip)
        row, column, flip = (axis.flatten() for axis in torch.meshgrid(places, places, flips, indexing="ij"))
        offset = torch.stack([row, column], dim=1)
        return Copies(offset[:, None].expand(-1, n, 2), flip.bool()[:, None].expand(-1, n), augmentation)

    def number(self, offset: Tensor, flip: Tensor) -> Tensor:
        """Which of all copies an augmentation is: int64 ``[b]`` of ``offset [b, 2]`` and ``flip [b]``."""
        place = offset[:, 0] * (2 * self.every.crop_padding + 1) + offset[:, 1]
        return place * (1 + self.every.flip) + flip.long()

    @staticmethod
    def draw(augmentation: config.Augmentation, number: int, n: int, rng: np.random.Generator) -> "Copies":
        """Draw `number` copies of each of `n` images."""
        offset = rng.integers(0, 2 * augmentation.crop_padding, (number, n, 2), endpoint=True)
        flip = rng.random((number, n)) < 0.5
        return Copies(torch.from_numpy(offset), torch.from_numpy(flip) & augmentation.flip)

    def apply(self, copy: int, images: Tensor, padding: int) -> Tensor:
        """One copy of all images ``[n, channels, h, w]``."""
        return augment(images, self.offset[copy], self.flip[copy], padding)


def augment(images: Tensor, offset: Tensor, flip: Tensor, padding: int) -> Tensor:
    """Crop and mirror images, on their device.

    Args:
        images: ``[b, channels, h, w]``; what is returned is of the same shape and type.
        offset: ``[b, 2]``, row and column of the crop in the padded image, 0 to ``2 padding``.
        flip: bool ``[b]``, which are mirrored left to right.
        padding: zeros on every side.
    """
    height, width = images.shape[2:]
    rows = offset[:, :1] + torch.arange(height, device=images.device)
    columns = torch.arange(width, device=images.device).expand(len(images), width)
    columns = offset[:, 1:] + torch.where(flip[:, None], columns.flip(1), columns)
    padded = functional.pad(images, (padding,) * 4) if padding else images
    image = torch.arange(len(images), device=images.device)[:, None, None]
    # Indices around a slice bring the channels to the end.
    return padded[image, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
