"""Inference: logits of trained networks for images, without Lightning, whose import takes seconds."""

import numpy as np
import torch
from torch import Tensor, nn

from multiview.runtime import devices

EVALUATION_BATCH = 512
"""Images a batch where logits are computed, which needs no gradients; it has no influence on them."""


def logits_of(network: nn.Module, images: Tensor, accelerator: str = "auto") -> np.ndarray:
    """Logits float32 ``[n, k]`` of uint8 `images` ``[n, channels, h, w]``, without autocast.

    A GPU may multiply in TF32 in convolutions, as PyTorch lets it by default.
    """
    device = torch.device(devices.type_of(accelerator))
    network = network.to(device).eval()
    with torch.inference_mode():
        parts = [network(part.to(device)).cpu() for part in images.split(EVALUATION_BATCH)]
    network.cpu()
    return torch.cat(parts).numpy()
