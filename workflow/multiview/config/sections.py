"""What every section of the config is made of, and the sections that all studies share."""

import json
import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator


def _no_bool(value: Any) -> Any:
    # pydantic would read `true` as 1, but a switch where a number belongs is a mistake.
    if isinstance(value, bool):
        raise ValueError("expected a number, not true or false")
    return value


Int = Annotated[int, BeforeValidator(_no_bool)]
Float = Annotated[float, BeforeValidator(_no_bool), Field(allow_inf_nan=False)]
NonNegative = Annotated[Float, Field(ge=0)]
Positive = Annotated[Float, Field(gt=0)]
Range = Annotated[list[NonNegative], Field(min_length=2, max_length=2)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Regime = Literal["learned", "linearised", "random_features"]
"""What of a network is trained: all weights, those of its expansion at the initialisation, or the last layer."""


def expanded(path: str) -> Path:
    """A path of the config, with ``~`` and variables such as ``$HOME`` filled in.

    The config keeps them, so that results do not depend on whose home it is.

    Raises:
        ValueError: if a variable is not set.
    """
    filled = os.path.expandvars(path)
    unset = re.search(r"\$(\w+|\{[^}]*\})", filled)
    if unset and not Path(filled).expanduser().exists():  # a name may have a dollar sign
        raise ValueError(f"the variable {unset[0]} is not set")
    return Path(filled).expanduser()


def _can_be_filled_in(path: str) -> str:
    if re.search(r"[{}]", str(expanded(path))):
        raise ValueError("braces are not allowed in a path: Snakemake takes them for wildcards")
    return path


UserPath = Annotated[str, AfterValidator(_can_be_filled_in)]
"""A path of the user's, absolute or relative to the folder in which Snakemake runs; `expanded` fills it in."""


class Section(BaseModel):
    """A part of the config: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Hinton(Section):
    """``(1 - alpha) CE(y) + alpha T^2 KL(softmax(c G / T) || softmax(F / T))``."""

    alpha: Annotated[Float, Field(ge=0, le=1)] = Field(description="weight of the soft labels")
    temperature: Positive = Field(description="T, of the softmax of teacher and student")


class Truncated(Section):
    """The paper's objective: a push where the student's truncated soft label is below the teacher's."""

    strength: Positive = Field(description="eta' / eta, weight of the soft labels beside the hard ones")
    tau: Positive = Field(description="tau, of the truncated softmax; logits are cut off at 1 / tau^2")


class Objective(Section):
    """What a student is trained towards (Section 4)."""

    kind: Literal["hinton", "truncated"] = Field(description="which of the two objectives below")
    teacher_scale: Positive = Field(description="c, by which the teacher's logits G are multiplied")
    hinton: Hinton
    truncated: Truncated


class Ensembles(Section):
    """Which ensembles are formed from the seeds."""

    sizes: Annotated[list[Annotated[Int, Field(ge=1)]], Field(min_length=1)] = Field(description="every L")
    subsets: Annotated[Int, Field(ge=1)] = Field(description="random subsets of the seeds for each L")
    seed: Annotated[Int, Field(ge=0)] = Field(description="seed of the subsets")

    @model_validator(mode="after")
    def _distinct(self):
        if len(set(self.sizes)) != len(self.sizes):
            raise ValueError(f"sizes is {self.sizes}: every size may occur once only")
        return self


class Joint(Section):
    """Training the average of networks end to end (Section 5), which is no ensemble."""

    networks: Annotated[Int, Field(ge=2)] = Field(description="L, networks averaged; paper: 10")
    runs: Annotated[Int, Field(ge=1)] = Field(
        description="how many such averages are trained, from the study's first seeds on"
    )


class Evaluation(Section):
    """How errors turn into intervals."""

    bootstrap: Annotated[Int, Field(ge=100)] = Field(description="bootstrap replicates")
    seed: Annotated[Int, Field(ge=0)] = Field(description="seed of the bootstrap")
    learned_ratio: Annotated[Float, Field(gt=0, lt=1)] = Field(
        description="view l of class i counts as learned where Phi_{i,l} >= this * max_l Phi_{i,l}"
    )
    mus: Annotated[list[Annotated[Float, Field(ge=0, le=1)]], Field(min_length=1)] = Field(
        description="shares mu of single-view samples at which the error on D is reported"
    )


class Figures(Section):
    """How figures look; changing a key here redraws figures and nothing else."""

    dpi: Annotated[Int, Field(ge=50, le=1200)] = Field(description="dots an inch of the PNG files")
    font_size: Annotated[Float, Field(ge=4, le=24)] = Field(description="points")
    palette: Literal["colorblind", "deep", "muted", "dark"] = Field(description="seaborn palette")
    race_classes: Annotated[Int, Field(ge=1, le=16)] = Field(description="classes drawn in the race")
    race_seed: Annotated[Int, Field(ge=0)] | None = Field(description="seed drawn in the race; null: the first")


def canonical(section: Section, as_: type[Section] | None = None) -> str:
    """A section as JSON text that depends on its values alone, not on the order of the keys in the file.

    Args:
        section: the section.
        as_: a model whose keys alone are taken, which the section has besides others.
    """
    keys = None if as_ is None else set(as_.model_fields)
    return json.dumps(section.model_dump(mode="json", include=keys), sort_keys=True)
