"""The history of a seed in full-batch training, and the stopping rule: for one network and for a stack of them."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from multiview import config
from multiview.networks.two_layer import TwoLayerNetwork
from multiview.objectives import Union


@dataclass
class SeedRun:
    """One seed on its way: its network, and what was recorded so far.

    Attributes:
        step: how many steps have been taken.
        recorded: the steps that were recorded (see `is_recorded`), of which the following have an entry each.
        history: ``[kinds, 2]``: mean loss and accuracy of each kind of sample.
        step_sizes: the eta taken from there; 0 at the last step, from which none was taken.
        phi: ``[k, 2]``, the view strengths; empty without views.
        start: ``Lambda`` at the initialisation, ``[k, 2]``.
        loss, accuracy: when they were last looked at.
    """

    seed: int
    network: TwoLayerNetwork
    step: int = 0
    recorded: list[int] = field(default_factory=list)
    history: list[Tensor] = field(default_factory=list)
    step_sizes: list[float] = field(default_factory=list)
    phi: list[Tensor] = field(default_factory=list)
    start: Tensor | None = None
    finished: bool = False
    converged: bool = False
    loss: float = math.nan
    accuracy: float = math.nan

    def note(self, step: "Step", size: float, settings: config.Training) -> None:
        """Note what a step was found to be, on the CPU, and the eta taken from there: 0 where the seed ends.

        Raises:
            FloatingPointError: if the loss is not finite, or a step that is taken is 0.
        """
        self.loss, self.accuracy = float(step.loss), float(step.accuracy)
        if self.start is None:
            self.start = step.start
        if not math.isfinite(self.loss):
            raise FloatingPointError(
                f"seed {self.seed}: the loss is {self.loss} at step {self.step}; training.step_size "
                f"({settings.step_size}) is too large for step_rule {settings.step_rule!r}"
            )
        self.finished, self.converged = bool(step.finished), bool(step.converged)
        if self.finished or is_recorded(self.step, settings):
            self.recorded.append(self.step)
            self.history.append(step.history)
            self.step_sizes.append(size)
            if step.phi is not None:
                self.phi.append(step.phi)
        if not self.finished:
            self.move(size, settings)

    def move(self, size: float, settings: config.Training) -> None:
        """Count a step that was taken, with an eta of `size`.

        Raises:
            FloatingPointError: if it is 0.
        """
        if size == 0:
            raise FloatingPointError(
                f"seed {self.seed}: the step from step {self.step} is 0, so that training would never end; "
                f"training.step_rule {settings.step_rule!r} with training.relative_change "
                f"({settings.relative_change}) moves no neuron by a share of its size where the size is 0"
            )
        self.step += 1

    def state(self) -> dict:
        """Everything that a resumed job needs, in tensors and numbers only."""
        return {
            "weight": self.network.weight.detach().cpu(),
            "step": self.step,
            "recorded": torch.tensor(self.recorded, dtype=torch.int64),
            "history": torch.stack(self.history).cpu() if self.history else torch.empty(0),
            "step_sizes": torch.tensor(self.step_sizes, dtype=torch.float64),
            "phi": torch.stack(self.phi).cpu() if self.phi else torch.empty(0),
            "start": self.start,
            "ending": [self.finished, self.converged, self.loss, self.accuracy],
        }

    def restore(self, state: dict) -> None:
        """Take up where `state` was saved.

        Raises:
            ValueError, KeyError: if it lacks anything; then nothing was changed.
        """
        history, phi, start = list(state["history"]), list(state["phi"]), state["start"]
        step, recorded, step_sizes = state["step"], state["recorded"].tolist(), state["step_sizes"].tolist()
        finished, converged, loss, accuracy = state["ending"]
        if not len(history) == len(step_sizes) == len(recorded):
            raise ValueError(
                f"{len(recorded)} recorded steps, but {len(history)} of history and {len(step_sizes)} step sizes"
            )
        if state["weight"].shape != self.network.weight.shape:
            found, right = (list(weight.shape) for weight in (state["weight"], self.network.weight))
            raise ValueError(f"weights are {found}, those of the network {right}")
        # The weights last: a state that lacks anything has changed nothing by then.
        self.network.weight.data.copy_(state["weight"])
        self.step, self.recorded, self.history, self.phi = step, recorded, history, phi
        self.start, self.step_sizes = start, step_sizes
        self.finished, self.converged, self.loss, self.accuracy = finished, converged, loss, accuracy


@dataclass(frozen=True)
class Step:
    """What a step begins with, of one network or, with a dimension more in front, of a stack of them.

    Attributes:
        history: ``[..., kinds, 2]``, mean loss and accuracy of each kind of sample.
        loss, accuracy: ``[...]``, of all samples.
        finished, converged: bool ``[...]``: whether this was the last step; whether the network has fitted.
        phi: ``[..., k, 2]``, the view strengths, or None.
        start: ``Lambda`` likewise, before the first step alone.
    """

    history: Tensor
    loss: Tensor
    accuracy: Tensor
    finished: Tensor
    converged: Tensor
    phi: Tensor | None = None
    start: Tensor | None = None

    def of(self, index: int) -> "Step":
        """That of one network of a stack."""
        return Step(*(None if value is None else value[index] for value in vars(self).values()))

    def cpu(self) -> "Step":
        """The same on the CPU."""
        return Step(*(None if value is None else value.cpu() for value in vars(self).values()))


FIRST = 20
"""As many steps, from 0 on, are all recorded: a student's first ones change most."""


def is_recorded(step: int, settings: config.Training) -> bool:
    """Whether a step is recorded, besides the last one."""
    return step < FIRST or step % settings.record_every == 0


def may_end(
    logits: Tensor,
    label: Tensor,
    taken: int,
    settings: config.Training,
    union: Union | None,
    losses: Callable[[], Tensor],
) -> bool:
    """Whether `look` would end a network at a step, or logits are not finite, with less work than it takes.

    Arguments are those of `look`, of one network; `losses` computes them where they are needed.
    """
    if taken >= settings.max_steps or not math.isfinite(logits.sum()):
        return True
    if union is not None and taken > 0 and union.reached(logits):
        return True
    threshold = settings.loss_threshold
    fitted = threshold is not None and bool((logits.argmax(dim=-1) == label).all())
    return fitted and bool(losses().mean() <= threshold)


def look(
    logits: Tensor,
    losses: Tensor,
    label: Tensor,
    kinds: Tensor,
    taken: Tensor,
    settings: config.Training,
    union: Union | None,
    phi: Tensor | None = None,
    start: Tensor | None = None,
) -> Step:
    """Measure a step and decide whether it is the last one, without asking the device.

    Args:
        logits: ``[..., n, k]``; losses: ``[..., n]``; label: ``[n]``.
        kinds: ``[kinds, n]``, 1 where a sample is of a kind.
        taken: ``[...]``, how many steps have been taken.
        union: a network ends once it is reached; None: it does not.
        phi, start: ``[..., k, 2]``, view strengths now and at the initialisation; or None.
    """
    correct = (logits.argmax(dim=-1) == label).to(losses.dtype)
    by_kind = torch.stack([losses, correct], dim=-1)
    loss, accuracy = losses.mean(dim=-1), correct.mean(dim=-1)
    threshold, last = settings.loss_threshold, taken >= settings.max_steps
    if union is not None:
        last = last | (union.reached(logits) & (taken > 0))
    # Without a threshold all steps are taken: an objective with a teacher has a minimum that nobody knows.
    converged = (accuracy == 1) & (last if threshold is None else loss <= threshold)
    history = kinds @ by_kind / kinds.sum(dim=1, keepdim=True)
    return Step(history, loss, accuracy, converged | last, converged, phi, start)
