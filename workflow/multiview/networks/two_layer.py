"""The paper's two-layer network (Section 2.2): definition, logits, and gradients.

``F_i(X) = sum_{r<=m} sum_{p<=P} ReLU~(<w_{i,r}, x_p>)`` for each class ``i``; nothing but the ``w`` is trained.

`TwoLayerNetwork.forward` is the definition, in plain tensor operations that autograd can follow.
`TwoLayerNetwork.gradient` computes the same numbers in blocks of samples that stay in the
cache: a sample's slope needs no other sample, so that one pass over a block gives its logits and its
share of the gradient, by two matrix products and element-wise work in place, on a CPU a compiled one.
`StackedNetworks` does it for several networks at once, by batched products: so many seeds are one on a GPU.
"""

import operator
from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache

import torch
from torch import Tensor, nn

from multiview.objectives import HARD_LABELS, Objective, Softmaxes


def smoothed_relu(z: Tensor, q: float, rho: float) -> Tensor:
    """ReLU~ of Section 2.2: 0 below 0, ``z^q / (q rho^(q-1))`` up to rho, ``z - (1 - 1/q) rho`` above."""
    inner = z.clamp(0, rho)
    return inner**q / (q * rho ** (q - 1)) + (z - rho).clamp(min=0)


class TwoLayerNetwork(nn.Module):
    """One network, one seed; or the average ``(1/L) sum F_l`` of `members` = L networks, trained end to end.

    Attributes:
        weight: float32 ``[k * L * m, d]``, the neurons of class ``i`` in rows ``i * L * m`` to
            ``(i + 1) * L * m - 1``, those of one member after those of the other, drawn from ``N(0, init_std^2)``
            by a generator that the seed alone starts.
    """

    def __init__(
        self,
        classes: int,
        dim: int,
        neurons: int,
        q: float,
        rho: float,
        init_std: float,
        seed: int,
        members: int = 1,
    ):
        super().__init__()
        self.classes, self.members, self.q, self.rho = classes, members, q, rho
        self.neurons = neurons * members  # of a class, in all
        self._last: _Pass | _CompiledPass | None = None
        # Always drawn on the CPU: a seed gives the same network on every device.
        generator = torch.Generator().manual_seed(seed)
        self.weight = nn.Parameter(torch.randn(classes * self.neurons, dim, generator=generator) * init_std)

    def forward(self, x: Tensor) -> Tensor:
        """Logits ``[n, k]`` of samples ``[n, P, d]``, straight from the definition."""
        activations = smoothed_relu(x @ self.weight.T, self.q, self.rho)
        return activations.sum(dim=1).unflatten(1, (self.classes, self.neurons)).sum(dim=2) / self.members

    @property
    def gating(self) -> Tensor:
        """``[k L m, d]``: the neurons as they decide on their activations."""
        return self.weight.detach()

    def directions(self, member: int | None = None) -> Tensor:
        """``[rows, d]``, as many rows for each class: what was learned, to be held against the views.

        It is that of one `member` of the average, or of all.
        """
        return self._of_member(self.weight.detach(), member)

    def _of_member(self, neurons: Tensor, member: int | None) -> Tensor:
        if member is None:
            return neurons
        return neurons.unflatten(0, (self.classes, self.members, -1))[:, member].flatten(0, 1)

    @torch.no_grad()
    def logits(self, x: Tensor, block: int = 0) -> Tensor:
        """Logits ``[n, k]`` of samples ``[n, P, d]``, in blocks of `block` samples (0: all at once)."""
        pass_ = self._pass(x, block)
        return torch.cat([pass_.forward(part) for part in pass_.blocks])

    @torch.no_grad()
    def gradient(
        self,
        x: Tensor,
        label: Tensor,
        block: int = 0,
        objective: Objective = HARD_LABELS,
        teacher: Tensor | None = None,
    ) -> Tensor:
        """Put the gradient of the objective's mean into ``weight.grad``, and return the logits ``[n, k]``.

        Args:
            x: ``[n, P, d]``; label: int64 ``[n]``.
            block: samples in a block, 0 for all at once (on a GPU).
            teacher: ``[n, k]``, the teacher's logits, for an objective that has one.
        """
        if self.weight.grad is None:
            self.weight.grad = torch.empty_like(self.weight)
        gradient = self.weight.grad.zero_()
        # Training passes the same samples in every step.
        if self._last is None or self._last.x is not x or self._last.size != block:
            self._last = self._pass(x, block)
        pass_, logits = self._last, []
        softmaxes = pass_.softmaxes(objective, label, teacher)
        for samples in pass_.blocks:
            if softmaxes is not None:
                logits.append(pass_.both_ways(samples, softmaxes, gradient))
                continue
            F, part = pass_.forward(samples), samples.part
            taught = None if teacher is None else teacher[..., part, :]
            slope = self._of_rows(objective.slope, F, label[part], taught)
            pass_.backward(samples, slope.div_(len(x)), gradient)
            logits.append(F)
        return torch.cat(logits, dim=-2)

    def values(
        self, logits: Tensor, label: Tensor, objective: Objective = HARD_LABELS, teacher: Tensor | None = None
    ) -> Tensor:
        """The objective's value for every sample ``[n]``; arguments are those of `gradient`, and its logits."""
        return self._of_rows(objective.value, logits, label, teacher)

    def _pass(self, x: Tensor, block: int) -> "_Pass | _CompiledPass":
        known = x.device.type == "cpu" and x.dtype == torch.float32 and self.q == 3
        return (_CompiledPass if known else _Pass)(self, x, block)

    @staticmethod
    def _of_rows(part: Callable[..., Tensor], F: Tensor, label: Tensor, teacher: Tensor | None) -> Tensor:
        return part(F, label, teacher)


class StackedNetworks(TwoLayerNetwork):
    """S networks of one shape, trained side by side on the same samples.

    What a `TwoLayerNetwork` has and gives has a first dimension more here: ``weight`` is ``[S, k L m, d]``, logits
    are ``[S, n, k]``, the objective's values ``[S, n]``, the teachers' logits ``[S, n, k]``.
    """

    def __init__(self, networks: Sequence[TwoLayerNetwork]):
        nn.Module.__init__(self)
        (first, *_) = networks
        self.classes, self.members, self.q, self.rho = first.classes, first.members, first.q, first.rho
        self.neurons, self._last = first.neurons, None
        self.weight = nn.Parameter(torch.stack([network.weight.detach() for network in networks]))

    def _pass(self, x: Tensor, block: int) -> "_Pass":
        return _Pass(self, x, block)

    @staticmethod
    def _of_rows(part: Callable[..., Tensor], F: Tensor, label: Tensor, teacher: Tensor | None) -> Tensor:
        """An objective is one of rows: those of all networks, one below the other."""
        taught = None if teacher is None else teacher.flatten(0, 1)
        return part(F.flatten(0, 1), label.repeat(len(F)), taught).unflatten(0, F.shape[:2])


@lru_cache(maxsize=1)
def _work_space(number: int, shape: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> list[Tensor]:
    """Matrices to work in. They are kept from step to step: memory that is new costs as much as the work."""
    return [torch.empty(shape, dtype=dtype, device=device) for _ in range(number)]


class _Block:
    """Some samples, and their part of each matrix of the work space, ``[..., samples * P, neurons]``."""

    def __init__(self, part: slice, x: Tensor, work: Sequence[Tensor]):
        self.part, self.size = part, x[part].shape[:2]
        rows = x[part].flatten(0, 1)
        self.rows = rows.expand(*work[0].shape[:-2], *rows.shape)
        self.work = [matrix[..., : len(rows), :] for matrix in work]


class _Pass:
    """Passes over the same samples, in blocks that share the work space."""

    def __init__(self, network: TwoLayerNetwork, x: Tensor, block: int):
        self.network, self.x, self.size = network, x, block
        n = len(x)
        block = min(block or n, n)
        *stacked, width, _ = network.weight.shape
        # Pre-activations, the same cut to 0 and rho, and the derivative of ReLU~.
        work = _work_space(3, (*stacked, block * x.shape[1], width), x.dtype, x.device)
        self.blocks = [_Block(slice(start, min(start + block, n)), x, work) for start in range(0, n, block)]
        self.product, self.add_product = (torch.bmm, Tensor.baddbmm_) if stacked else (torch.mm, Tensor.addmm_)

    def forward(self, block: _Block) -> Tensor:
        """Logits ``[..., n, k]`` of a block; leaves the derivative of ReLU~ in its last matrix."""
        self.product(block.rows, self.network.weight.detach().mT, out=block.work[0])
        return self._activate(block)

    def backward(self, block: _Block, slope: Tensor, gradient: Tensor) -> None:
        """Add to `gradient` ``[..., k m, d]`` what a block gives, for ``dL/dF`` = `slope` ``[..., n, k]``."""
        per_neuron = (slope / self.network.members).repeat_interleave(self.network.neurons, dim=-1).unsqueeze(-2)
        block.work[-1].unflatten(-2, block.size).mul_(per_neuron)
        self.add_product(gradient, block.work[-1].mT, block.rows)

    def softmaxes(self, objective: Objective, label: Tensor, teacher: Tensor | None) -> Softmaxes | None:
        """What `both_ways` needs of an objective; None: a slope is to be computed between the two ways."""
        return None

    def _activate(self, block: _Block) -> Tensor:
        (pre, inner, gate), q, rho = block.work, self.network.q, self.network.rho
        torch.clamp(pre, 0, rho, out=inner)
        # ReLU~ = inner^q / (q rho^(q-1)) + (pre - rho)^+; its derivative is (inner / rho)^(q-1).
        pre.sub_(rho).clamp_(min=0)
        _power(inner, q - 1, out=gate)
        if rho != 1:
            gate.mul_(rho ** (1 - q))
        pre.addcmul_(gate, inner, value=1 / q)
        F = pre.unflatten(-2, block.size).sum(dim=-2).unflatten(-1, (self.network.classes, -1)).sum(dim=-1)
        return F if self.network.members == 1 else F.div_(self.network.members)


class _Columns:
    """Some samples, side by side in memory: products and loops along samples are faster than along neurons."""

    def __init__(self, part: slice, x: Tensor):
        self.part, self.x = part, x[part]
        self.columns = self.x.permute(2, 1, 0).flatten(1).contiguous()  # [d, P n]

    @cached_property
    def rows(self) -> Tensor:
        """``[P n, d]``, for the gradient."""
        return self.x.transpose(0, 1).flatten(0, 1)

    def matrix(self, work: Tensor) -> Tensor:
        """Their pre-activations ``[k m, P n]``, in a work space that may be larger."""
        width, columns = len(work), self.columns.shape[1]
        return work.view(-1)[: width * columns].view(width, columns)


@lru_cache(maxsize=1)
def _in_columns(x: Tensor, block: int) -> list[_Columns]:
    """Samples in blocks. They are kept, as many networks pass the same ones: `x` must not change in place."""
    return [_Columns(slice(start, min(start + block, len(x))), x) for start in range(0, len(x), block)]


class _CompiledPass:
    """What `_Pass` does, for one network with q = 3 on a CPU: with one matrix, so that blocks may be larger."""

    known: tuple[tuple, Softmaxes | None] | None = None

    def __init__(self, network: TwoLayerNetwork, x: Tensor, block: int):
        # Here, as Numba takes half a second to import, and networks that learn no features do without.
        from multiview.networks import compiled

        self.network, self.x, self.size, self.compiled = network, x, block, compiled
        self.blocks = _in_columns(x, min(block or len(x), len(x)))
        self.work = _work_space(1, (len(network.weight), self.blocks[0].columns.shape[1]), x.dtype, x.device)[0]

    def softmaxes(self, objective: Objective, label: Tensor, teacher: Tensor | None) -> Softmaxes | None:
        """What `both_ways` needs of an objective; None: a slope is to be computed between the two ways."""
        given = objective, label, teacher
        if not (self.known and all(map(operator.is_, given, self.known[0]))):  # else it is the same in every step
            self.known = given, objective.softmaxes(self.network.classes, label, teacher)
        return self.known[1]

    def both_ways(self, block: _Columns, softmaxes: Softmaxes, gradient: Tensor) -> Tensor:
        """What `forward`, the slope and `backward` do: the logits ``[n, k]`` of a block."""
        law = softmaxes.hard, softmaxes.soft, softmaxes.temperature
        F = self._activate(block, softmaxes.fixed[block.part], law)
        gradient.addmm_(block.matrix(self.work), block.rows)
        return F

    def forward(self, block: _Columns) -> Tensor:
        """Logits ``[n, k]`` of a block; leaves the derivative of ReLU~ in its matrix."""
        return self._activate(block, self.x.new_empty(len(block.x), 0), (0.0, 0.0, 1.0))

    def backward(self, block: _Columns, slope: Tensor, gradient: Tensor) -> None:
        """Add to `gradient` ``[k m, d]`` what a block gives, for ``dL/dF`` = `slope` ``[n, k]``."""
        gate = block.matrix(self.work)
        self.compiled.weigh(gate.numpy(), (slope.T / self.network.members).contiguous().numpy())
        gradient.addmm_(gate, block.rows)

    def _activate(self, block: _Columns, fixed: Tensor, softmaxes: tuple[float, float, float]) -> Tensor:
        pre, network = block.matrix(self.work), self.network
        torch.mm(network.weight.detach(), block.columns, out=pre)
        F, share = pre.new_empty(network.classes, len(block.x)), 1 / network.members
        law = network.rho, share, share / len(self.x)
        self.compiled.activate(pre.numpy(), F.numpy(), law, fixed.T.numpy(), softmaxes)
        return F.T  # classes first in memory, as objectives want them


def _power(base: Tensor, exponent: float, out: Tensor) -> None:
    """``base ** exponent`` into `out`; small whole powers by multiplication, which is many times faster.

    PyTorch itself multiplies where the exponent is 2 or 3, in one pass over the memory.
    """
    if exponent != int(exponent) or exponent in (2, 3) or exponent > 8:
        torch.pow(base, exponent, out=out)
        return
    torch.mul(base, base, out=out)
    for _ in range(int(exponent) - 2):
        out.mul_(base)


def view_strengths(weight: Tensor, views: Tensor, classes: int) -> tuple[Tensor, Tensor]:
    """How strongly each class has learned its own views (Sections 3 and 5 of the paper).

    Args:
        weight: ``[..., rows, d]``, as many rows for each class.
        views: ``[2k, d]``, rows ``v_{1,1}, v_{1,2}, v_{2,1}, ...``.

    Returns:
        ``Phi_{i,l} = sum_r [<w_{i,r}, v_{i,l}>]^+`` and ``Lambda_{i,l} = max_r [<w_{i,r}, v_{i,l}>]^+``,
        each ``[..., k, 2]``.
    """
    own = views.unflatten(0, (classes, -1)).transpose(1, 2)
    positive = (weight.detach().unflatten(-2, (classes, -1)) @ own).clamp(min=0)
    return positive.sum(dim=-2), positive.amax(dim=-2)


REGIMES = {"learned": TwoLayerNetwork}
"""From ``network.regime`` to the network; the others are in `multiview.networks.frozen_two_layer`."""
