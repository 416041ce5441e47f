"""Objectives: the losses of training on hard labels alone, or with a teacher's soft ones (Section 4 of the paper).

An objective gives, for logits ``F`` of any number of samples, its value for each sample and its slope, the
derivative by each logit. A network turns the slope into a gradient; it needs to know nothing else of it. The two
are apart because a step needs the slope block by block, and the value once, of all samples.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from multiview import config


@dataclass(frozen=True)
class Softmaxes:
    """A slope of the form ``hard softmax(F) + soft softmax(F / temperature) - fixed``, at logits ``F [n, k]``.

    ``fixed`` ``[n, k]`` is what does not depend on them: it is computed once, and the rest by compiled code.
    """

    hard: float
    soft: float
    temperature: float
    fixed: Tensor


class Objective(Protocol):
    """One signature for all of them. Arguments and shapes are those of `slope`.

    Softmaxes are taken over the first axis of the transposed logits: over a last axis of few classes they are many
    times slower. Logits that lie in memory like that, and only look like ``[n, k]``, need not be copied.
    """

    def slope(self, logits: Tensor, label: Tensor, teacher: Tensor | None) -> Tensor:
        """The derivative of the value by each logit.

        Args:
            logits: ``[n, k]``, F.
            label: int64 ``[n]``.
            teacher: ``[n, k]``, the teacher's logits G; None where there is no teacher.

        Returns:
            ``[n, k]``.
        """

    def value(self, logits: Tensor, label: Tensor, teacher: Tensor | None) -> Tensor:
        """The value for every sample, ``[n]``."""

    def softmaxes(self, classes: int, label: Tensor, teacher: Tensor | None) -> Softmaxes | None:
        """The slope for any logits of ``k`` = `classes`, if it has that form; else None."""
        return None

    def __call__(self, logits: Tensor, label: Tensor, teacher: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Value and slope."""
        return self.value(logits, label, teacher), self.slope(logits, label, teacher)


@dataclass(frozen=True)
class CrossEntropy(Objective):
    """Hard labels: ``-ln softmax(F)_y``, in nats. A teacher is ignored."""

    def slope(self, logits: Tensor, label: Tensor, teacher: Tensor | None = None) -> Tensor:
        return logits.T.softmax(dim=0).scatter_add_(0, label[None], logits.new_full((1, len(label)), -1.0)).T

    def value(self, logits: Tensor, label: Tensor, teacher: Tensor | None = None) -> Tensor:
        return -logits.T.log_softmax(dim=0).gather(0, label[None])[0]

    def softmaxes(self, classes: int, label: Tensor, teacher: Tensor | None) -> Softmaxes:
        return Softmaxes(1.0, 0.0, 1.0, functional.one_hot(label, classes).float())


HARD_LABELS = CrossEntropy()


@dataclass(frozen=True)
class Hinton(Objective):
    """``(1 - alpha) CE(y) + alpha T^2 KL(softmax(c G / T) || softmax(F / T))``, in nats.

    Attributes:
        alpha: weight of the soft labels, 0 to 1.
        temperature: T.
        teacher_scale: c, by which the teacher's logits are multiplied.
    """

    alpha: float
    temperature: float
    teacher_scale: float

    def slope(self, logits: Tensor, label: Tensor, teacher: Tensor) -> Tensor:
        T = self.temperature
        # d KL / dF = (softmax(F / T) - softmax(c G / T)) / T; T^2 makes it as large as the hard part.
        soft = (logits.T / T).softmax(dim=0).sub_((teacher.T * (self.teacher_scale / T)).softmax(dim=0))
        return HARD_LABELS.slope(logits, label).mul_(1 - self.alpha).add_(soft.T, alpha=self.alpha * T)

    def value(self, logits: Tensor, label: Tensor, teacher: Tensor) -> Tensor:
        T = self.temperature
        # KL = sum q r + (p - q), r = ln q - ln p, whose terms are positive: sum q r alone loses its digits where p
        # and q are close, as at high temperatures.
        log_p = (logits.T.double() / T).log_softmax(dim=0)
        log_q = (teacher.T.double() * (self.teacher_scale / T)).log_softmax(dim=0)
        p, q, r = log_p.exp(), log_q.exp(), log_q - log_p
        divergence = (q * (r + (-r).expm1())).where(r.abs() < 1, q * r + p - q).sum(dim=0).clamp_(min=0)
        hard = HARD_LABELS.value(logits, label)
        return (1 - self.alpha) * hard + (self.alpha * T**2) * divergence.to(hard.dtype)

    def softmaxes(self, classes: int, label: Tensor, teacher: Tensor) -> Softmaxes:
        hard, soft, T = 1 - self.alpha, self.alpha * self.temperature, self.temperature
        of_teacher = (teacher * (self.teacher_scale / T)).softmax(dim=1)
        of_label = functional.one_hot(label, classes).to(of_teacher.dtype)
        return Softmaxes(hard, soft, T, hard * of_label + soft * of_teacher)


def truncated_softmax(logits: Tensor, tau: float) -> Tensor:
    """``logit^tau_i(H) = softmax_i(min(tau^2 H_i, 1) / tau)`` of Section 4, for `logits` ``[n, k]``."""
    return ((tau**2 * logits.T).clamp(max=1) / tau).softmax(dim=0).T


@dataclass(frozen=True)
class Truncated(Objective):
    """The paper's objective: the hard labels, and a push where the student's soft label is below its teacher's.

    The slope is that of the cross-entropy plus ``strength`` times the negative part of
    ``logit^tau(F) - logit^tau(c G)``: a logit is pushed up, never down. It is divided by ``1 + strength``, so that
    the step size means the same at every strength. It is the slope of no function; the value is the
    cross-entropy plus ``strength`` times the sum of the squares of the negative parts, halved, likewise divided.

    Attributes:
        strength: ``eta' / eta``, of the soft labels.
        tau: the paper's tau; logits are cut off at ``1 / tau^2``.
        teacher_scale: c, by which the teacher's logits are multiplied (paper: 1).
    """

    strength: float
    tau: float
    teacher_scale: float

    def _below(self, logits: Tensor, teacher: Tensor) -> Tensor:
        soft = truncated_softmax(teacher * self.teacher_scale, self.tau)
        return (truncated_softmax(logits, self.tau) - soft).clamp_(max=0)

    def slope(self, logits: Tensor, label: Tensor, teacher: Tensor) -> Tensor:
        hard = HARD_LABELS.slope(logits, label)
        return hard.add_(self._below(logits, teacher), alpha=self.strength).div_(1 + self.strength)

    def value(self, logits: Tensor, label: Tensor, teacher: Tensor) -> Tensor:
        penalty = self._below(logits, teacher).square().sum(dim=1) / 2
        return (HARD_LABELS.value(logits, label) + self.strength * penalty) / (1 + self.strength)


class Shown:
    """What some logits show of other classes, and how much of it a network shows as well, on the same samples.

    It is ``sum G min(F, G) / sum G^2`` over all samples and all classes but the label's, ``F`` and ``G`` being the
    positive parts of the two: 1 if the network shows all of it. What it shows besides does not count, nor what it
    shows more of.

    Args:
        known: ``[..., n, k]``, the logits G.
        label: int64 ``[n]``.
    """

    def __init__(self, known: Tensor, label: Tensor):
        self.known = known.clamp(min=0) * (1 - functional.one_hot(label, known.shape[-1]).to(known.dtype))
        self.total = self.known.square().sum(dim=(-2, -1))

    def by(self, logits: Tensor) -> Tensor:
        """The share ``[...]`` of it that logits F ``[..., n, k]`` show, from 0 to 1; 1 if nothing is known."""
        both = torch.minimum(logits.clamp(min=0), self.known)  # 0 at the label, as what is known
        share = (both * self.known).sum(dim=(-2, -1)).div(self.total)
        return share.where(self.total > 0, torch.ones_like(share))


@dataclass(frozen=True)
class Union:
    """When a student shows more of what its teacher alone shows than of what it alone showed before it was taught.

    A student learns what its teacher shows of other classes, and gives up what its teacher does not show: its
    own. In between it has both, the union of Theorem 4. Training samples alone tell when: at first it shows less
    of what its teacher's logits exceed its own by than of the converse, in the end more. If the teacher shows
    nothing alone, the student ends once it has given up a share of ``margin / (1 + margin)`` of its own. If the
    student showed nothing alone, it does not end with a positive margin.

    Attributes:
        teacher: ``[..., n, k]``, the teacher's logits, whatever part of them soft labels are made of.
        own: ``[..., n, k]``, the student's logits before it is taught.
        label: int64 ``[n]``.
        scale: by which both are multiplied: half the objective's c, so that a view counts as shown where it has
            half of what soft labels ask for; at most 1, so that a student shows its own views at the start.
        margin: by which share more of the teacher's than of its own must be shown.
    """

    teacher: Tensor
    own: Tensor
    label: Tensor
    scale: float
    margin: float

    def to(self, device: torch.device) -> "Union":
        """The same on a device."""
        return replace(self, **{name: getattr(self, name).to(device) for name in ("teacher", "own", "label")})

    @cached_property
    def _parts(self) -> tuple[Tensor, Shown, Shown]:
        """What both show, ``[..., n, k]``, and what the teacher and the student show alone."""
        scaled = [self.scale * known.clamp(min=0) for known in (self.teacher, self.own)]
        both = torch.minimum(*scaled)
        return both, *(Shown(known - both, self.label) for known in scaled)

    def reached(self, logits: Tensor) -> Tensor:
        """Bool ``[...]``, for the student's logits ``[..., n, k]``."""
        both, *alone = self._parts
        of_teacher, of_own = (part.by(logits - both) for part in alone)
        return of_teacher >= (1 + self.margin) * of_own


def from_config(settings: config.Objective) -> Objective:
    """The objective that a section of the config describes."""
    kind = {"hinton": Hinton, "truncated": Truncated}[settings.kind]
    return kind(**getattr(settings, settings.kind).model_dump(), teacher_scale=settings.teacher_scale)
