"""The two-layer network where it learns no features: linearised at its initialisation, or with random features.

Both have the interface of `TwoLayerNetwork`, and forms of their own that need no automatic differentiation: what
does not change in training is computed once.
"""

from types import SimpleNamespace

import torch
from torch import Tensor, nn

from multiview.networks.two_layer import TwoLayerNetwork, _Pass, smoothed_relu


class FrozenTwoLayer(TwoLayerNetwork):
    """What both have in common: the initialisation is kept, and what is trained starts at 0.

    What differs: ``_trained_shape()``, that of ``weight``; ``_fixed(x)``, what the frozen neurons make of samples
    ``[n, P, d]``, a row a sample; ``_logits(x, fixed)``; and ``_gradient(x, fixed, slope)``, the gradient in
    ``weight`` for ``dL/dF`` = `slope` ``[n, k]``.

    Attributes:
        initial: float32 ``[k m, d]``, the neurons at the initialisation, which stay.
        weight: what is trained.
    """

    def __init__(self, *shape, **law):
        super().__init__(*shape, **law)
        self.register_buffer("initial", self.weight.detach().clone())
        self.weight = nn.Parameter(torch.zeros(self._trained_shape()))

    @property
    def gating(self) -> Tensor:
        """``[k L m, d]``: the neurons as they decide on their activations."""
        return self.initial

    def forward(self, x: Tensor) -> Tensor:
        """Logits ``[n, k]`` of samples ``[n, P, d]``."""
        return self._logits(x, self._fixed(x))

    @torch.no_grad()
    def logits(self, x: Tensor, block: int = 0) -> Tensor:
        """Logits ``[n, k]`` of samples ``[n, P, d]``, in blocks of `block` samples (0: all at once)."""
        return torch.cat([self(part) for part in x.split(block or len(x))])

    def _pass(self, x: Tensor, block: int) -> "_FrozenPass":
        return _FrozenPass(self, x, block)


class _FrozenPass(_Pass):
    """Passes over the same samples, of which what the frozen neurons make is computed once."""

    def __init__(self, network: FrozenTwoLayer, x: Tensor, block: int):
        self.network, self.x, self.size = network, x, block
        fixed, block = network._fixed(x), block or len(x)
        parts = [slice(start, start + block) for start in range(0, len(x), block)]
        self.blocks = [SimpleNamespace(part=part, x=x[part], fixed=fixed[part]) for part in parts]

    def forward(self, block: SimpleNamespace) -> Tensor:
        return self.network._logits(block.x, block.fixed)

    def backward(self, block: SimpleNamespace, slope: Tensor, gradient: Tensor) -> None:
        gradient += self.network._gradient(block.x, block.fixed, slope)


class LinearisedTwoLayer(FrozenTwoLayer):
    """The first-order expansion in the weights: the gates of the neurons are frozen.

    ``F_i(X) = sum_r sum_p ReLU~'(<w_{i,r}(0), x_p>) <w_{i,r} - w_{i,r}(0), x_p>``; ``weight`` ``[k m, d]`` is the
    change of the neurons. As in `multiview.networks.linearised.Linearised` the output at the start is left out.
    """

    def _trained_shape(self) -> tuple[int, ...]:
        return tuple(self.initial.shape)

    def _fixed(self, x: Tensor) -> Tensor:
        """The gates ``[n, P, k m]``, times 1 / L."""
        inner = (x @ self.initial.T).clamp(0, self.rho)
        return (inner / self.rho) ** (self.q - 1) / self.members

    def _logits(self, x: Tensor, fixed: Tensor) -> Tensor:
        return ((x @ self.weight.T) * fixed).sum(dim=1).unflatten(1, (self.classes, -1)).sum(dim=2)

    def _gradient(self, x: Tensor, fixed: Tensor, slope: Tensor) -> Tensor:
        per_neuron = slope.repeat_interleave(fixed.shape[2] // self.classes, dim=1).unsqueeze(1)
        return (fixed * per_neuron).flatten(0, 1).T @ x.flatten(0, 1)


class RandomFeaturesTwoLayer(FrozenTwoLayer):
    """Linear in the activations of all neurons at the initialisation, which are shared by the classes.

    ``F_i(X) = sum_r a_{i,r} sum_p ReLU~(<w_r(0), x_p>)``, over all ``k m`` neurons; ``a``, ``[k, k m]``, is
    ``weight``.
    """

    def _trained_shape(self) -> tuple[int, ...]:
        return (self.classes, len(self.initial))

    def _fixed(self, x: Tensor) -> Tensor:
        """The features ``[n, k m]``, times 1 / L."""
        return smoothed_relu(x @ self.initial.T, self.q, self.rho).sum(dim=1) / self.members

    def _logits(self, x: Tensor, fixed: Tensor) -> Tensor:
        return fixed @ self.weight.T

    def _gradient(self, x: Tensor, fixed: Tensor, slope: Tensor) -> Tensor:
        return slope.T @ fixed

    def directions(self, member: int | None = None) -> Tensor:
        """``[k, d]``: for each class the neurons, weighted by what it makes of them."""
        weight = self._of_member(self.weight.detach().T, member).T
        return weight @ self._of_member(self.initial, member)


REGIMES = {"linearised": LinearisedTwoLayer, "random_features": RandomFeaturesTwoLayer}
"""From ``network.regime`` to the network."""
