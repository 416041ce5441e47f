"""From the plain dictionary that Snakemake has read to a checked `Config`, with errors that name the key."""

import difflib
from collections.abc import Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from multiview.config.models import Config, cell_name
from multiview.config.studies import (
    IMAGE_KINDS,
    NETWORK_KINDS,
    PHOTO_KINDS,
    THEORY_KINDS,
    ImageStudy,
    Study,
    TheoryStudy,
)


class ConfigError(ValueError):
    """A config that cannot be run. The message has one line for each key at fault."""


SHARED_KEYS = ("seeds", "first_seed", "seeds_per_job", "data_seed")
"""Scalars at the top of the config that every study takes unless it has its own, so that
``--config seeds=25`` works (Snakemake passes nested values of ``--config`` as strings)."""


def load(raw: Mapping[str, Any]) -> Config:
    """Check the raw config and return it, with ``based_on`` and the shared keys filled in.

    Raises:
        ConfigError: naming the path of every key at fault, what was found and what is allowed.
    """
    if not isinstance(raw, Mapping) or not isinstance(raw.get("studies"), Mapping):
        raise ConfigError("studies: expected at least one study, as a mapping from its name to its settings")
    raw = _without_nulls(raw)
    shared = {key: raw[key] for key in SHARED_KEYS if key in raw}
    body = {key: value for key, value in raw.items() if key not in SHARED_KEYS}
    studies = dict(raw["studies"]) | _cells(raw.get("families"))
    body["studies"] = {name: _complete(name, studies, shared) for name in studies}
    try:
        return Config.model_validate(body)
    except ValidationError as error:
        items = _without_repeats(error.errors(), studies)
        lines = [_explain(item, shared, body) for item in items]
        # A shared key at fault is at fault in every study: once is enough.
        raise ConfigError("\n".join(dict.fromkeys(lines))) from None


def _without_nulls(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Without the studies, families, comparisons and sweeps that are null: a file laid over another drops them so.

    (Snakemake lays mappings over one another, so that an empty one drops nothing.)
    """
    kept = dict(raw)
    for key in ("studies", "families", "comparisons", "sweeps"):
        if key in raw and raw[key] is None:
            kept[key] = {}
        elif isinstance(raw.get(key), Mapping):
            kept[key] = {name: one for name, one in raw[key].items() if one is not None}
    return kept


def _cells(families: Any) -> dict[str, Any]:
    """The studies of all cells of families. What is no family yet is left for the check of the config."""
    cells = {}
    for family, one in families.items() if isinstance(families, Mapping) else ():
        if not isinstance(one, Mapping) or not isinstance(one.get("rows"), Mapping):
            continue
        columns = one.get("columns") if isinstance(one.get("columns"), Mapping) else {}
        for row, own in one["rows"].items():
            for column, more in (columns or {"": {}}).items():
                cells[cell_name(family, row, column)] = _merge(_merge(one.get("study"), own), more)
    return cells


def _complete(name: str, studies: Mapping[str, Any], shared: Mapping[str, Any]) -> Any:
    study = _inherit(name, studies, ())
    if not isinstance(study, Mapping):
        return study
    _known_kind(name, study.get("dataset"))
    study = {key: value for key, value in shared.items() if key != "data_seed"} | dict(study)
    if isinstance(study.get("dataset"), Mapping) and "data_seed" in shared:
        study["dataset"] = {"seed": shared["data_seed"]} | dict(study["dataset"])
    # Students' training is the study's with their own keys laid over it; each kind of students likewise.
    for section in ("distillation", "joint"):
        if isinstance(study.get(section), Mapping) and "training" in study:
            study[section] = _merge({"training": study["training"]}, study[section])
    if isinstance(study.get("students"), Mapping) and isinstance(study.get("distillation"), Mapping):
        study["students"] = {
            key: _merge(study["distillation"], own) if own is not None else None
            for key, own in study["students"].items()
        }
        study["students"] = {key: own for key, own in study["students"].items() if own is not None}
    return study


def _known_kind(name: str, dataset: Any) -> None:
    """The kind of the dataset says what all other sections of a study may hold: it is checked first."""
    kinds = THEORY_KINDS + IMAGE_KINDS
    if isinstance(dataset, Mapping) and "kind" in dataset and dataset["kind"] not in kinds:
        raise ConfigError(
            f"{_place(['studies', name, 'dataset', 'kind'])}: found {dataset['kind']!r}. "
            f"The kinds are {', '.join(kinds)}"
        )


def _inherit(name: str, studies: Mapping[str, Any], below: tuple[str, ...]) -> Any:
    """A study `based_on` another one is that one with its own keys laid over it."""
    study = studies[name]
    if not isinstance(study, Mapping) or "based_on" not in study:
        return study
    parent = study["based_on"]
    if not isinstance(parent, str) or parent not in studies:
        raise ConfigError(
            f"studies.{name}.based_on: found {parent!r}, but the studies are {', '.join(sorted(studies))}"
        )
    if parent in (*below, name):
        raise ConfigError(f"studies.{name}.based_on: {' -> '.join((*below, name, parent))} is a circle")
    own = {key: value for key, value in study.items() if key != "based_on"}
    return _merge(_inherit(parent, studies, (*below, name)), own)


def _merge(base: Any, over: Any, key: str = "") -> Any:
    if isinstance(base, Mapping) and isinstance(over, Mapping):
        # A dataset or network with other keys takes the place of the one below; datasets of images share theirs.
        kinds = {section["kind"] for section in (base, over) if "kind" in section}
        kinds = {"image" if kind in PHOTO_KINDS else kind for kind in kinds}
        if key not in ("dataset", "network") or len(kinds) < 2:
            return dict(base) | {k: _merge(base[k], v, k) if k in base else v for k, v in over.items()}
    return over


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
    kept = []
    for item in items:
        item["loc"] = loc = _without_tags(item["loc"])
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
        kept.append(item)
    return kept


def _place(path: list[str]) -> str:
    """A path in the config; that into a cell of a family names the family."""
    if len(path) > 1 and "/" in path[1]:
        family, *cell = path[1].split("/")
        return ".".join([f"families.{family} (cell {', '.join(cell)})", *path[2:]])
    return ".".join(path)


def _explain(item: dict[str, Any], shared: Mapping[str, Any], body: Mapping[str, Any]) -> str:
    path = [str(part) for part in item["loc"] if part != "[key]"]
    where = _place(path) or "config"
    key = "data_seed" if path[2:] == ["dataset", "seed"] else path[-1] if len(path) == 3 else None
    if key in shared and item["input"] is shared[key]:
        where = f"{key} (of every study that does not set its own)"
    if item["type"] == "extra_forbidden":
        allowed = _allowed(item["loc"][:-1], body)
        near = difflib.get_close_matches(path[-1], allowed, n=1, cutoff=0)
        return f"{where}: unknown key; did you mean {near[0]!r}? Allowed here: {', '.join(allowed)}"
    if item["type"] == "missing":
        return f"{where}: this key is missing"
    message = item["msg"].removeprefix("Value error, ")
    if item["type"] == "value_error" and isinstance(item["input"], Mapping | BaseModel):
        return f"{where}: {message}"
    found = repr(item["input"])
    return f"{where}: found {found if len(found) < 80 else found[:77] + '...'}. {message}"


def _allowed(loc: tuple, body: Mapping[str, Any]) -> list[str]:
    """The keys that the section at `loc` of the config knows."""
    model, found = Config, body
    for part in loc:
        found = found[part]
        # Below a mapping from names to sections comes a name.
        if get_origin(model) is dict:
            model = get_args(model)[1]
        elif get_origin(model) is list:
            model = get_args(model)[0]
        else:
            model = model.model_fields[part].annotation
        model = _chosen(model, found)
    names = sorted(model.model_fields)
    if model is Config:
        names += SHARED_KEYS
    if issubclass(model, Study):
        names += ["based_on"]
    return names


def _chosen(model: Any, found: Any) -> Any:
    """Of an annotation that allows several models, the one that the section `found` is of."""
    while get_origin(model) in (Annotated, UnionType, Union):
        models = [one for one in get_args(model) if one is not type(None)]
        if get_origin(model) is Annotated or len(models) == 1:
            model = models[0]
            continue
        models = [get_args(one)[0] if get_origin(one) is Annotated else one for one in models]
        if set(models) == {TheoryStudy, ImageStudy}:
            kind = found.get("dataset", {}).get("kind")
            return ImageStudy if kind in IMAGE_KINDS else TheoryStudy
        return next(one for one in models if found["kind"] in get_args(one.model_fields["kind"].annotation))
    return model
