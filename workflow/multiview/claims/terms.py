"""Terms of claims: the weighted sums of errors and shares, measured with intervals (the table ``measures``).

Every statement has a row for each of several confidences, so that verdicts, and their correction for the number of
statements, follow from the table alone.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from multiview.claims.claim import (
    ALL_OTHERS,
    FITS,
    INTERVENED,
    LOWEST,
    MAIN,
    OF_AN_ENSEMBLE,
    OF_ONE,
    OF_STUDENTS,
    Claim,
)
from multiview.measure import intervals
from multiview.measure.errors import ERRORS, TEACHER, Errors, paired
from multiview.measure.intervals import CONFIDENCE, GIVEN, Estimate, known, mean_errors, shares_by_network
from multiview.measure.views import Shares

TAILS = (1 - CONFIDENCE, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001, 0.00001)
"""1 minus each confidence, small enough to correct for thousands of statements."""

ONE_TEACHER = "one teacher"
"""What the scope of students of an ensemble has."""

SPLITS = {error: split for split, error in ERRORS.items()}
"""From the name of an error to the split on which it is measured."""


@dataclass(frozen=True)
class Observed:
    """What is known of the predictors of a study.

    Attributes:
        study: its name.
        errors: of every predictor.
        main: the name of the error that statements are about.
        training_accuracy: by predictor ``[networks]``.
        more_training: the key of the config that makes networks fit their training set.
        shares: what is counted in each network.
        roles: of the students, as `multiview.config.Study.roles` gives them.
        networks: how many networks ``joint`` averages, or None.
        other: fills ``{other}`` where a statement is not about other students.
    """

    study: str
    errors: Sequence[Errors]
    main: str
    training_accuracy: Mapping[str, np.ndarray]
    more_training: str
    shares: Shares = field(default_factory=dict)
    roles: Mapping[str, Mapping] = field(default_factory=dict)
    networks: int | None = None
    other: str = ""

    def by_name(self) -> dict[str, Errors]:
        """Every predictor as terms call it."""
        ensembles = {errors.size: errors for errors in self.errors if errors.predictor == "ensemble"}
        named = {errors.predictor: errors for errors in self.errors if errors.predictor != "ensemble"}
        if ensembles:
            named["ensemble"] = ensembles[max(ensembles)]
            named["ensemble_as_joint"] = ensembles[self.networks or max(ensembles)]
            if "best" in named:  # what is held against each other is of one L
                named["ensemble_as_best"] = ensembles[named["best"].size]
        return named


def measure(observed: Observed, claims: Sequence[Claim]) -> pd.DataFrame:
    """The table ``measures`` of a study: every statement whose predictors are there."""
    rows = []
    for claim in claims:
        for name, other in _students(claim, observed.roles):
            role = observed.roles.get(name, {})
            fill = {"teacher": role.get("teacher", ""), "other": other}
            terms = {term.format(name, **fill): weight for term, weight in claim.terms.items()}
            estimate = _estimate(claim, terms, observed)
            if estimate is not None:
                rows += _rows(claim, claim.about.format(name), other, terms, estimate, observed)
    table = pd.DataFrame(rows)
    least = min((row["training_accuracy"] for row in rows), default=1.0)
    if least < FITS and any(claim.fits is not None for claim in claims):
        logging.warning(
            "Networks have %.1f %% of their training set right: statements that presuppose more neither hold nor "
            "fail. Raise %s, take larger steps or initial weights, or a larger network",
            100 * least,
            observed.more_training,
        )
    return table


def _students(claim: Claim, roles: Mapping[str, Mapping]) -> Iterator[tuple[str, str]]:
    """The students that a statement is made of, each with those it is held against; empty names for none."""
    kinds = {name: _kind(role) for name, role in roles.items()}
    chosen = [""]
    if isinstance(claim.students, tuple):
        chosen = [name for name in claim.students if name in roles]
    elif claim.students == ALL_OTHERS:
        chosen = [name for name, kind in kinds.items() if kind != INTERVENED]
    elif claim.students:
        chosen = [name for name, kind in kinds.items() if kind == claim.students]
    for name in chosen:
        if "{other}" in claim.terms and name:
            like = [other for other, kind in kinds.items() if kind == OF_AN_ENSEMBLE]
            yield from ((name, other) for other in like if _setting(roles[other]) == _setting(roles[name]))
        else:
            yield name, ""


def _setting(role: Mapping) -> tuple[str, str]:
    """What students have in common that are held against one another."""
    return role["objective"]["kind"], role["start"]


def _kind(role: Mapping) -> str:
    if role.get("intervention"):
        return INTERVENED
    if role["teacher"] != "single":
        return OF_STUDENTS
    return OF_AN_ENSEMBLE if role["teacher_size"] > 1 else OF_ONE


def _estimate(claim: Claim, terms: Mapping[str, float], observed: Observed) -> Estimate | None:
    """Of a statement, or None if a predictor or a share is missing."""
    if claim.of == (LOWEST,):
        (name,) = terms
        return known(float(observed.training_accuracy[name].min()))
    errors = observed.by_name()
    quantity = observed.main if claim.of == (MAIN,) else claim.of[0]
    split = SPLITS.get(quantity)
    if len(claim.of) == 1 and split in errors["single"].wrong:
        if not terms.keys() <= errors.keys():
            return None
        chosen = {name: errors[name] for name in terms}
        if claim.paired:
            chosen = paired(chosen, claim.about)
        estimate = mean_errors([chosen[name].term(weight, split) for name, weight in terms.items()])
        pools = {measured.pool for measured in chosen.values()}
    else:
        (name,) = terms
        counted = [observed.shares.get((name, share)) for share in claim.of]
        if any(count is None or not np.sum(count[1]) for count in counted):
            return None
        signed = zip((1.0, -1.0), counted, strict=False)
        estimate = shares_by_network([(sign, *count) for sign, count in signed])
        pools = {name}
    shared = any(observed.roles.get(pool, {}).get("teacher_size", 1) > 1 for pool in pools)
    if shared and estimate.scope.startswith("networks"):
        scope = estimate.scope.replace(GIVEN.format(TEACHER), "")
        estimate = replace(estimate, scope=f"{scope}, {ONE_TEACHER}")
    return estimate


def _rows(
    claim: Claim, predictor: str, other: str, terms: Mapping[str, float], estimate: Estimate, observed: Observed
) -> Iterator[dict]:
    errors = observed.by_name()
    averages = [name for name in terms if name.startswith(("ensemble", "best"))]
    size = errors[averages[0]].size if averages else 1
    fitted = {"single", *(terms.keys() & {"joint", *observed.roles})}
    about = {
        "study": observed.study,
        "claim": claim.name,
        "predictor": predictor,
        "other": other or observed.other,
        "size": size,
        "error": observed.main,
        "n_seeds": errors[predictor].n_seeds,
        "n_samples": estimate.parts[0].n if estimate.parts and estimate.plain != intervals.BY_NETWORK else 0,
        "runs": estimate.runs,
        "training_accuracy": min(float(observed.training_accuracy[name].mean()) for name in fitted),
        "more_training": observed.more_training,
    }
    for tail in TAILS:
        yield about | {"confidence": round(1 - tail, 6)} | vars(estimate.interval(1 - tail))
