"""The step rule of full-batch gradient descent (`training.step_rule`): how far a step goes (Section 2.2).

It needs no optimizer of PyTorch's, and has none: to make one imports a compiler, which takes longer than some
trainings.
"""

import math

import torch
from torch import Tensor, nn

from multiview import config


@torch.no_grad()
def descend(weight: nn.Parameter, settings: config.Training) -> float:
    """Take a step of gradient descent, and return its size.

    Where the step rule is ``fixed``, it is `step_size`. Where it is ``adaptive``, it follows the three time scales
    of the race: the largest one, up to `step_size`, at which no neuron (row of the weights) moves by more than
    `max_change` in norm, or by more than `relative_change` times its size ``max(|<w, g>| / |g|, |w| / sqrt(d))``:
    its component along its own gradient, which is what grows in the race, and at least what a random direction
    finds in it. The size does not change when the features are rotated. Every weight moves by ``-eta`` times its
    gradient, with one ``eta``.

    `weight` is ``[neurons, d]``, with its gradient.
    """
    size = settings.step_size
    if settings.step_rule == "adaptive":
        size = min(size, float(largest_step(weight, settings)))
    weight.add_(weight.grad, alpha=-size)
    return size


def largest_step(weight: nn.Parameter, settings: config.Training) -> Tensor:
    """The largest step at which no neuron moves by more than it may (see `descend`).

    It is ``[...]`` for `weight` ``[..., neurons, d]`` and its gradient.
    """
    gradient, length = weight.grad, torch.linalg.vector_norm
    norm = length(gradient, dim=-1).clamp_(min=torch.finfo(weight.dtype).tiny)
    along = (weight * gradient).sum(dim=-1).abs_().div_(norm)
    size = torch.maximum(along, length(weight, dim=-1).div_(math.sqrt(weight.shape[-1])))
    return ((settings.relative_change * size).clamp(max=settings.max_change) / norm).amin(dim=-1)
