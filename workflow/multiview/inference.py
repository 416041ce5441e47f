"""What trained networks say of images, without Lightning: its import takes seconds, and only training needs it."""

import numpy as np
import torch
from torch import Tensor, nn

EVALUATION_BATCH = 512
"""Images a batch where logits are computed, which needs no gradients; it has no influence on them."""


def device_name(accelerator: str) -> str:
    """Of the device that an accelerator of the config stands for here: that of the GPU, or ``cpu``."""
    return torch.cuda.get_device_name() if on_gpu(accelerator) else "cpu"


def on_gpu(accelerator: str) -> bool:
    """Whether an accelerator of the config stands for a GPU here."""
    return accelerator != "cpu" and torch.cuda.is_available()


def logits_of(network: nn.Module, images: Tensor, accelerator: str = "auto") -> np.ndarray:
    """Logits float32 ``[n, k]`` of uint8 `images` ``[n, channels, h, w]``, without autocast.

    A GPU may multiply in TF32 in convolutions, as PyTorch lets it by default.
    """
    device = torch.device("cuda" if on_gpu(accelerator) else "cpu")
    network = network.to(device).eval()
    with torch.inference_mode():
        parts = [network(part.to(device)).cpu() for part in images.split(EVALUATION_BATCH)]
    network.cpu()
    return torch.cat(parts).numpy()
