"""The paper's statements, from the lists in ``claims.yaml``: what is measured, its range, and the source.

Only names, terms and what they are means of decide what is measured (`digest`): a change of words or of a range
measures nothing again.
"""

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

ABOVE_0 = float(np.nextafter(0, 1))
"""The lower end of a range "above 0": an interval that includes 0 does not lie above it."""

FITS = 0.99
"""The mean training accuracy from which on networks count as fitting their training set. Paper: 1; range: ours."""

MAIN, ERROR_M, LOWEST = "main", "error_m", "lowest training accuracy"
"""What terms are means of, beside shares, whose names are the evaluation's (`multiview.measure.views`)."""

OF_AN_ENSEMBLE, OF_ONE, OF_STUDENTS = "taught by an ensemble", "taught by one network", "taught by students"
INTERVENED, ALL = "with an intervention", "all"
"""Kinds of students."""


class ClaimError(ValueError):
    """A statement that cannot be read. The message names it and the key."""


@dataclass(frozen=True)
class Claim:
    """A statement as a closed range of a measured quantity. ``claims.yaml`` tells what each field means."""

    name: str
    part: str
    about: str
    quantity: str
    words: str
    low: float
    high: float
    terms: Mapping[str, float]
    of: tuple[str, ...] = (MAIN,)
    students: str | tuple[str, ...] = ""
    ours: bool = False
    fits: float | None = FITS

    @property
    def text(self) -> str:
        """What it says, and whether its range is ours."""
        return f"{self.words} (range: ours)" if self.ours else self.words


def _claim(name: str, raw: Mapping[str, Any]) -> Claim:
    keys = {"part", "about", "quantity", "words", "range", "terms"}
    if unknown := set(raw) - keys - {"of", "students", "ours", "fits"}:
        raise ClaimError(f"{name}: found the key {sorted(unknown)[0]}; allowed are those at the head of the file")
    if missing := keys - set(raw):
        raise ClaimError(f"{name}: expected the key {sorted(missing)[0]}")
    low, high = raw["range"]
    low = ABOVE_0 if low == "above 0" else float(low)
    if not low <= high:
        raise ClaimError(f"{name}.range: expected its lower end first, found {raw['range']}")
    students = raw.get("students", "")
    kinds = ("", OF_AN_ENSEMBLE, OF_ONE, OF_STUDENTS, INTERVENED, ALL)
    if not isinstance(students, list) and students not in kinds:
        raise ClaimError(f"{name}.students: found {students!r}; allowed are those at the head of the file")
    if bool(students) != ("{}" in raw["about"]):
        raise ClaimError(f"{name}: a statement about {{}} needs the key students, and no other has it")
    of = raw.get("of", MAIN)
    return Claim(
        name=name,
        low=low,
        high=float(high),
        of=(of,) if isinstance(of, str) else tuple(of),
        **{key: raw[key] for key in ("part", "about", "quantity", "words", "terms")},
        students=tuple(students) if isinstance(students, list) else students,
        **{key: raw[key] for key in ("ours", "fits") if key in raw},
    )


def read(text: str) -> dict[str, list[Claim]]:
    """The lists in the text of ``claims.yaml``, by kind of study.

    Raises:
        ClaimError: if a statement has a key that is not known, lacks one, or has a value that is not allowed.
    """
    lists = {
        kind: [_claim(name, claim) for name, claim in claims.items()]
        for kind, claims in yaml.safe_load(text).items()
    }
    names = [claim.name for claims in lists.values() for claim in claims]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ClaimError(f"{sorted(twice)[0]}: two statements have this name")
    return lists


@functools.cache
def lists() -> dict[str, list[Claim]]:
    """All statements, by kind of study."""
    return read(Path(__file__).with_name("claims.yaml").read_text(encoding="utf-8"))


def by_name() -> dict[str, Claim]:
    """All statements."""
    return {claim.name: claim for claims in lists().values() for claim in claims}


def digest(kind: str, claims: Mapping[str, list[Claim]] | None = None) -> str:
    """A digest of what decides which quantities are measured; words, ranges and sources do not count."""
    chosen = (claims or lists())[kind]
    decides = [[c.name, c.about, list(c.terms.items()), c.of, c.students] for c in chosen]
    return hashlib.sha256(json.dumps(decides).encode()).hexdigest()[:16]


def content(kind: str) -> str:
    """All statements on a kind of study as JSON: verdicts depend on this."""
    return json.dumps([vars(claim) for claim in lists()[kind]])
