"""A network of one's own: anything that PyTorch can train, made from the shape of an input and the classes."""

import torch
from torch import nn


class Mixer(nn.Module):
    """Two small fully connected layers, over the rows and over the columns of each image."""

    def __init__(self, shape: tuple[int, int, int], classes: int, width: int = 32):
        super().__init__()
        channels, rows, columns = shape
        self.over_rows = nn.Linear(rows, rows)
        self.over_columns = nn.Linear(channels * columns, width)
        self.linear = nn.Linear(width, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Images ``[n, channels, rows, columns]`` to logits ``[n, classes]``."""
        mixed = torch.relu(self.over_rows(images.transpose(2, 3))).transpose(2, 3)  # over the rows
        by_row = mixed.transpose(1, 2).flatten(2)  # [n, rows, channels * columns]
        return self.linear(torch.relu(self.over_columns(by_row)).mean(dim=1))
