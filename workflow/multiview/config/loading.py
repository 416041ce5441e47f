"""Loading of the config: from Snakemake's dictionary to a checked `Config`, with errors that name the key."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from multiview.config.base import SHARED_KEYS
from multiview.config.datasets import IMAGE_KINDS
from multiview.config.fewer_seeds import fit, seeds_of
from multiview.config.machine import Machine
from multiview.config.networks import NETWORK_KINDS
from multiview.config.resolving import (
    ConfigError,
    Leaf,
    Tree,
    fill_training,
    leaves,
    merged,
    place,
    plain,
    section,
    tagged,
    whole,
    with_cells,
    without_nulls,
)
from multiview.config.top_level import OF_POINTS, Config

POSITIONS = "which seeds teach and learn follows from teachers, students and distance"
MOVED = {"teacher_size": "it is called teachers", "first_teacher": POSITIONS, "first_student": POSITIONS}
MOVED |= {key: f"it is machine.{key}, for all studies or in one" for key in Machine.model_fields}
"""Keys that are refused where configs had them once, and what is there for them."""


def load(raw: Mapping[str, Any]) -> Config:
    """Check the raw config and fill in ``based_on``, the shared keys and what follows from others.

    Raises:
        ConfigError: naming the path of every key at fault, what was found and what is allowed.
    """
    return load_with_origins([("config", raw)])[0]


def load_with_origins(sources: Sequence[tuple[str, Mapping[str, Any]]]) -> tuple[Config, dict[str, Tree]]:
    """Check a config that is made of several, each laid over the ones before.

    Args:
        sources: the name of each and its keys.

    Returns:
        The config, and the whole studies as trees whose leaves say where they were written.

    Raises:
        ConfigError: as `load` does.
    """
    config: Tree = {}
    for origin, raw in sources:
        if not isinstance(raw, Mapping):
            raise ConfigError(f"{origin}: expected a mapping from keys to values, found {raw!r}")
        config = merged(config, tagged(raw, origin), told_by_kind=())
    if not isinstance(config.get("studies"), Mapping):
        raise ConfigError("studies: expected at least one study, as a mapping from its name to its settings")
    for key in config.keys() & {"studies", "families", "comparisons", "sweeps"}:
        config[key] = {} if plain(config[key]) is None else without_nulls(config[key])
    shared = {key: config[key] for key in (*SHARED_KEYS, "machine") if key in config}
    written, notes = with_cells(config), []
    studies: dict[str, Tree] = {}
    left_out: dict[str, set[str]] = {}
    for name in written:
        studies[name] = study = whole(name, written, shared)
        if isinstance(study, Leaf):
            continue
        students = section(study, "students").keys()
        changes = fit(study)
        left_out[name] = students - section(study, "students").keys()
        fill_training(study)
        if changes:
            notes.append(f"{place(['studies', name])}: seeds is {seeds_of(study)}, so {', '.join(changes)}")
    checked: Tree = {key: config[key] for key in config if key not in SHARED_KEYS} | {"studies": studies}
    try:
        loaded = Config.model_validate(plain(checked), context={"left_out": left_out})
    except ValidationError as error:
        raise ConfigError("\n".join(_lines(error, checked, plain(written)))) from None
    for name, sweep in loaded.sweeps.items():
        lists = []
        for kind in OF_POINTS:
            values = [f"{p.value:g}" for p in sweep.points if getattr(p, kind) in left_out[p.study]]
            lists += [f"{kind} at {', '.join(values)}"] if values else []
        if lists:
            notes.append(f"sweeps.{name}: for want of seeds there is no {', no '.join(lists)}")
    loaded._notes = tuple(notes)
    return loaded, studies


def _lines(error: ValidationError, config: Tree, studies: Mapping[str, Any]) -> list[str]:
    """A line for each key at fault, where it was written: what is inherited is said once.

    The leaves of `config`, which was checked, know where they were written; `studies` are as written, with
    the cells of families.
    """

    def origin(loc: Sequence[str]) -> tuple[str, ...]:
        """Of a place in a study or a family, the study that it goes back to."""
        if loc[:1] != ("studies",) or not isinstance(studies.get("".join(loc[1:2])), Mapping):
            return ("",)
        base = studies[loc[1]].get("based_on")
        return (loc[1].split("/")[0],) if base is None else origin(("studies", base))

    lines: dict[tuple[str, ...], str] = {}  # by what tells one mistake from another
    values: set[tuple[str, str]] = set()  # that are wrong: where, and why
    for item in error.errors():
        loc, message = _without_tags(item["loc"]), item["msg"].removeprefix("Value error, ")
        if item["type"] == "unknown_keys":
            for key in item["ctx"]["unknown"]:
                where = _written(config, (*loc, key))
                lines[where, ""] = f"{where}: unknown key; {_instead(key, item['ctx']['allowed'])}"
        elif item["type"] == "missing":
            lines.setdefault((*origin(loc), loc[-1]), f"{place(loc)}: this key is missing")
        elif item["type"] == "value_error" and isinstance(item["input"], Mapping | BaseModel):
            # A section at fault as a whole: those that take their keys from it are too. They may differ in other
            # keys, and in what comes after "but".
            lines.setdefault((*origin(loc), message.split(", but")[0]), f"{place(loc) or 'config'}: {message}")
        else:
            where, value = place(loc) if "[key]" in item["loc"] else _written(config, loc), repr(item["input"])
            value = value if len(value) < 80 else value[:77] + "..."
            if (where, message) not in values:
                values.add((where, message))
                known = lines.get((where, value))  # of a key that may be one thing or another
                lines[where, value] = f"{known}. Or: {message}" if known else f"{where}: found {value}. {message}"
    return list(lines.values())


def _without_tags(loc: tuple) -> tuple[str, ...]:
    """The location of an error without what is no key but tells which of several models a section is."""
    tags = ("(", "[key]", "function-", "literal[")  # ours, pydantic's, and its names for an Int and a Literal
    loc = tuple(str(part) for part in loc if not str(part).startswith(tags))
    kinds = {"network": NETWORK_KINDS, "dataset": IMAGE_KINDS}
    return tuple(part for i, part in enumerate(loc) if i == 0 or part not in kinds.get(loc[i - 1], ()))


def _written(config: Tree, loc: Sequence[str]) -> str:
    """The path at which a value was written that was checked at `loc`, or that one if it was not."""
    tree = config
    for i, part in enumerate(loc):
        if isinstance(tree, Leaf):  # with a list in it
            return ".".join([tree.path, *loc[i:]]) if tree.path else place(loc)
        if part not in tree:
            return place(loc)
        tree = tree[part]
    wholes = (leaf.path.removesuffix(below) for below, leaf in leaves(tree).items() if leaf.path.endswith(below))
    return next(wholes, "").removesuffix(".") or place(loc)


def _instead(key: str, allowed: list[str]) -> str:
    """What to write in place of an unknown key."""
    if key in MOVED:
        return MOVED[key]
    near = difflib.get_close_matches(key, allowed, n=1, cutoff=0)
    return f"did you mean {near[0]!r}? Allowed here: {', '.join(allowed)}"
