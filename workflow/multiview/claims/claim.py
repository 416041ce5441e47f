"""The paper's statements, from the lists in ``claims.yaml``: what is measured, its range, and the source."""

import functools
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, get_args

import numpy as np
import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, TypeAdapter, model_validator

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The fast one, where PyYAML was built with it."""

ABOVE_0 = float(np.nextafter(0, 1))
"""The lower end of a range "above 0": an interval that includes 0 does not lie above it."""

FITS = 0.99
"""The mean training accuracy from which on networks count as fitting their training set. Paper: 1; range: ours."""

OURS = " (range: ours)"
"""The end of the text of a statement whose range is ours."""

MAIN, LOWEST = "main", "lowest training accuracy"
"""What terms are means of, beside `error_m` and shares, whose names are in `multiview.measure.views`."""

Students = Literal[
    "",
    "taught by an ensemble",
    "taught by one network",
    "taught by students",
    "with an intervention",
    "all others",
]
"""Kinds of students."""
_, OF_AN_ENSEMBLE, OF_ONE, OF_STUDENTS, INTERVENED, ALL_OTHERS = get_args(Students)

Range = tuple[Annotated[float, BeforeValidator(lambda low: ABOVE_0 if low == "above 0" else low)], float]


class Claim(BaseModel):
    """A statement as a closed range of a measured quantity. ``claims.yaml`` tells what each field means."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    part: str
    about: str
    quantity: str
    words: str
    range: Range | None = None
    ours: Range | None = None
    terms: dict[str, float]
    of: Annotated[tuple[str, ...], BeforeValidator(lambda of: (of,) if isinstance(of, str) else of)] = (MAIN,)
    students: Students | tuple[str, ...] = ""
    paired: bool = False
    fits: float | None = FITS

    @model_validator(mode="after")
    def _is_one(self):
        if (self.range is None) == (self.ours is None):
            raise ValueError("expected either range or ours")
        if self.claimed[0] > self.claimed[1]:
            raise ValueError("range: expected its lower end first")
        if bool(self.students) != ("{}" in self.about):
            raise ValueError("a statement about {} needs the key students, and no other has it")
        return self

    @property
    def claimed(self) -> tuple[float, float]:
        """The range, whosever it is."""
        return self.range or self.ours

    @property
    def text(self) -> str:
        """What it says, and whether its range is ours."""
        return self.words + (OURS if self.ours else "")


def read(text: str) -> dict[str, list[Claim]]:
    """The lists in the text of ``claims.yaml``, by kind of study.

    Raises:
        ValueError: of pydantic, if a statement has a key that is not known, lacks one, or has a value that is not
            allowed; if two statements have one name.
    """
    raw = {}
    for kind, claims in yaml.load(text, LOADER).items():
        raw[kind], defaults = {}, {"about": "{}"} | claims.pop("defaults", {})
        for name, claim in claims.items():
            claim = defaults | claim
            raw[kind][name] = {"name": name, "terms": {claim["about"]: 1}} | claim
    lists = TypeAdapter(dict[str, dict[str, Claim]]).validate_python(raw)
    names = [name for claims in lists.values() for name in claims]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"{sorted(twice)[0]}: two statements have this name")
    return {kind: list(claims.values()) for kind, claims in lists.items()}


@functools.cache
def lists() -> dict[str, list[Claim]]:
    """All statements, by kind of study."""
    return read(Path(__file__).with_name("claims.yaml").read_text(encoding="utf-8"))


def by_name() -> dict[str, Claim]:
    """All statements."""
    return {claim.name: claim for claims in lists().values() for claim in claims}


def digest(kind: str, claims: Mapping[str, list[Claim]] | None = None) -> str:
    """A digest of what decides what is measured: a change of words, ranges or sources measures nothing again."""
    chosen = (claims or lists())[kind]
    decides = [[c.name, c.about, list(c.terms.items()), c.of, c.students, c.paired] for c in chosen]
    return hashlib.sha256(json.dumps(decides).encode()).hexdigest()[:16]


def content(kind: str) -> str:
    """All statements on a kind of study as JSON: verdicts depend on this."""
    return json.dumps([claim.model_dump() for claim in lists()[kind]])
