"""The two-layer network where it learns no features: linearised at its initialisation, or with random features.

Both have the interface of `TwoLayerNetwork`, and forms of their own that need no automatic differentiation: what
does not change in training is computed once.
"""

import torch
from torch import Tensor, nn

from multiview.networks.two_layer import TwoLayerNetwork, smoothed_relu
from multiview.objectives import HARD_LABELS, Objective


class FrozenTwoLayer(TwoLayerNetwork):
    """What both have in common: the initialisation is kept, and what is trained starts at 0.

    Attributes:
        initial: float32 ``[k m, d]``, the neurons at the initialisation, which stay.
        weight: what is trained.
    """

    def __init__(self, *shape, **law):
        super().__init__(*shape, **law)
        self.register_buffer("initial", self.weight.detach().clone())
        self.weight = nn.Parameter(torch.zeros(self._trained_shape()))
        self._known: tuple[Tensor, Tensor] | None = None

    @property
    def gating(self) -> Tensor:
        """``[k L m, d]``: the neurons as they decide on their activations."""
        return self.initial

    def _trained_shape(self) -> tuple[int, ...]:
        raise NotImplementedError

    def _fixed(self, x: Tensor) -> Tensor:
        """What is made of samples ``[n, P, d]`` by the frozen neurons, a row a sample."""
        raise NotImplementedError

    def _logits(self, x: Tensor, fixed: Tensor) -> Tensor:
        raise NotImplementedError

    def _gradient(self, x: Tensor, fixed: Tensor, slope: Tensor) -> Tensor:
        """The gradient in ``weight`` for ``dL/dF`` = `slope` ``[n, k]``."""
        raise NotImplementedError

    def _kept(self, x: Tensor) -> Tensor:
        # Training asks for the same samples in every step.
        if self._known is None or self._known[0] is not x:
            self._known = (x, self._fixed(x))
        return self._known[1]

    def forward(self, x: Tensor) -> Tensor:
        """Logits ``[n, k]`` of samples ``[n, P, d]``."""
        return self._logits(x, self._fixed(x))

    @torch.no_grad()
    def logits(self, x: Tensor, block: int = 0) -> Tensor:
        """Logits ``[n, k]`` of samples ``[n, P, d]``, in blocks of `block` samples (0: all at once)."""
        return torch.cat([self(part) for part in x.split(block or len(x))])

    @torch.no_grad()
    def loss_and_gradient(
        self,
        x: Tensor,
        label: Tensor,
        block: int = 0,
        objective: Objective = HARD_LABELS,
        teacher: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """As `TwoLayerNetwork.loss_and_gradient`."""
        fixed, size = self._kept(x), block or len(x)
        self.weight.grad = torch.zeros_like(self.weight)
        logits = []
        for start in range(0, len(x), size):
            part = slice(start, start + size)
            F = self._logits(x[part], fixed[part])
            slope = objective.slope(F, label[part], None if teacher is None else teacher[part])
            self.weight.grad += self._gradient(x[part], fixed[part], slope.div_(len(x)))
            logits.append(F)
        logits = torch.cat(logits)
        return logits, objective.value(logits, label, teacher)


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
