"""The whole config, and the checks between its sections.

The models are also the source of ``workflow/schemas/config.schema.json``.
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from multiview.config.sections import Evaluation, Figures, Float, Name, Section
from multiview.config.studies import AnyStudy, ImageStudy, TheoryStudy


class Point(Section):
    """A point of a sweep: the study that was made there, and which of its students are meant."""

    value: Float = Field(description="where on the axis")
    study: Name = Field(description="the study")
    distilled: Name = Field("distilled", description="its students of an ensemble")
    self_distilled: Name = Field("self_distilled", description="its self-distilled students")


class Sweep(Section):
    """Errors over one parameter, a panel of the figure of all sweeps."""

    label: str = Field(description="of the axis, with its symbol between $ signs")
    scale: Literal["linear", "log"] = Field("linear", description="of the axis")
    points: Annotated[list[Point], Field(min_length=1)]


class Config(Section):
    """The whole config. Studies hold their own settings; the keys beside them serve them all."""

    studies: Annotated[dict[Name, AnyStudy], Field(min_length=1)]
    sweeps: dict[Name, Sweep]
    evaluation: Evaluation
    figures: Figures

    @property
    def theory(self) -> dict[str, TheoryStudy]:
        """The studies of the paper's own setting."""
        return {name: study for name, study in self.studies.items() if isinstance(study, TheoryStudy)}

    @property
    def images(self) -> dict[str, ImageStudy]:
        """The studies on images."""
        return {name: study for name, study in self.studies.items() if isinstance(study, ImageStudy)}

    @model_validator(mode="after")
    def _sweeps_are_made(self):
        for name, sweep in self.sweeps.items():
            for i, point in enumerate(sweep.points):
                where = f"sweeps.{name}.points.{i}"
                if point.study not in self.theory:
                    raise ValueError(
                        f"{where}.study: found {point.study!r}, but the studies are {', '.join(self.theory)}"
                    )
                there = self.studies[point.study].students
                for key in ("distilled", "self_distilled"):
                    if getattr(point, key) not in there:
                        raise ValueError(
                            f"{where}.{key}: found {getattr(point, key)!r}, but the students of "
                            f"{point.study!r} are {', '.join(there) or 'none'}"
                        )
        return self

    @model_validator(mode="after")
    def _race_is_trained(self):
        for name, study in self.theory.items():
            seed = self.figures.race_seed
            if seed is not None and seed not in study.seed_list:
                raise ValueError(
                    f"figures.race_seed is {seed}, which study {name!r} does not train "
                    f"(its seeds are {study.seed_list[0]} to {study.seed_list[-1]})"
                )
        return self
