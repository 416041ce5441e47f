"""SGD for images: optimiser, learning-rate schedule, precision, and the batches that it cannot take."""

import itertools
import math

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim.sgd import sgd

from multiview import config
from multiview.runtime import devices


def optimizer_and_schedule(
    parameters: list[Tensor], settings: config.ImageTraining
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    """SGD of some parameters and its schedule, of which a step is an epoch."""
    optimizer = torch.optim.SGD(parameters, lr=settings.learning_rate, **_law(settings))
    return optimizer, torch.optim.lr_scheduler.MultiStepLR(optimizer, _milestones(settings), settings.drop)


def _law(settings: config.ImageTraining) -> dict:
    return settings.model_dump(include={"momentum", "nesterov", "weight_decay"})


def _milestones(settings: config.ImageTraining) -> list[int]:
    """Epochs at whose end the rate drops, counted from 1: the first at the earliest, however few there are."""
    return [max(1, round(share * settings.epochs)) for share in settings.milestones]


class SGD:
    """What `optimizer_and_schedule` makes, to the bit, without PyTorch's optimizer, which imports a compiler.

    The parameters become views of one vector, so that a step is a few operations, not as many for each of them. A
    checkpoint has the ``state``: the learning rate, and the momentum of that vector.
    """

    def __init__(self, parameters: list[Tensor], settings: config.ImageTraining):
        self.parameters, self.settings = parameters, settings
        self.law = _law(settings) | {"dampening": 0, "maximize": False, "foreach": False}
        self.weights = torch.cat([_in_memory(parameter.detach(), parameter) for parameter in parameters])
        self.state = {"rate": settings.learning_rate, "momentum": torch.zeros_like(self.weights)}
        for parameter, view in zip(parameters, self._views(self.weights), strict=True):
            parameter.data = view

    def _views(self, vector: Tensor) -> list[Tensor]:
        """What each parameter has of a vector."""
        sizes = [parameter.numel() for parameter in self.parameters]
        starts = zip(self.parameters, itertools.accumulate([0, *sizes[:-1]]), strict=True)
        return [vector.as_strided(parameter.shape, parameter.stride(), start) for parameter, start in starts]

    @torch.no_grad()
    def step(self) -> None:
        """Move the parameters that have a gradient, and take it from them."""
        gradients, momentum = [parameter.grad for parameter in self.parameters], self.state["momentum"]
        if any(gradient is None for gradient in gradients):
            moved = [i for i, gradient in enumerate(gradients) if gradient is not None]
            columns = self.parameters, gradients, self._views(momentum)
            weights, gradients, momenta = ([column[i] for i in moved] for column in columns)
        else:
            pairs = zip(gradients, self.parameters, strict=True)
            gradients = [torch.cat([_in_memory(gradient, parameter) for gradient, parameter in pairs])]
            weights, momenta = [self.weights], [momentum]
        sgd(weights, gradients, momenta, lr=self.state["rate"], **self.law)
        for parameter in self.parameters:
            parameter.grad = None

    def end_epoch(self, epoch: int) -> None:
        """Go over to the learning rate of the epoch after this one."""
        self.state["rate"] *= self.settings.drop ** _milestones(self.settings).count(epoch + 1)


def _in_memory(tensor: Tensor, parameter: Tensor) -> Tensor:
    """The entries of a tensor, in the order in which those of its parameter lie in memory."""
    if tensor.stride() != parameter.stride():
        tensor = torch.empty_like(parameter).copy_(tensor)
    return tensor.as_strided((tensor.numel(),), (1,))


def check_last_batch(network: nn.Module, images: int, batch_size: int) -> None:
    """Refuse a batch of one image under batch normalisation, which has no deviation to divide by.

    Raises:
        ConfigError: naming the two keys.
    """
    last = images % batch_size or batch_size
    normalised = any(isinstance(module, _BatchNorm) and module.training for module in network.train().modules())
    if last == 1 and normalised:
        raise config.ConfigError(
            f"training.batch_size is {batch_size}, and there are {images} training images "
            "(dataset.train_samples): the last batch is a single one, of which batch normalisation can take no "
            "statistics. Change one of the two"
        )


SMALL = 3e10
"""Multiplications of a step's forward pass below which a network leaves a GPU idle. On an H200 ten networks side
by side are 2.7 times as fast as one after the other at 2e10, and 1.4 times at 4e10 (`bench/gpu.py`)."""


def precision(
    settings: config.ImageTraining,
    machine: config.Machine = config.DEFAULT_MACHINE,
    multiplications: float = math.inf,
) -> str:
    """Lightning's name of the precision; ``auto`` stands for that of the device, and of the network's size.

    `multiplications` are those of a step's forward pass by one network.
    """
    if settings.precision != "auto":
        return settings.precision
    gpu = devices.type_of(machine.accelerator) == "cuda"
    if not gpu or multiplications < SMALL:
        return "32-true"
    # Older GPUs emulate bfloat16, which is slower than not to use it.
    return "bf16-mixed" if torch.cuda.is_bf16_supported(including_emulation=False) else "32-true"
