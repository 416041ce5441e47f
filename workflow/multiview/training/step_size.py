"""Gradient descent on full batches with a step size that follows the weights (Section 2.2 of the paper)."""

import math

import torch
from torch import Tensor


class AdaptiveDescent(torch.optim.Optimizer):
    """Gradient descent whose step size follows the three time scales of the race.

    The step is the largest one, up to `step_size`, at which no neuron (row of a parameter) moves by more
    than `max_change` in norm, or by more than `relative_change` times its size ``max(|<w, g>| / |g|,
    |w| / sqrt(d))``: its component along its own gradient, which is what grows in the race, and at least
    what a random direction finds in it. The size does not change when the features are rotated.
    It is plain gradient descent: every weight moves by ``-eta`` times its gradient, with one ``eta``.
    """

    def __init__(self, params, step_size: float, relative_change: float, max_change: float):
        bounds = {"relative_change": relative_change, "max_change": max_change}
        super().__init__(params, {"lr": step_size, "max_lr": step_size} | bounds)

    @torch.no_grad()
    def step(self, closure=None):
        """Take one step; ``lr`` of each group is then the step size that was taken."""
        loss = closure() if closure is not None else None
        for group in self.param_groups:
            bounds = [float(largest_step(p, p.grad, **_limits(group))) for p in group["params"]]
            group["lr"] = min([group["max_lr"], *bounds])
            for parameter in group["params"]:
                parameter.add_(parameter.grad, alpha=-group["lr"])
        return loss


def _limits(group: dict) -> dict[str, float]:
    return {name: group[name] for name in ("relative_change", "max_change")}


def largest_step(weight: Tensor, gradient: Tensor, relative_change: float, max_change: float) -> Tensor:
    """The largest step at which no neuron moves by more than it may, see `AdaptiveDescent`.

    Args:
        weight, gradient: ``[..., neurons, d]``.
        relative_change, max_change: the limits.

    Returns:
        ``[...]``, for each network.
    """
    norm = gradient.norm(dim=-1).clamp(min=torch.finfo(weight.dtype).tiny)
    along = (weight * gradient).sum(dim=-1).abs() / norm
    size = torch.maximum(along, weight.norm(dim=-1) / math.sqrt(weight.shape[-1]))
    return ((relative_change * size).clamp(max=max_change) / norm).amin(dim=-1)
