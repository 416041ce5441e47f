"""Sections of objectives: what students are trained towards (Section 4), on images and in theory."""

from typing import Literal

from multiview.config.base import Positive, Section, Weight, again, key


class Hinton(Section):
    """``(1 - alpha) CE(y) + alpha T^2 KL(softmax(c G / T) || softmax(F / T))``."""

    alpha: Weight = key(
        "weight of the soft labels", 0.9, symbol="alpha", reason="hard labels count less, as Hinton et al. advise"
    )
    temperature: Positive = key(
        "of the softmax of teacher and student", 4.0, symbol="T", reason="of the middle of the default grid"
    )


class Truncated(Section):
    """The paper's objective: a push where the student's truncated soft label is below the teacher's."""

    strength: Positive = key(
        "weight of the soft labels beside the hard ones", 1.0, symbol="eta' / eta", reason="paper: poly(k)"
    )
    tau: Positive = key(
        "of the truncated softmax; logits are cut off at 1 / tau^2",
        0.2,
        symbol="tau",
        reason="paper: 1 / polylog(k). Logits count up to 25",
    )


class Objective(Section):
    """What a student is trained towards (Section 4)."""

    kind: Literal["hinton", "truncated"] = key("which of the two objectives below", "hinton")
    teacher_scale: Positive = key(
        "factor of the teacher's logits G", 1.0, symbol="c", reason="paper: 1, logits as they are"
    )
    hinton: Hinton = key("used if kind is hinton", Hinton)
    truncated: Truncated = key("used if kind is truncated", Truncated)


class TheoryHinton(Hinton):
    """``(1 - alpha) CE(y) + alpha T^2 KL(softmax(c G / T) || softmax(F / T))``."""

    temperature: Positive = again(
        Hinton, "temperature", 32.0, reason="nearly a regression on the teacher's logits"
    )


class TheoryTruncated(Truncated):
    """The paper's objective: a push where the student's truncated soft label is below the teacher's."""

    strength: Positive = again(Truncated, "strength", 3.0)
    tau: Positive = again(Truncated, "tau", 1.3, reason="paper: 1 / polylog(k). What it does: docs/theory.md")


class TheoryObjective(Objective):
    """What a student is trained towards (Section 4)."""

    teacher_scale: Positive = again(
        Objective,
        "teacher_scale",
        1.75,
        reason="paper: 1. An ensemble shows a view about half as strongly as a network that has it",
    )
    hinton: TheoryHinton = again(Objective, "hinton", TheoryHinton)
    truncated: TheoryTruncated = again(Objective, "truncated", TheoryTruncated)
