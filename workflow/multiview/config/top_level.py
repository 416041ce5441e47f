"""The top level of a config: studies, families, comparisons, sweeps, and the checks between them.

The models are also the source of ``workflow/schemas/config.schema.json``.
"""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, PrivateAttr, ValidationInfo, model_validator

from multiview.config.base import SHARED_KEYS, Float, Name, Section, key
from multiview.config.datasets import PHOTO_KINDS
from multiview.config.evaluation import Evaluation
from multiview.config.figures import Figures
from multiview.config.machine import Machine
from multiview.config.studies import SINGLE, AnyStudy, ImageStudy, TheoryStudy

Path = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(/[a-z0-9][a-z0-9_]*){0,2}$")]
"""The name of a study; that of a cell of a family is made of several."""


def cell_name(family: str, row: str, column: str) -> str:
    """The name of the study of a cell; `column` is empty where there is none."""
    return "/".join(part for part in (family, row, column) if part)


OF_POINTS = ("distilled", "self_distilled")
"""The keys of a point of a sweep that name students of its study."""


class Point(Section):
    """A point of a sweep: the study that was made there, and which of its students are meant."""

    value: Float = key("where on the axis")
    study: Name = key("the study")
    distilled: Name = key("its students of an ensemble, if it has any", "distilled")
    self_distilled: Name = key("its self-distilled students, if it has any", "self_distilled")


class Sweep(Section):
    """Errors over one parameter, a panel of the figure of all sweeps."""

    label: str = key("of the axis, with its symbol between $ signs")
    scale: Literal["linear", "log"] = key("of the axis", "linear")
    points: Annotated[list[Point], Field(min_length=1)] = key("studies along the axis")
    limit: Name | None = key("a study of the parameter's limit, which is shown as lines", None)

    @property
    def studies(self) -> list[str]:
        """Those of its points, and that of its limit."""
        return [*(point.study for point in self.points), *([self.limit] if self.limit else [])]


class Comparison(Section):
    """Studies beside one another in one figure: the errors of every predictor of each."""

    title: str = key("of the figure")
    studies: dict[Name, str] = key("from the name of a study to what it is called there")


class Family(Section):
    """Studies that differ in one or two settings, and are shown in one figure.

    The study of a cell is called ``<family>/<row>/<column>``, or ``<family>/<row>``.
    """

    shows: Literal["gains", "losses"] = key(
        "gains: what the ensemble gains in each cell; losses: what single networks and ensemble lose from "
        "the first row on"
    )
    study: dict[str, Any] = key("what all cells share, as a study")
    rows: Annotated[dict[Name, dict[str, Any]], Field(min_length=1)] = key("laid over it, by name")
    columns: dict[Name, dict[str, Any]] = key("and over this, by name; none: a row is a cell", {})
    beside: list[Name] = key("gains: other studies whose gain is shown on the same scale", [])

    @model_validator(mode="after")
    def _shown(self):
        if self.shows == "losses" and (self.columns or self.beside or len(self.rows) < 2):
            raise ValueError("shows is losses: it needs two rows or more, no columns and nothing beside")
        return self


class Config(Section):
    """The whole config. Studies hold their own settings; the keys beside them serve them all."""

    resolved: ClassVar[tuple[str, ...]] = SHARED_KEYS

    machine: Machine = key("how jobs use the machine, in all studies", Machine)
    studies: Annotated[dict[Path, AnyStudy], Field(min_length=1)] = key("by name; null leaves one out")
    families: dict[Name, Family] = key("studies that differ in one or two settings, by name", {})
    comparisons: dict[Name, Comparison] = key("studies beside one another, by name", {})
    sweeps: dict[Name, Sweep] = key("studies along a parameter, by its name", {})
    evaluation: Evaluation = key("what is measured", Evaluation)
    figures: Figures = key("how figures look", Figures)
    _notes: tuple[str, ...] = PrivateAttr(())

    @property
    def notes(self) -> tuple[str, ...]:
        """What was made smaller, or left out, for want of seeds: a line for each study."""
        return self._notes

    @property
    def theory(self) -> dict[str, TheoryStudy]:
        """The studies of the paper's own setting."""
        return {name: study for name, study in self.studies.items() if isinstance(study, TheoryStudy)}

    @property
    def images(self) -> dict[str, ImageStudy]:
        """The studies on images."""
        return {name: study for name, study in self.studies.items() if isinstance(study, ImageStudy)}

    def cells(self, family: str) -> dict[tuple[str, str], str]:
        """For each row and column of a family (``""`` if it has none) the name of the study."""
        settings = self.families[family]
        return {
            (row, column): cell_name(family, row, column)
            for row in settings.rows
            for column in settings.columns or [""]
        }

    @property
    def named(self) -> dict[str, TheoryStudy | ImageStudy]:
        """The studies that are no cells of families."""
        cells = {cell for family in self.families for cell in self.cells(family).values()}
        return {name: study for name, study in self.studies.items() if name not in cells}

    @property
    def pairs(self) -> dict[str, ImageStudy]:
        """The studies on pictures with two known views."""
        return {name: study for name, study in self.images.items() if study.dataset.kind == "paired"}

    @property
    def stratified(self) -> set[str]:
        """The studies with multi-view and single-view samples, whose errors are measured apart."""
        return {*self.theory, *self.pairs}

    @property
    def photos(self) -> dict[str, ImageStudy]:
        """The studies on real images whose networks learn features."""
        return {
            name: study
            for name, study in self.images.items()
            if study.dataset.kind in PHOTO_KINDS and study.network.regime == "learned"
        }

    def _study(self, where: str, name: str) -> TheoryStudy | ImageStudy:
        """The study that a section names; a ValueError if there is none."""
        if name not in self.studies:
            raise ValueError(f"{where}: found {name!r}, but the studies are {', '.join(self.named)}")
        return self.studies[name]

    @model_validator(mode="after")
    def _contrasts_are_made(self):
        for name, comparison in self.comparisons.items():
            for study in comparison.studies:
                self._study(f"comparisons.{name}.studies", study)
            if len({study in self.stratified for study in comparison.studies}) > 1:
                raise ValueError(
                    f"comparisons.{name}.studies: studies with single-view samples and others have other errors"
                )
        for name, family in self.families.items():
            if name in self.studies:
                raise ValueError(f"families.{name}: this is the name of a study")
            for study in family.beside:
                self._study(f"families.{name}.beside", study)
            if len({type(self.studies[cell]) for cell in self.cells(name).values()}) > 1:
                raise ValueError(f"families.{name}: found cells on images and others, which have other errors")
        for name, study in self.images.items():
            data = study.dataset
            if data.kind != "layer":
                continue
            if data.study not in self.photos:
                raise ValueError(
                    f"studies.{name}.dataset.study: found {data.study!r}, but the studies on real images with "
                    f"networks that learn are {', '.join(self.photos) or 'none'}"
                )
            length = self.photos[data.study].network.trunk_length
            if data.layers > length:
                raise ValueError(
                    f"studies.{name}.dataset.layers: found {data.layers}, but the trunk of the network of "
                    f"{data.study!r} has {length} modules with channels"
                )
        return self

    @model_validator(mode="after")
    def _sweeps_are_made(self, info: ValidationInfo):
        left_out = (info.context or {}).get("left_out", {})  # of each study, the students that lack seeds
        for name, sweep in self.sweeps.items():
            if sweep.limit:
                self._study(f"sweeps.{name}.limit", sweep.limit)
            for i, point in enumerate(sweep.points):
                where = f"sweeps.{name}.points.{i}"
                study = self._study(f"{where}.study", point.study)
                students = {*study.students, *left_out.get(point.study, ())}
                for kind in OF_POINTS:
                    if getattr(point, kind) not in students and (students or kind in point.model_fields_set):
                        raise ValueError(
                            f"{where}.{kind}: found {getattr(point, kind)!r}, but the students of "
                            f"{point.study!r} are {', '.join(sorted(students)) or 'none'}"
                        )
        return self

    @model_validator(mode="after")
    def _race_is_trained(self):
        for name, study in self.theory.items():
            seed = self.figures.race_seed
            seeds = study.seeds_of(SINGLE)
            if seed is not None and seed not in seeds:
                raise ValueError(
                    f"figures.race_seed is {seed}, which study {name!r} does not train "
                    f"(its seeds are {seeds[0]} to {seeds[-1]})"
                )
        return self
