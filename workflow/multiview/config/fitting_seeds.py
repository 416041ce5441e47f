"""What is made smaller, or left out, where a study has fewer seeds than it asks for (``--config seeds=5``)."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from multiview.config.images import Features, Grid
from multiview.config.resolving import Leaf, Tree, number, plain
from multiview.config.sections import Ensembles, Joint
from multiview.config.studies import LineUp, Study
from multiview.config.who_teaches_whom import SINGLE, Kind, chain, line_up


def fit(study: dict[str, Tree], images: bool) -> list[str]:
    """Make a study fit its seeds, in place.

    Values of a wrong type are left for the check of the config.

    Args:
        study: its sections, before students take what they do not set from `distillation`.
        images: whether it is one on images.

    Returns:
        What was changed, a few words each.
    """
    seeds = number(study.get("seeds"), Study.model_fields["seeds"].default)
    if seeds is None or not math.isfinite(seeds) or seeds < 1 or seeds != int(seeds):
        return []
    rule = f"seeds is {int(seeds)}"
    return [
        *_fit_ensembles_and_joint(study, int(seeds), rule),
        *_fit_students(study, int(seeds), rule, images),
        *(_fit_features(study, int(seeds), rule) if images else []),
    ]


def _fit_ensembles_and_joint(study: dict[str, Tree], seeds: int, rule: str) -> list[str]:
    section, said = study.get("ensembles", {}), []
    if not isinstance(section, Mapping):
        return []
    sizes = plain(section["sizes"]) if "sizes" in section else _default(Ensembles, "sizes")
    if not isinstance(sizes, list) or not all(type(L) is int for L in sizes):
        return []
    fitting = [L for L in sizes if seeds >= L]
    if len(fitting) < len(sizes) and seeds not in fitting:
        fitting.append(seeds)
    joint = study.get("joint")
    if isinstance(joint, Mapping):
        networks = number(joint.get("networks"), _default(Joint, "networks"))
        if networks is not None and networks > seeds > 1:
            study["joint"] = joint | {"networks": Leaf(seeds, rule)}
            said.append(f"joint.networks is {seeds}")
            fitting = sorted({*fitting, seeds})
        elif networks is not None and networks > seeds:
            study["joint"] = Leaf(None, rule)
            said.append("joint is left out")
    if fitting != sizes:
        study["ensembles"] = section | {"sizes": Leaf(fitting, rule)}
        said.insert(0, f"ensembles.sizes is {fitting}")
    return said


def _fit_students(study: dict[str, Tree], seeds: int, rule: str, images: bool) -> list[str]:
    students, changes = study.get("students", {}), {}
    if not isinstance(students, Mapping):
        return []
    shared = study.get("distillation", {})
    shared = shared if isinstance(shared, Mapping) else {}
    start = plain(shared["start"]) if "start" in shared else None
    kinds = {}
    for name, one in students.items():
        kind = _kind(one, start, images)
        if kind is None:
            return []
        kinds[name] = kind
    kept = dict(students)

    def make_smaller(name: str, smaller: Kind | None) -> None:
        if smaller is None:
            del kept[name]
            return
        if smaller == kinds[name]:
            return
        changed = {
            key: Leaf(getattr(smaller, key), rule)
            for key in ("teachers", "students", "distance")
            if getattr(smaller, key) != getattr(kinds[name], key)
        }
        grid = students[name].get("grid", shared.get("grid"))
        tries = number(grid.get("students"), _default(Grid, "students")) if isinstance(grid, Mapping) else None
        if tries is not None and tries > smaller.students:
            changed["grid"] = grid | {"students": Leaf(smaller.students, rule)}
        kept[name], kinds[name] = dict(students[name]) | changed, smaller
        changes.setdefault(_words(smaller), []).append(name)
        made_smaller.add(name)

    made_smaller: set[str] = set()
    for name in _teachers_first(kinds):
        kind = kinds[name]
        if kind.teacher != SINGLE:
            if kind.teacher in made_smaller:
                make_smaller(name, _taught_by_fewer(kind, kinds[kind.teacher].students))
            warm = plain(
                students[name].get("start", shared.get("start", Leaf("scratch" if images else "warm", "")))
            )
            if name in kept and not _has_room(name, kinds, kept, seeds if warm == "warm" else None):
                del kept[name]
            continue
        places = line_up({name: kind})[name]
        taught = places.first_teacher + (kind.teachers if kind.teachers > 1 else kind.students)
        if (taught if kind.follow else places.last + 1) > seeds:
            make_smaller(name, _smaller(kind, seeds))
    left_out = [name for name in students if name not in kept]
    changes = {words: [name for name in names if name in kept] for words, names in changes.items()}
    said = [f"students are {words} ({', '.join(names)})" for words, names in changes.items() if names]
    said += [f"left out are students {', '.join(left_out)}"] if left_out else []
    study["students"] = kept
    return said


def _teachers_first(kinds: Mapping[str, Kind]) -> list[str]:
    """The kinds of students, each after the one that teaches it, as far as there is such a one."""

    def generation(name: str) -> int:
        try:
            return len(chain(name, kinds))
        except ValueError:  # said by the check of the config
            return 0

    return sorted(kinds, key=generation)


def _taught_by_fewer(kind: Kind, teachers: int) -> Kind | None:
    """Students of students, of whom there are fewer than there were; None: too few for an average."""
    if kind.teachers == 1:
        return replace(kind, students=min(kind.students, teachers))
    teachers = min(kind.teachers, teachers)
    return replace(kind, teachers=teachers) if teachers > 1 else None


def _has_room(name: str, kinds: Mapping[str, Kind], kept: Mapping[str, Any], seeds: int | None) -> bool:
    """Whether students of students have teachers, and positions below `seeds` if these must be."""
    try:
        names = chain(name, kinds)
    except ValueError:  # said by the check of the config
        return True
    if not all(one in kept for one in names):
        return False
    return seeds is None or line_up({one: kinds[one] for one in names})[name].last < seeds


def _kind(one: Tree, start: Any, images: bool) -> Kind | None:
    """A kind of students as far as it is known, or None if a value is not of its type."""
    if not isinstance(one, Mapping):
        return None
    values = {key: plain(one[key]) if key in one else _default(LineUp, key) for key in LineUp.model_fields}
    values = {
        key: int(v) if isinstance(v, str) and v.isdigit() and key != "teacher" else v for key, v in values.items()
    }
    whole = [values["teachers"], values["students"], *([] if values["distance"] is None else [values["distance"]])]
    if not all(type(v) is int and v >= 1 for v in whole) or not isinstance(values["teacher"], str):
        return None
    start = plain(one["start"]) if "start" in one else start
    return Kind(**values, follow=images and start in (None, "scratch"))


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


def _words(kind: Kind) -> str:
    return f"{kind.students}" + (f" of {kind.teachers} teachers" if kind.teachers > 1 else " of one teacher each")


def _fit_features(study: dict[str, Tree], seeds: int, rule: str) -> list[str]:
    section = study.get("features")
    shown = number(section.get("seeds"), _default(Features, "seeds")) if isinstance(section, Mapping) else None
    if shown is None or shown <= seeds:
        return []
    study["features"] = section | {"seeds": Leaf(seeds, rule)} if seeds > 1 else Leaf(None, rule)
    return [f"features.seeds is {seeds}" if seeds > 1 else "features is left out"]


def _default(section: type, key: str) -> Any:
    return section.model_fields[key].default
