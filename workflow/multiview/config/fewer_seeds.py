"""What is made smaller, or left out, where a study has fewer seeds than it asks for (``--config seeds=5``)."""

import functools
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from pydantic import TypeAdapter

from multiview.config.base import Section
from multiview.config.distillation import Distillation, Grid, ImageDistillation
from multiview.config.evaluation import Ensembles
from multiview.config.figures import Features
from multiview.config.resolving import Leaf, Tree, merged, plain
from multiview.config.studies import Study
from multiview.config.training import Joint
from multiview.config.who_teaches_whom import SINGLE, Kind, LineUp, chain, line_up


def fit(study: dict[str, Tree], images: bool) -> list[str]:
    """Make a study fit its seeds, in place.

    Args:
        study: its sections, before students take what they do not set from `distillation`.
        images: whether it is one on images.

    Returns:
        What was changed, a few words each.
    """
    try:
        seeds = _value(study, Study, "seeds")
        rule = f"seeds is {seeds}"
        changes = [*_fit_averages(study, seeds, rule), *_fit_students(study, seeds, rule, images)]
        return [*changes, *(_fit_features(study, seeds, rule) if images else [])]
    except ValueError:  # a value of a wrong type, or a teacher that is not there: said by the check of the config
        return []


def _fit_averages(study: dict[str, Tree], seeds: int, rule: str) -> list[str]:
    """Ensembles, and the average that is trained end to end."""
    section, joint, words = study.get("ensembles", {}), study.get("joint"), []
    sizes = _value(section, Ensembles, "sizes")
    fitting = [L for L in sizes if seeds >= L]
    if len(fitting) < len(sizes) and seeds not in fitting:
        fitting.append(seeds)
    if isinstance(joint, Mapping) and _value(joint, Joint, "networks") > seeds:
        study["joint"] = joint | {"networks": Leaf(seeds, rule)} if seeds > 1 else Leaf(None, rule)
        words = [f"joint.networks is {seeds}" if seeds > 1 else "joint is left out"]
        fitting = sorted({*fitting, seeds})
    if fitting == sizes:
        return words
    study["ensembles"] = section | {"sizes": Leaf(fitting, rule)}
    return [f"ensembles.sizes is {fitting}", *words]


def _fit_students(study: dict[str, Tree], seeds: int, rule: str, images: bool) -> list[str]:
    written, shared = study.get("students", {}), study.get("distillation", {})
    if not isinstance(written, Mapping):
        return []
    sections = {name: merged(shared, section) for name, section in written.items()}
    starts = {
        name: _value(section, ImageDistillation if images else Distillation, "start")
        for name, section in sections.items()
    }
    kinds = {
        name: Kind(
            **{key: _value(section, LineUp, key) for key in LineUp.model_fields},
            follow=images and starts[name] == "scratch",
        )
        for name, section in sections.items()
    }
    fitting: dict[str, Kind] = {}
    for name in sorted(kinds, key=lambda name: len(chain(name, kinds))):  # each after the one that teaches it
        kind: Kind | None = kinds[name]
        if kind.teacher == SINGLE:
            kind = kind if _fits(kind, seeds) else _smaller(kind, seeds)
        elif kind.teacher not in fitting:
            kind = None
        elif fitting[kind.teacher] != kinds[kind.teacher]:
            kind = _taught_by_fewer(kind, fitting[kind.teacher].students)
        of_students = kind is not None and kind.teacher != SINGLE
        # Where students start warm, there must be networks at their positions.
        if of_students and starts[name] == "warm" and line_up(fitting | {name: kind})[name].last >= seeds:
            kind = None
        if kind is not None:
            fitting[name] = kind
    changed = {name: kind for name, kind in fitting.items() if kind != kinds[name]}
    study["students"] = {
        name: section | _changes(sections[name], kinds[name], changed[name], rule) if name in changed else section
        for name, section in written.items()
        if name in fitting
    }
    by_words: dict[str, list[str]] = {}
    for name, kind in changed.items():
        of = f"{kind.teachers} teachers" if kind.teachers > 1 else "one teacher each"
        by_words.setdefault(f"{kind.students} of {of}", []).append(name)
    left_out = [name for name in written if name not in fitting]
    return [
        *(f"students are {words} ({', '.join(names)})" for words, names in by_words.items()),
        *([f"left out are students {', '.join(left_out)}"] if left_out else []),
    ]


def _changes(section: Mapping[str, Tree], kind: Kind, smaller: Kind, rule: str) -> dict[str, Tree]:
    """The keys of a kind of students that differ where it is made smaller."""
    keys = [key for key in ("teachers", "students", "distance") if getattr(smaller, key) != getattr(kind, key)]
    changes: dict[str, Tree] = {key: Leaf(getattr(smaller, key), rule) for key in keys}
    grid = section.get("grid")
    if isinstance(grid, Mapping) and _value(grid, Grid, "students") > smaller.students:
        changes["grid"] = grid | {"students": Leaf(smaller.students, rule)}
    return changes


def _fits(kind: Kind, seeds: int) -> bool:
    """Whether single networks that teach, and students if these are among them, are among the seeds."""
    places = line_up({"": kind})[""]
    teaching = places.first_teacher + (kind.teachers if kind.teachers > 1 else kind.students)
    return (teaching if kind.follow else places.last + 1) <= seeds


def _smaller(kind: Kind, seeds: int) -> Kind | None:
    """Students and teachers of `seeds` networks, as many of each as there is room for; None: there is none."""
    if kind.follow:
        teachers = min(kind.teachers, seeds)
        students = min(kind.students, seeds) if kind.teachers == 1 else kind.students
        return None if 1 == teachers < kind.teachers else Kind(kind.teacher, teachers, students, None, True)
    students = min(kind.students, seeds // 2)
    if students == 0:
        return None
    if kind.teachers == 1:
        distance = None if kind.distance is None else max(students, min(kind.distance, seeds - students))
        return Kind(kind.teacher, 1, students, distance)
    teachers = min(kind.teachers, seeds - students)
    return Kind(kind.teacher, teachers, students) if teachers > 1 else None


def _taught_by_fewer(kind: Kind, teachers: int) -> Kind | None:
    """Students of students, of whom there are fewer than there were; None: too few for an average."""
    if kind.teachers == 1:
        return replace(kind, students=min(kind.students, teachers))
    teachers = min(kind.teachers, teachers)
    return replace(kind, teachers=teachers) if teachers > 1 else None


def _fit_features(study: dict[str, Tree], seeds: int, rule: str) -> list[str]:
    section = study.get("features")
    if not isinstance(section, Mapping) or _value(section, Features, "seeds") <= seeds:
        return []
    study["features"] = section | {"seeds": Leaf(seeds, rule)} if seeds > 1 else Leaf(None, rule)
    return [f"features.seeds is {seeds}" if seeds > 1 else "features is left out"]


def _value(section: Tree, model: type[Section], key: str) -> Any:
    """The value of a key, or its default.

    Raises:
        ValueError: if it is not of its type, or there is no such section.
    """
    if not isinstance(section, Mapping):
        raise ValueError(f"expected a section with the key {key}")
    value = plain(section[key]) if key in section else model.model_fields[key].default
    return _type(model, key).validate_python(value)


@functools.cache
def _type(model: type[Section], key: str) -> TypeAdapter:
    field = model.model_fields[key]
    return TypeAdapter(Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation)
