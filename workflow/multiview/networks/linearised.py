"""Networks that learn no features: linear in their weights around the initialisation, or in the last layer's.

The paper holds such models against real networks (Section 5 and its appendix): their ensembles gain as well, but
there are no learned views behind the gain, so that distilling it does not work.
"""

import contextlib
from collections.abc import Iterator
from typing import Literal

import torch
from torch import Tensor, nn
from torch.func import functional_call, jvp
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.optim.swa_utils import update_bn

from multiview import config


class Frozen(nn.Module):
    """A network that is frozen: its batch normalisation uses its running statistics, in training as well."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network.eval().requires_grad_(False)

    def train(self, mode: bool = True) -> "Frozen":
        """As ever, but the network is never in training."""
        super().train(mode)
        self.network.eval()
        return self


class Linearised(Frozen):
    """The first-order expansion of a network in its weights: the model of the neural tangent kernel.

    ``F(x) = <grad f(w_0, x), w - w_0>``: what is trained is ``w - w_0``, which starts at 0, and with it F. The
    network's own output at the start is left out, as it has not been learned (paper: silent).
    """

    compiles = False  # `torch.compile` knows no forward derivatives

    def __init__(self, network: nn.Module):
        super().__init__(network)
        self.names = [name for name, _ in network.named_parameters()]
        self.change = nn.ParameterList(torch.zeros_like(p) for p in network.parameters())

    def forward(self, x: Tensor) -> Tensor:
        """Inputs to logits ``[n, k]``, in the precision of the weights, whatever the trainer's."""
        start, buffers = dict(self.network.named_parameters()), dict(self.network.named_buffers())
        change = dict(zip(self.names, self.change, strict=True))
        # Autocast lowers the values' precision but not always their derivatives', which then do not fit together.
        with torch.autocast(x.device.type, enabled=False), _attention_written_out():
            return jvp(lambda w: functional_call(self.network, (w, buffers), (x,)), (start,), (change,))[1]


@contextlib.contextmanager
def _attention_written_out() -> Iterator[None]:
    """Fused attention has no derivatives in forward direction; as products and a softmax it has."""
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)


class RandomFeatures(Frozen):
    """A network whose last layer, ``linear``, alone is trained, from 0: a linear model of random features."""

    def __init__(self, network: nn.Module):
        super().__init__(network)
        for parameter in network.linear.parameters():
            nn.init.zeros_(parameter).requires_grad_(True)

    def forward(self, x: Tensor) -> Tensor:
        """Inputs to logits ``[n, k]``."""
        return self.network(x)

    def features(self, x: Tensor) -> Tensor:
        """What the trained layer sees of inputs: ``[n, features]``, the same throughout training."""
        return self.network.embed(x)

    def of_features(self, features: Tensor) -> Tensor:
        """These to logits ``[n, k]``."""
        return self.network.linear(features)


def frozen(network: nn.Module, regime: Literal["linearised", "random_features"], inputs: Tensor) -> nn.Module:
    """What is made of a freshly initialised network, for the training data `inputs` ``[n, ...]``.

    Raises:
        ConfigError: if the network cannot be linearised.
    """
    settle(network, inputs)
    if regime == "random_features":
        return RandomFeatures(network)
    expansion = Linearised(network)
    check_expansion(expansion, inputs[:2])
    return expansion


def check_expansion(network: nn.Module, inputs: Tensor) -> None:
    """Try on a few `inputs` ``[n, ...]`` whether a network made by `Linearised` can be computed and trained.

    Raises:
        ConfigError: if an operation of the network has no forward derivative, or that no gradient.
    """
    try:
        network(inputs).sum().backward()
    except (RuntimeError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise config.ConfigError(
            f"network.regime is linearised, but PyTorch cannot expand this network in its weights ({reason})"
        ) from error
    network.zero_grad()


def settle(network: nn.Module, inputs: Tensor, batch: int = 512) -> None:
    """Set the running statistics of batch normalisation to those of `inputs` ``[n, ...]``, the training data.

    Where the weights do not move, the statistics do not either: they are taken at the initialisation.
    """
    update_bn(inputs.split(batch), network)
    network.eval()
