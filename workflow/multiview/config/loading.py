"""From the plain dictionary that Snakemake has read to a checked `Config`, with errors that name the key."""

import difflib
from collections.abc import Mapping
from types import UnionType
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from multiview.config.models import Config, Study


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
    shared = {key: raw[key] for key in SHARED_KEYS if key in raw}
    body = {key: value for key, value in raw.items() if key not in SHARED_KEYS}
    body["studies"] = {name: _complete(name, raw["studies"], shared) for name in raw["studies"]}
    try:
        return Config.model_validate(body)
    except ValidationError as error:
        lines = [_explain(item, shared) for item in _without_repeats(error.errors(), raw["studies"])]
        # A shared key at fault is at fault in every study: once is enough.
        raise ConfigError("\n".join(dict.fromkeys(lines))) from None


def _complete(name: str, studies: Mapping[str, Any], shared: Mapping[str, Any]) -> Any:
    study = _inherit(name, studies, ())
    if not isinstance(study, Mapping):
        return study
    study = {key: value for key, value in shared.items() if key != "data_seed"} | dict(study)
    if isinstance(study.get("dataset"), Mapping) and "data_seed" in shared:
        study["dataset"] = {"seed": shared["data_seed"]} | dict(study["dataset"])
    # Students' training is the study's with their own keys laid over it; each kind of students likewise.
    if isinstance(study.get("distillation"), Mapping) and "training" in study:
        study["distillation"] = _merge({"training": study["training"]}, study["distillation"])
    if isinstance(study.get("students"), Mapping) and isinstance(study.get("distillation"), Mapping):
        study["students"] = {
            key: _merge(study["distillation"], own) if own is not None else None
            for key, own in study["students"].items()
        }
        study["students"] = {key: own for key, own in study["students"].items() if own is not None}
    return study


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


def _merge(base: Any, over: Any) -> Any:
    if isinstance(base, Mapping) and isinstance(over, Mapping):
        return dict(base) | {k: _merge(base[k], v) if k in base else v for k, v in over.items()}
    return over


def _without_repeats(items: list[dict[str, Any]], studies: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Without the errors that a section or a study inherits from the one it takes its keys from."""

    def root(name: str) -> str:
        study = studies[name]
        inherits = isinstance(study, Mapping) and "based_on" in study
        return root(study["based_on"]) if inherits else name

    known: dict[tuple, list] = {}
    kept = []
    for item in items:
        loc = item["loc"]
        if len(loc) > 1 and loc[0] == "studies" and loc[1] in studies:
            # training -> distillation.training -> students.x.training; distillation.y -> students.x.y
            tail = loc[2:]
            tail = tail[2:] if tail[:1] == ("students",) else tail
            tail = tail[1:] if tail[:1] == ("distillation",) else tail
            # A section that is at fault as a whole is known by the message: it may differ in other keys.
            value = None if isinstance(item["input"], Mapping | BaseModel) else item["input"]
            values = known.setdefault((root(loc[1]), tail, item["msg"]), [])
            if any(value is other or value == other for other in values):
                continue
            values.append(value)
        kept.append(item)
    return kept


def _explain(item: dict[str, Any], shared: Mapping[str, Any]) -> str:
    path = [str(part) for part in item["loc"] if part != "[key]"]
    where = ".".join(path) or "config"
    key = "data_seed" if path[2:] == ["dataset", "seed"] else path[-1] if len(path) == 3 else None
    if key in shared and item["input"] is shared[key]:
        where = f"{key} (of every study that does not set its own)"
    if item["type"] == "extra_forbidden":
        allowed = _allowed(item["loc"][:-1])
        near = difflib.get_close_matches(path[-1], allowed, n=1, cutoff=0)
        return f"{where}: unknown key; did you mean {near[0]!r}? Allowed here: {', '.join(allowed)}"
    if item["type"] == "missing":
        return f"{where}: this key is missing"
    message = item["msg"].removeprefix("Value error, ")
    if item["type"] == "value_error" and isinstance(item["input"], Mapping | BaseModel):
        return f"{where}: {message}"
    found = repr(item["input"])
    return f"{where}: found {found if len(found) < 80 else found[:77] + '...'}. {message}"


def _allowed(loc: tuple) -> list[str]:
    """The keys that the section at `loc` knows."""
    model: Any = Config
    for part in loc:
        # Below a mapping from names to sections comes a name.
        if get_origin(model) is dict:
            model = get_args(model)[1]
        elif get_origin(model) is list:
            model = get_args(model)[0]
        else:
            model = model.model_fields[part].annotation
        if get_origin(model) is UnionType:
            model = get_args(model)[0]
    names = sorted(model.model_fields)
    if model is Config:
        names += SHARED_KEYS
    if model is Study:
        names += ["based_on"]
    return names
