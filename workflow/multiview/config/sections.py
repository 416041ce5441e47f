"""What every section of the config is made of, and the sections that all studies share.

A key is a field of a model, with its default. Its description says what it is; the paper's symbol, the unit and
the reason for the default stand beside it. `tools/reference.py` writes them into ``docs/reference.md``.
"""

import json
import os
import re
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

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
    if isinstance(default, type):
        constraints["default_factory"] = default
    else:
        constraints["default"] = default
    return Field(description=description, json_schema_extra=about or None, **constraints)


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

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)
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


class Machine(Section):
    """How jobs use the machine. Results depend on it by rounding alone, and a change trains nothing again."""

    accelerator: Literal["auto", "cpu", "gpu"] = key(
        "where networks are trained", "auto", reason="auto: on a GPU if PyTorch finds one when the run begins"
    )
    compile: Auto = key("torch.compile, for images", "auto", reason="auto: on a GPU, where it pays")
    channels_last: Auto = key("memory layout with the channels last, for images", "auto", reason="auto: yes")
    side_by_side: Auto = key(
        "networks for images of one job's seeds are trained in one pass a step, instead of one after the other",
        "auto",
        reason="auto: on a GPU that one of them would leave idle",
    )
    block_samples: Annotated[Int, Field(ge=0)] = key(
        "samples that a pass takes at once in the theory's training; 0: all, for a GPU",
        80,
        unit="samples",
        reason="fits the cache of a CPU",
    )
    checkpoint_seconds: NonNegative = key(
        "time between checkpoints; a killed job loses at most this, and on images the epoch it was in",
        20.0,
        unit="s",
    )
    loggers: list[Literal["csv", "tensorboard"]] = key(
        "Lightning's loggers for images, which write into logs/<study>/lightning", []
    )
    seeds_per_job: Count = key(
        "seeds that one training job takes, a chunk. Folders are named after them: in other chunks networks are "
        "trained again",
        10,
        unit="seeds",
        reason="1 is for large networks on a GPU cluster",
    )


DEFAULT_MACHINE = Machine()
"""What jobs use where a caller says nothing of the machine."""


class Ensembles(Section):
    """Which ensembles are formed from the seeds."""

    sizes: Annotated[list[Count], Field(min_length=1)] = key(
        "sizes of ensembles; at most seeds each", [1, 2, 5, 10], symbol="L", reason="paper: 10"
    )
    subsets: Count = key(
        "ensembles of each size above 1: random subsets of the seeds, or all of them if there are no more",
        100,
    )
    seed: Seed = key("seed of the subsets", 0)

    @model_validator(mode="after")
    def _distinct(self):
        if len(set(self.sizes)) != len(self.sizes):
            raise ValueError(f"sizes is {self.sizes}: every size may occur once only")
        return self


class Joint(Section):
    """Training the average of networks end to end (Section 5), which is no ensemble."""

    networks: Annotated[Int, Field(ge=2)] = key(
        "networks averaged; one of ensembles.sizes, to compare", 10, symbol="L", reason="paper: 10"
    )
    runs: Count = key(
        "such averages, from the study's first seeds on", 5, reason="a statement about training needs 5"
    )


class Evaluation(Section):
    """How errors turn into intervals."""

    bootstrap: Annotated[Int, Field(ge=100)] = key("replicates, for calibration errors and soft labels", 2000)
    seed: Seed = key("seed of the bootstrap", 0)
    learned_ratio: Annotated[Float, Field(gt=0, lt=1)] = key(
        "view l of class i counts as learned where Phi_{i,l} >= this * max_l Phi_{i,l}",
        0.3,
        reason="the figure outcome shows how ratios spread about it",
    )
    learned_accuracy: Annotated[Float, Field(gt=0, lt=1)] = key(
        "pictures: view l of class i counts as learned where a network names the class of at least this share of "
        "its pictures, seen in that view alone",
        0.5,
        reason="chance is 1/k, and a network that has a view names nearly all of them",
    )
    mus: Annotated[list[Weight], Field(min_length=1)] = key(
        "shares of single-view samples at which the error on D is reported",
        [0.0, 0.0133, 0.05, 0.1, 0.2, 0.5, 1.0],
        symbol="mu",
    )


class Figures(Section):
    """How figures look; a change here redraws figures and nothing else."""

    dpi: Annotated[Int, Field(ge=50, le=1200)] = key("resolution of the PNG files", 200, unit="dots an inch")
    font_size: Annotated[Float, Field(ge=4, le=24)] = key("size of the letters", 8, unit="points")
    palette: Literal["colorblind", "deep", "muted", "dark"] = key("seaborn's palette", "colorblind")
    race_classes: Annotated[Int, Field(ge=1, le=16)] = key("classes drawn in the race", 6)
    race_seed: Seed | None = key("seed drawn in the race; null: the first", None)


def canonical(section: Section, as_: type[Section] | None = None) -> str:
    """A section as JSON text that depends on its values alone, not on the order of the keys in the file.

    Args:
        section: the section.
        as_: a model whose keys alone are taken, which the section has besides others.
    """
    keys = None if as_ is None else set(as_.model_fields)
    return json.dumps(section.model_dump(mode="json", include=keys), sort_keys=True)
