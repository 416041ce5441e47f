"""SGD for images: optimiser, learning-rate schedule, precision, and the batches that it cannot take."""

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

    A checkpoint has its ``state``: the learning rate, and the momentum of each parameter that has moved.
    """

    def __init__(self, parameters: list[Tensor], settings: config.ImageTraining):
        self.parameters, self.settings = parameters, settings
        self.law = _law(settings) | {"dampening": 0, "maximize": False, "foreach": True}
        self.state = {"rate": settings.learning_rate, "momenta": [None] * len(parameters)}

    @torch.no_grad()
    def step(self) -> None:
        """Move the parameters that have a gradient, and take it from them."""
        moved = [i for i, parameter in enumerate(self.parameters) if parameter.grad is not None]
        parameters = [self.parameters[i] for i in moved]
        momenta = [self.state["momenta"][i] for i in moved]
        gradients = [parameter.grad for parameter in parameters]
        sgd(parameters, gradients, momenta, lr=self.state["rate"], **self.law)
        for i, momentum in zip(moved, momenta, strict=True):
            self.state["momenta"][i], self.parameters[i].grad = momentum, None

    def end_epoch(self, epoch: int) -> None:
        """Go over to the learning rate of the epoch after this one."""
        self.state["rate"] *= self.settings.drop ** _milestones(self.settings).count(epoch + 1)


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
