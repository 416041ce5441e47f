"""What every section of the config is made of: `Section`, `key`, and the types of values.

A key is a field of a model, with its default. Its description says what it is; the paper's symbol, the unit and
the reason for the default stand beside it. `tools/reference.py` writes them into ``docs/reference.md``.
"""

import json
import os
import re
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError, PydanticUndefined


def _no_bool(value: Any) -> Any:
    # pydantic would read `true` as 1, but a switch where a number belongs is a mistake.
    if isinstance(value, bool):
        raise ValueError("expected a number, not true or false")
    return value


def _switch(value: Any) -> Any:
    # Of a section behind --config Snakemake makes text of what is in it.
    return {"true": True, "false": False}.get(value.lower(), value) if isinstance(value, str) else value


Int = Annotated[int, BeforeValidator(_no_bool)]
Float = Annotated[float, BeforeValidator(_no_bool), Field(allow_inf_nan=False)]
Seed = Annotated[Int, Field(ge=0)]
Count = Annotated[Int, Field(ge=1)]
NonNegative = Annotated[Float, Field(ge=0)]
Positive = Annotated[Float, Field(gt=0)]
Weight = Annotated[Float, Field(ge=0, le=1)]
Share = Annotated[Float, Field(gt=0, le=1)]
Range = Annotated[list[NonNegative], Field(min_length=2, max_length=2)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Auto = Annotated[Literal["auto", True, False], BeforeValidator(_switch)]
Regime = Literal["learned", "linearised", "random_features"]
"""What of a network is trained: all weights, those of its expansion at the initialisation, or the last layer."""


def key(
    description: str,
    default: Any = PydanticUndefined,
    *,
    symbol: str = "",
    unit: str = "",
    reason: str = "",
    follows: str = "",
    **constraints: Any,
) -> Any:
    """A key of the config.

    Args:
        description: what it is.
        default: its value where the config says nothing, for a section its class; without one the key is required.
        symbol: the paper's, or the field's.
        unit: of the value.
        reason: why the default is what it is.
        follows: the rule that gives the value where the config says nothing, if no fixed value does.
        constraints: pydantic's, such as ``ge``.
    """
    about = {"symbol": symbol, "unit": unit, "reason": reason, "follows": follows}
    about = {name: text for name, text in about.items() if text}
    constraints["default_factory" if isinstance(default, type) else "default"] = default
    return Field(description=description, json_schema_extra=about or None, **constraints)


def again(model: type[BaseModel], name: str, default: Any, **about: str) -> Any:
    """A key as in another section, but with a default of its own; `about` says what else differs, as of `key`.

    Bounds must be in the key's type: those in the key itself are not taken over.
    """
    field = model.model_fields[name]
    return key(field.description, default, **(field.json_schema_extra or {}) | about)


def expanded(path: str) -> Path:
    """A path of the config, with ``~`` and variables such as ``$HOME`` filled in.

    The config keeps them, so that results do not depend on whose home it is.

    Raises:
        ValueError: if a variable is not set, or there is no such home.
    """
    filled = os.path.expandvars(path)
    try:
        whole = Path(filled).expanduser()
    except RuntimeError:
        raise ValueError(f"{Path(filled).parts[0]} is the home of no user of this machine") from None
    unset = re.search(r"\$(\w+|\{[^}]*\})", filled)
    if unset and not whole.exists():  # a name may have a dollar sign
        raise ValueError(f"the variable {unset[0]} is not set")
    return whole


def _can_be_filled_in(path: str) -> str:
    if re.search(r"[{}]", str(expanded(path))):
        raise ValueError("braces are not allowed in a path: Snakemake takes them for wildcards")
    return path


UserPath = Annotated[str, AfterValidator(_can_be_filled_in)]
"""A path of the user's, absolute or relative to the folder in which Snakemake runs; `expanded` fills it in."""


SHARED_KEYS = ("seeds", "first_seed", "data_seed")
"""Scalars at the top of the config that every study takes unless it has its own, so that
``--config seeds=25`` works (Snakemake passes nested values of ``--config`` as strings)."""


class Section(BaseModel):
    """A part of the config: unknown keys are errors, values do not change."""

    # Built when first used: most jobs use few of the sections, and import them all.
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, defer_build=True)
    resolved: ClassVar[tuple[str, ...]] = ()
    """Keys that a file may have here besides: they are gone before a section is checked."""

    @model_validator(mode="before")
    @classmethod
    def _known(cls, raw: Any) -> Any:
        unknown = [key for key in raw if key not in cls.model_fields] if isinstance(raw, dict) else []
        if unknown:
            about = {"unknown": unknown, "allowed": [*sorted(cls.model_fields), *cls.resolved]}
            raise PydanticCustomError("unknown_keys", "unknown keys", about)
        return raw


def kinds(union: Any) -> tuple[str, ...]:
    """The values of ``kind`` of a section, or of one of several."""
    models = get_args(get_args(union)[0]) if get_args(union) else (union,)
    return tuple(kind for model in models for kind in get_args(model.model_fields["kind"].annotation))


def canonical(section: Section, as_: type[Section] | None = None) -> str:
    """A section as JSON text that depends on its values alone, not on the order of the keys in the file.

    Of a section that has the keys of several models, `as_` tells of which one they are taken.
    """
    keys = None if as_ is None else set(as_.model_fields)
    return json.dumps(section.model_dump(mode="json", include=keys), sort_keys=True)
