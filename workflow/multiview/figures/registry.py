"""Every figure: where it stands in the report, which artifacts it shows, and which studies have it.

A figure is a module of its own in this folder, called as it is here, with ``make(sources, about, settings)``, that
returns the figure and the tables that it shows. Nothing here imports Matplotlib: the workflow reads it to plan.
"""

import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from multiview import config
from multiview.store import artifacts


@dataclass(frozen=True)
class Figure:
    """What the workflow has to know of a figure.

    Attributes:
        category: of the report.
        inputs: names of the artifacts that it shows; ``single_...`` are of single networks, ``student_...`` of
            the students that `raced` names.
        shows: whether a study has it; never for what shows several studies.
    """

    category: str
    inputs: Sequence[str]
    shows: Callable[[config.Study], bool] = lambda study: False


def _theory(study: config.Study) -> bool:
    return isinstance(study, config.TheoryStudy)


def _races(study: config.Study) -> bool:
    return _theory(study) and study.network.regime == "learned"


def _pairs(study: config.Study) -> bool:
    return study.dataset.kind == "paired"


def _images(study: config.Study) -> bool:
    return isinstance(study, config.ImageStudy) and not _pairs(study)


def _features(study: config.Study) -> bool:
    return _images(study) and study.features is not None


def _intervenes(study: config.Study) -> bool:
    return _theory(study) and any(students.soft_labels != "all" for students in study.students.values())


def raced(study: config.Study) -> str | None:
    """The kind of students whose race is shown: with one single network as teacher, and no intervention.

    Of several such kinds it is ``self_distilled``, or the first where that is none of them. None: there are none.
    """
    names = [
        name
        for name, students in (study.students.items() if _races(study) else ())
        if (students.teacher, students.teachers, students.soft_labels) == (config.SINGLE, 1, "all")
    ]
    return "self_distilled" if "self_distilled" in names else next(iter(names), None)


def _learns_from_all(study: config.Study) -> bool:
    return _races(study) and any(students.soft_labels == "all" for students in study.students.values())


def _generations(study: config.Study) -> bool:
    return _races(study) and any(
        students.teachers == 1 and students.soft_labels == "all" for students in study.students.values()
    )


def _later_students(study: config.Study) -> bool:
    return _images(study) and any(students.teacher != config.SINGLE for students in study.students.values())


FIGURES = {
    "samples": Figure("2 The data", ["samples", "patches"], shows=_races),
    "pairs": Figure("2 The data", ["samples", "images"], shows=_pairs),
    "race": Figure("3 The race", ["single_strengths"], shows=_races),
    "outcome": Figure("3 The race", ["lottery"], shows=_theory),
    "ensemble_size": Figure(
        "4 Ensembles", ["scores", "ensemble_errors", "learned"], lambda s: _races(s) or _pairs(s)
    ),
    "lottery": Figure("3 The race", ["lottery"], _races),
    "error_over_mu": Figure(
        "5 Students",
        ["scores"],
        shows=lambda s: (_races(s) or _pairs(s)) and bool(s.students or s.joint is not None),
    ),
    "views_learned": Figure(
        "5 Students",
        ["learned"],
        shows=lambda s: _pairs(s) or (_theory(s) and bool(s.students or (_races(s) and s.joint is not None))),
    ),
    "dark_knowledge": Figure("5 Students", ["dark_knowledge"], shows=_learns_from_all),
    "interventions": Figure("5 Students", ["scores"], shows=_intervenes),
    "student_race": Figure("5 Students", ["learned", "student_strengths"], shows=lambda s: raced(s) is not None),
    "generations": Figure("5 Students", ["scores"], shows=lambda s: _generations(s) or _later_students(s)),
    "sweep": Figure("5 Students", ["scores"]),
    "accuracy": Figure("6 Images", ["scores"], shows=_images),
    "accuracy_over_size": Figure("6 Images", ["scores", "ensemble_errors"], shows=_images),
    "agreement": Figure("6 Images", ["agreement"], shows=_images),
    "disputed": Figure(
        "6 Images",
        ["samples", "images", "single_logits"],
        lambda s: _images(s) and s.dataset.kind in config.PHOTO_KINDS,
    ),
    "choice": Figure(
        "6 Images",
        ["choice"],
        shows=lambda s: not _theory(s) and any(x.grid is not None for x in s.students.values()),
    ),
    "gains": Figure("7 Contrasts", ["gains"]),
    "losses": Figure("7 Contrasts", ["losses"]),
    "comparison": Figure("7 Contrasts", ["scores"]),
    "similarity": Figure("7 Contrasts", ["similarity"], shows=_features),
    "exciting": Figure("7 Contrasts", ["exciting"], shows=_features),
}
"""All of them, by name, in the order of a study's page."""


def of_study(study: config.Study) -> list[str]:
    """The names of the figures that a study has."""
    return [name for name, figure in FIGURES.items() if figure.shows(study)]


def without_intervention(roles: Mapping[str, Mapping]) -> dict[str, Mapping]:
    """The roles of those kinds of students whose soft labels are all their teacher's.

    A kind that interventions are held against is left out where it differs in c alone from one before it.
    """
    held_against = [setting(role) for role in roles.values() if role["intervention"]]
    left: dict[str, Mapping] = {}
    for name, role in roles.items():
        known = [setting(other, c=False) for other in left.values()]
        doubled = setting(role) in held_against and setting(role, c=False) in known
        if not role["intervention"] and not doubled:
            left[name] = role
    return left


def setting(role: Mapping, c: bool = True) -> dict[str, Any]:
    """What students share but for an intervention, with or without the factor of their teachers' logits."""
    own = {part: role[part] for part in ("teacher", "teacher_size", "start")}
    objective = role["objective"] if c else role["objective"] | {"teacher_scale": None}
    return own | {"objective": objective}


def modules(names: Iterable[str]) -> list[str]:
    """The files that draw some figures, as `multiview.store.code` takes them."""
    return [f"multiview/figures/{name}.py" for name in sorted(set(names))]


class Sources:
    """The artifacts that figures of one job show, each read once however many figures show it.

    Args:
        files: for each name of an input its path or paths. The name of a file tells the kind of artifact.
    """

    def __init__(self, files: Mapping[str, str | Sequence[str]]):
        self.files = {name: [paths] if isinstance(paths, str) else list(paths) for name, paths in files.items()}
        self._read: dict[str, artifacts.Artifact] = {}

    def all(self, name: str) -> list[artifacts.Artifact]:
        """The artifacts of an input that has several files.

        Raises:
            ArtifactError: if one is missing or damaged.
        """
        return [self._of(path) for path in self.files[name]]

    def one(self, name: str) -> artifacts.Artifact:
        """The artifact of an input that is one file.

        Raises:
            ArtifactError: if it is missing or damaged.
        """
        (path,) = self.files[name]
        return self._of(path)

    def pandas(self, name: str):
        """The table of an input that is one file."""
        return self.one(name).pandas()

    def _of(self, path: str) -> artifacts.Artifact:
        if path not in self._read:
            self._read[path] = artifacts.read(path, Path(path).stem)
        return self._read[path]


def make(name: str, sources: Sources, about: Mapping[str, Any], settings: config.Figures):
    """Draw a figure.

    Args:
        name: a key of `FIGURES`.
        sources: its artifacts.
        about: what it has to know besides, in plain values.
        settings: the figures section of the config.

    Returns:
        The figure, and the tables that it shows: a data frame, or several by name.
    """
    return importlib.import_module(f"multiview.figures.{name}").make(sources, about, settings)
