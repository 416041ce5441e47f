"""From the plain dictionary that Snakemake has read to a checked `Config`, with errors that name the key."""

import difflib
from collections.abc import Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from multiview.config.fitting_seeds import fit
from multiview.config.models import OF_POINTS, Config
from multiview.config.resolving import (
    SHARED_KEYS,
    ConfigError,
    Tree,
    overlaid,
    place,
    plain,
    sections,
    tagged,
    whole,
    with_cells,
)
from multiview.config.sections import Machine
from multiview.config.studies import IMAGE_KINDS, NETWORK_KINDS, ImageStudy, LineUp, Study, TheoryStudy

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
        config = overlaid(config, tagged(raw, origin))
    if not isinstance(config.get("studies"), Mapping):
        raise ConfigError("studies: expected at least one study, as a mapping from its name to its settings")
    config = sections(config)
    shared = {key: config[key] for key in (*SHARED_KEYS, "machine") if key in config}
    written, notes = with_cells(config), []
    left_out: dict[str, set[str]] = {}

    def fitted(study: dict[str, Tree], images: bool) -> None:
        students = set(study.get("students") or {}) if isinstance(study.get("students"), Mapping) else set()
        changes.extend(fit(study, images))
        left_out[name] = students - set(study["students"]) if students else students

    studies = {}
    for name in written:
        changes: list[str] = []
        studies[name] = whole(name, written, shared, fitted)
        if changes:
            notes.append(
                f"{place(['studies', name])}: seeds is {plain(studies[name]['seeds'])}, so {', '.join(changes)}"
            )
    body = plain(
        {key: section for key, section in config.items() if key not in SHARED_KEYS} | {"studies": studies}
    )
    try:
        loaded = Config.model_validate(body, context={"left_out": left_out})
    except ValidationError as error:
        items = _without_repeats(error.errors(), plain(written))
        lines = [_explain(item, plain(shared), body) for item in items]
        # A shared key at fault is at fault in every study: once is enough.
        raise ConfigError("\n".join(dict.fromkeys(lines))) from None
    for sweep, one in loaded.sweeps.items():
        lacking = {
            kind: [p.value for p in one.points if getattr(p, kind) in left_out[p.study]] for kind in OF_POINTS
        }
        said = [
            f"{kind} at {', '.join(f'{value:g}' for value in values)}"
            for kind, values in lacking.items()
            if values
        ]
        if said:
            notes.append(f"sweeps.{sweep}: for want of seeds there is no {', no '.join(said)}")
    loaded._notes = tuple(notes)
    return loaded, studies


def _without_tags(loc: tuple) -> tuple:
    """The location of an error without what is no key but tells which of several models a section is."""
    loc = tuple(part for part in loc if not str(part).startswith("("))
    kinds = {"network": NETWORK_KINDS, "dataset": IMAGE_KINDS}
    return tuple(part for i, part in enumerate(loc) if i == 0 or part not in kinds.get(loc[i - 1], ()))


def _without_repeats(items: list[dict[str, Any]], studies: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Without the errors that a section or a study inherits from the one it takes its keys from.

    The cells of a family count as one.
    """

    def root(name: str) -> str:
        study = studies[name]
        inherits = isinstance(study, Mapping) and "based_on" in study
        return root(study["based_on"]) if inherits else name.split("/")[0]

    known: dict[tuple, list] = {}
    shown, machine = [], []
    for item in items:
        item["loc"] = loc = _without_tags(item["loc"])
        if loc[:1] == ("machine",):
            machine.append((loc, item["input"]))
        elif any(loc[2:] == key_path and item["input"] is value for key_path, value in machine):
            continue
        if len(loc) > 1 and loc[0] == "studies" and loc[1] in studies:
            # training -> distillation.training -> students.x.training; distillation.y -> students.x.y
            tail = loc[2:]
            tail = tail[2:] if tail[:1] == ("students",) else tail
            tail = tail[1:] if tail[:1] in (("distillation",), ("joint",)) else tail
            # A section that is at fault as a whole is known by the message: it may differ in other keys.
            value = None if isinstance(item["input"], Mapping | BaseModel) else item["input"]
            # After "but" comes what else there is, which can differ too.
            values = known.setdefault((root(loc[1]), tail, item["msg"].split(", but")[0]), [])
            if any(value is other or value == other for other in values):
                continue
            values.append(value)
        shown.append(item)
    return shown


def _explain(item: dict[str, Any], shared: Mapping[str, Any], body: Mapping[str, Any]) -> str:
    path = [str(part) for part in item["loc"] if part != "[key]"]
    where = place(path) or "config"
    key = "data_seed" if path[2:] == ["dataset", "seed"] else path[-1] if len(path) == 3 else None
    if key in shared and item["input"] is shared[key]:
        where = f"{key} (of every study that does not set its own)"
    if item["type"] == "extra_forbidden":
        if path[-1] in MOVED:
            return f"{where}: unknown key; {MOVED[path[-1]]}"
        allowed = _allowed(item["loc"][:-1], body)
        near = difflib.get_close_matches(path[-1], allowed, n=1, cutoff=0)
        return f"{where}: unknown key; did you mean {near[0]!r}? Allowed here: {', '.join(allowed)}"
    if item["type"] == "missing":
        return f"{where}: this key is missing"
    message = item["msg"].removeprefix("Value error, ")
    if item["type"] == "value_error" and isinstance(item["input"], Mapping | BaseModel):
        return f"{where}: {message}"
    value = repr(item["input"])
    return f"{where}: found {value if len(value) < 80 else value[:77] + '...'}. {message}"


def _allowed(loc: tuple, body: Mapping[str, Any]) -> list[str]:
    """The keys that the section at `loc` of the config knows."""
    model, section = Config, body
    for part in loc:
        section = section[part]
        # Below a mapping from names to sections comes a name.
        if get_origin(model) is dict:
            model = get_args(model)[1]
        elif get_origin(model) is list:
            model = get_args(model)[0]
        else:
            model = model.model_fields[part].annotation
        model = _chosen(model, section)
    names = sorted(model.model_fields)
    if model is Config:
        names += SHARED_KEYS
    if issubclass(model, Study | LineUp):
        names += ["based_on"]
    return names


def _chosen(model: Any, section: Any) -> Any:
    """Of an annotation that allows several models, the one that `section` is of."""
    while get_origin(model) in (Annotated, UnionType, Union):
        models = [option for option in get_args(model) if option is not type(None)]
        if get_origin(model) is Annotated or len(models) == 1:
            model = models[0]
            continue
        models = [get_args(option)[0] if get_origin(option) is Annotated else option for option in models]
        if set(models) == {TheoryStudy, ImageStudy}:
            kind = section.get("dataset", {}).get("kind")
            return ImageStudy if kind in IMAGE_KINDS else TheoryStudy
        return next(
            option for option in models if section["kind"] in get_args(option.model_fields["kind"].annotation)
        )
    return model
