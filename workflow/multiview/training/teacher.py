"""Soft labels in every step: a teacher is asked of the very images that its student sees."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Forwarded(nn.Module):
    """The average of trained networks, frozen, on the student's device.

    It says what labelling every augmentation beforehand would have written down (`copies: all`), where these are
    too many: which of the two is done `multiview.runtime.resources.labels_are_stored` decides.
    """

    def __init__(self, networks: Sequence[nn.Module]):
        super().__init__()
        self.networks = nn.ModuleList(networks).requires_grad_(False)

    @torch.no_grad()
    def forward(self, images: Tensor) -> Tensor:
        """Logits float32 ``[n, k]`` of images ``[n, channels, h, w]``, without autocast, as labels are made."""
        self.networks.eval()
        with torch.autocast(images.device.type, enabled=False):
            return torch.stack([network(images) for network in self.networks]).mean(dim=0)
