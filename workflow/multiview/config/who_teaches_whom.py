"""Who teaches and who learns: positions of networks that follow from numbers of teachers and of students.

A position counts the seeds of a study from 0. Students of single networks are the study's first networks, and
those behind them teach. Where students *follow*, the first networks teach, and fresh ones behind them learn.
Students of other students are the first networks that have no part in what their teachers learned.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pydantic import model_validator

from multiview.config.base import Count, Name, Section, key

SINGLE = "single"
"""The predictor of networks trained on hard labels alone, one by one."""


class LineUp(Section):
    """Who learns from whom. Which seeds these are follows from the numbers: `config.who_teaches_whom`."""

    resolved: ClassVar[tuple[str, ...]] = ("based_on",)
    teacher: Name = key(
        "single, or the name of other students of the study: whose logits are the teacher's", SINGLE
    )
    teachers: Count = key(
        "networks that teach: 1: each student has one of its own; above: all learn from their average",
        1,
        symbol="L",
    )
    students: Count = key("how many", 10, reason="the paper's number of seeds")
    distance: Count | None = key(
        "positions from the first student to the first network that teaches (or back, where students come behind "
        "their teachers), for students of single networks; null: none is left out",
        None,
        unit="seeds",
    )

    @property
    def follow(self) -> bool:
        """Whether students come behind their teachers."""
        return False

    @model_validator(mode="after")
    def _distance_to_single(self):
        if self.distance is not None and self.teacher != SINGLE:
            raise ValueError(f"distance is for teacher {SINGLE}, found {self.teacher}: leave it out")
        return self


@dataclass(frozen=True)
class Positions:
    """Where the students of a kind are, and the first network that teaches them; `teachers` as in `LineUp`."""

    students: range
    first_teacher: int
    teachers: int

    def taught_by(self, position: int) -> range:
        """Positions of the networks that teach the student at a position."""
        own = 0 if self.teachers > 1 else position - self.students[0]
        return range(self.first_teacher + own, self.first_teacher + own + self.teachers)

    @property
    def last(self) -> int:
        """The last position of a student or of a network that teaches."""
        return max(self.students[-1], self.taught_by(self.students[-1])[-1])


def line_up(kinds: Mapping[str, LineUp]) -> dict[str, Positions]:
    """The positions of all kinds of students of a study.

    Raises: as `chain`.
    """
    positions: dict[str, Positions] = {}
    for name in kinds:
        for kind in reversed(chain(name, kinds)):
            if kind not in positions:
                positions[kind] = _place(kind, kinds, positions)
    return positions


def _place(name: str, kinds: Mapping[str, LineUp], positions: Mapping[str, Positions]) -> Positions:
    kind = kinds[name]
    if kind.teacher != SINGLE:
        first = 1 + max(positions[above].last for above in chain(kind.teacher, kinds))
        return Positions(range(first, first + kind.students), positions[kind.teacher].students[0], kind.teachers)
    behind = kind.teachers if kind.follow and kind.teachers > 1 else kind.students
    distance = behind if kind.distance is None else kind.distance
    first_student, first_teacher = (distance, 0) if kind.follow else (0, distance)
    return Positions(range(first_student, first_student + kind.students), first_teacher, kind.teachers)


def chain(name: str, kinds: Mapping[str, LineUp]) -> list[str]:
    """A kind of students, their teachers, and so on up to those of single networks.

    Raises:
        ValueError: if there is no such kind, or if the kinds are a circle.
    """
    names = [name]
    while kinds[names[-1]].teacher != SINGLE:
        above = kinds[names[-1]].teacher
        allowed = [SINGLE, *(other for other in kinds if other != names[-1])]
        if above not in allowed:
            raise ValueError(
                f"students.{names[-1]}.teacher: found {above!r}, but the predictors are {', '.join(allowed)}"
            )
        names.append(above)
        if names.count(above) > 1:
            raise ValueError(f"students.{name}.teacher: {' -> '.join(names)} is a circle")
    return names
