"""What is made smaller, or left out, where a study has fewer seeds than it asks for (``--config seeds=5``)."""

from collections.abc import Iterable, Mapping
from operator import attrgetter
from typing import Any

from pydantic import TypeAdapter

from multiview.config.base import Count, Section
from multiview.config.distillation import Grid, ImageStudents, Students
from multiview.config.evaluation import Ensembles
from multiview.config.figures import Features
from multiview.config.resolving import Leaf, Tree, merged, on_images, plain
from multiview.config.studies import Study
from multiview.config.training import Joint
from multiview.config.who_teaches_whom import SINGLE, LineUp, chain, line_up


def seeds_of(study: dict[str, Tree]) -> Any:
    """What a study has as its number of seeds."""
    return plain(study["seeds"]) if "seeds" in study else Study.model_fields["seeds"].default


def fit(study: dict[str, Tree]) -> list[str]:
    """Make a study fit its seeds, in place, before students take what they do not set from `distillation`.

    Returns:
        What was changed, a few words each.
    """
    try:
        seeds = TypeAdapter(Count).validate_python(seeds_of(study))
        rule = f"seeds is {seeds}"
        changes = [*_fit_averages(study, seeds, rule), *_fit_students(study, seeds, rule)]
        return changes + (_limit(study, "features", Features, "seeds", seeds, rule) if on_images(study) else [])
    except ValueError:  # a value of a wrong type, or a teacher that is not there: said by the check of the config
        return []


def _fit_averages(study: dict[str, Tree], seeds: int, rule: str) -> list[str]:
    """Ensembles, and the average that is trained end to end."""
    section = study.get("ensembles", {})
    sizes = _read(section, Ensembles).sizes
    fitting = [L for L in sizes if seeds >= L]
    if len(fitting) < len(sizes) and seeds not in fitting:
        fitting.append(seeds)
    words = _limit(study, "joint", Joint, "networks", seeds, rule)
    if words:
        fitting = sorted({*fitting, seeds})
    if fitting == sizes:
        return words
    study["ensembles"] = section | {"sizes": Leaf(fitting, rule)}
    return [f"ensembles.sizes is {fitting}", *words]


def _fit_students(study: dict[str, Tree], seeds: int, rule: str) -> list[str]:
    written, shared = study.get("students", {}), study.get("distillation", {})
    if not isinstance(written, Mapping):
        return []
    sections = {name: merged(shared, section) for name, section in written.items()}
    model = ImageStudents if on_images(study) else Students
    kinds = {name: _read(section, model, (*LineUp.model_fields, "start")) for name, section in sections.items()}
    fitting: dict[str, LineUp] = {}
    for name in sorted(kinds, key=lambda name: len(chain(name, kinds))):  # each after the one that teaches it
        kind: LineUp | None = kinds[name]
        if kind.teacher == SINGLE:
            kind = _fitting(kind, kinds.values(), seeds)
        elif kind.teacher not in fitting:
            kind = None
        elif fitting[kind.teacher] != kinds[kind.teacher]:
            kind = _taught_by_fewer(kind, fitting[kind.teacher].students)
        if kind is None:
            continue
        # Where students start warm, there must be networks at their positions.
        warm = kind.teacher != SINGLE and kind.start == "warm"
        if not warm or line_up(fitting | {name: kind})[name].last < seeds:
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
    words = [f"students are {numbers} ({', '.join(names)})" for numbers, names in by_words.items()]
    left_out = ", ".join(name for name in written if name not in fitting)
    return [*words, f"left out are students {left_out}"] if left_out else words


def _changes(section: Mapping[str, Tree], kind: LineUp, smaller: LineUp, rule: str) -> dict[str, Tree]:
    """The keys of a kind of students that differ where it is made smaller."""
    keys = [key for key in ("teachers", "students", "distance") if getattr(smaller, key) != getattr(kind, key)]
    changes: dict[str, Tree] = {key: Leaf(getattr(smaller, key), rule) for key in keys}
    grid = section.get("grid")
    if isinstance(grid, Mapping) and _read(grid, Grid).students > smaller.students:
        changes["grid"] = grid | {"students": Leaf(smaller.students, rule)}
    return changes


def _fitting(kind: LineUp, kinds: Iterable[LineUp], seeds: int) -> LineUp | None:
    """Students and teachers of `seeds` single networks, as many of each as there is room for; None: there is none.

    Those of `kinds` that one ensemble teaches keep one ensemble, however many students each of them has.
    """
    places = line_up({"": kind})[""]
    # Students that come behind their teachers are not among the single networks.
    if (places.taught_by(places.students[-1])[-1] if kind.follow else places.last) < seeds:
        return kind
    distance = None
    if kind.follow:
        students = min(kind.students, seeds) if kind.teachers == 1 else kind.students
        teachers = min(kind.teachers, seeds)
    else:
        near = kind.teachers == 1 and kind.distance is not None
        # At a small distance networks that are taught teach as well, so that more of them have room.
        taught_by = attrgetter("teacher", "teachers", "distance")
        same = [each.students for each in kinds if taught_by(each) == taught_by(kind)] if kind.teachers > 1 else []
        room = min(max(same, default=kind.students), max(seeds // 2, seeds - kind.distance if near else 0))
        students = min(kind.students, room)
        teachers = min(kind.teachers, seeds - room)
        distance = min(kind.distance, seeds - students) if near else (None if students == room else room)
    if students == 0 or 1 == teachers < kind.teachers:
        return None
    return kind.model_copy(update={"teachers": teachers, "students": students, "distance": distance})


def _taught_by_fewer(kind: LineUp, teachers: int) -> LineUp | None:
    """Students of students, of whom there are fewer than there were; None: too few for an average."""
    if kind.teachers == 1:
        return kind.model_copy(update={"students": min(kind.students, teachers)})
    return kind.model_copy(update={"teachers": min(kind.teachers, teachers)}) if teachers > 1 else None


def _limit(study: dict[str, Tree], name: str, model: type[Section], key: str, seeds: int, rule: str) -> list[str]:
    """Let a section ask for no more seeds than there are; it is left out where there is one alone."""
    section = study.get(name)
    if not isinstance(section, Mapping) or getattr(_read(section, model), key) <= seeds:
        return []
    study[name] = section | {key: Leaf(seeds, rule)} if seeds > 1 else Leaf(None, rule)
    return [f"{name}.{key} is {seeds}" if seeds > 1 else f"{name} is left out"]


def _read(section: Tree, model: type[Section], keys: Iterable[str] | None = None) -> Any:
    """A section, or some keys of it with all others as by default; a ValueError if it is none, or not allowed."""
    if not isinstance(section, Mapping):
        raise ValueError("expected a section")
    return model.model_validate({key: plain(section[key]) for key in keys or model.model_fields if key in section})
