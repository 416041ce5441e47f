"""Sections of distillation: how students learn from teachers (warm or from scratch, soft labels), and who teaches.

What they are trained towards is in `multiview.config.objectives`.
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from multiview.config.base import Count, NonNegative, Positive, Section, Weight, key
from multiview.config.objectives import Objective, TheoryObjective
from multiview.config.training import ImageTraining, StudentTraining
from multiview.config.who_teaches_whom import LineUp
from multiview.soft_labels import NEED_OWN, Kind


class Distillation(Section):
    """How students learn (Section 4), unless a kind of students has its own way."""

    start: Literal["warm", "scratch"] = key(
        "warm: from the end of the student's own training on hard labels; scratch: from its initialisation",
        "warm",
        reason="Theorem 4 unites a student's own view with its teacher's",
    )
    init_std: Positive | None = key(
        "standard deviation of a student's fresh weights: its initialisation from scratch, added to what it "
        "starts from if warm; null: network.init_std, and nothing added",
        0.35,
        reason="the race leaves too little of the lost view for it to grow from",
    )
    centred: bool = key(
        "whether the fresh weights that a class's neurons of a warm student get sum to zero",
        True,
        reason="the largest product with a lost view, from which that view grows, is then hardly ever small",
    )
    soft_labels: Kind = key("what soft labels are made of: an intervention, if not all", "all")
    stop: Literal["last", "union"] = key(
        "last: after max_steps; union: once a student shows more of what its teacher alone shows than of what it "
        "alone showed before, of other classes on the training samples; at the latest after max_steps",
        "last",
    )
    union_margin: NonNegative = key(
        "stop union: by which share more of what its teacher alone shows than of what it alone showed it must "
        "show",
        0.05,
        reason="for some dozens of steps it shows nearly all of both, and still learns views of its teacher",
    )
    objective: TheoryObjective = key("what students are trained towards", TheoryObjective)
    training: StudentTraining = key("laid over the study's training", StudentTraining)

    @property
    def needs_own(self) -> bool:
        """Whether what the student says before it is taught has a part in its training."""
        return self.stop == "union" or self.soft_labels in NEED_OWN

    @model_validator(mode="after")
    def _has_own(self):
        if self.stop == "union" and self.start == "scratch":
            raise ValueError(
                "stop is 'union', but start is 'scratch': a student from scratch shows nothing of its own; "
                "allowed is 'last'"
            )
        return self


class Grid(Section):
    """Values of Hinton's objective that are tried; the best on the validation split are used."""

    alpha: Annotated[list[Weight], Field(min_length=1)] = key(
        "weights of the soft labels", [0.5, 0.9], symbol="alpha"
    )
    temperature: Annotated[list[Positive], Field(min_length=1)] = key("temperatures", [1.0, 4.0, 16.0], symbol="T")
    students: Count = key("the first so many students try each pair", 2)


class ImageDistillation(Section):
    """How students learn, unless a kind of students has its own way."""

    start: Literal["warm", "scratch"] = key(
        "scratch: from a fresh initialisation; warm: from the end of the student's own training",
        "scratch",
        reason="the paper's students are fresh networks",
    )
    objective: Objective = key("what students are trained towards", Objective)
    soft_labels: Literal["all", "none"] = key(
        "none: hard labels alone, as a control. A kind called `single_longer`, with the epochs of teacher and "
        "student together, is held against `distilled` and `self_distilled`",
        "all",
    )
    grid: Grid | None = key(
        "alpha and temperature to choose from, for each kind of students; null: those of the objective", None
    )
    training: ImageTraining = key("laid over the study's training", ImageTraining)

    @model_validator(mode="after")
    def _grid_is_of_hinton(self):
        if self.grid is not None and self.objective.kind != "hinton":
            raise ValueError(f"grid is for objective.kind hinton, found {self.objective.kind}: set grid to null")
        if self.grid is not None and self.soft_labels == "none":
            raise ValueError("soft_labels is none, so that there is nothing to choose: set grid to null")
        return self


class Students(LineUp, Distillation):
    """Networks of the paper's setting that learn from a teacher; what they do not say is as in `distillation`."""


class ImageStudents(LineUp, ImageDistillation):
    """Networks for images that learn from a teacher; what they do not say is as in `distillation`."""

    @property
    def follow(self) -> bool:
        """Whether students come behind their teachers: from scratch they are fresh networks."""
        return self.start == "scratch"
