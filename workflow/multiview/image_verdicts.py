"""The paper's statements on real images (Section 5) as ranges, and what our intervals say of each."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from multiview import config
from multiview.image_evaluation import Measured
from multiview.intervals import contrast
from multiview.verdicts import ABOVE_0, Claim, row

# Differences of test accuracies on the same images. `{}` stands for the students' name.
ENSEMBLE = Claim("ensemble", "accuracy minus single's", "the average of L networks gains", ABOVE_0, 1)
NOT_BEST = Claim("ensemble", "accuracy minus best's", "and more than the best of L seeds has", ABOVE_0, 1)
NOT_JOINT = Claim(
    "joint", "ensemble's accuracy minus its, L = {}", "training the average is no ensemble", ABOVE_0, 1
)
DISTILLED = Claim("{}", "accuracy minus single's", "the ensemble's gain goes into one network", ABOVE_0, 1)
SELF_DISTILLED = Claim("{}", "accuracy minus single's", "a single teacher makes a better student", ABOVE_0, 1)
SELF_BELOW = Claim("{}", "{other}'s accuracy minus its", "but not as good as the ensemble's", ABOVE_0, 1)
ADDS_LESS = Claim(
    "{}",
    "gain of averaging single networks minus of averaging these",
    "averaging students adds less: they have the views",
    ABOVE_0,
    1,
)

NO_GAIN = Claim(
    "ensemble",
    "accuracy minus single's, L = {}",
    "Gaussian-like data: the average gains nothing (range: ours, at most a point)",
    -1,
    0.01,
)


def gaussian_verdicts(study: str, measured: Sequence[Measured], settings: config.Evaluation) -> pd.DataFrame:
    """What the paper says of data without views (Section 5), with its verdict.

    Args:
        study: its name.
        measured: every predictor, from `multiview.image_evaluation.measure`.
        settings: the evaluation section of the config.
    """
    single, largest = measured[0], max(one.size for one in measured if one.predictor == "ensemble")
    ensemble = next(one for one in measured if (one.predictor, one.size) == ("ensemble", largest))
    terms = [(1.0, single.wrong, single.units), (-1.0, ensemble.wrong, ensemble.units)]
    drawn = contrast(terms, np.random.default_rng([settings.seed, 1]), settings.bootstrap)
    claim = replace(NO_GAIN, quantity=NO_GAIN.quantity.format(largest))
    return pd.DataFrame([row(study, claim, *drawn, single.n_seeds, single.wrong.shape[1])])


def verdict_table(
    study: str,
    measured: Sequence[Measured],
    roles: Mapping[str, Mapping],
    networks: int | None,
    settings: config.Evaluation,
) -> pd.DataFrame:
    """The paper's statements, each with its verdict.

    Args:
        study: its name.
        measured: every predictor, from `multiview.image_evaluation.measure`.
        roles: of the students, as `multiview.config.Study.roles` gives them.
        networks: how many networks ``joint`` averages, or None.
        settings: the evaluation section of the config.
    """
    largest = max(one.size for one in measured if one.predictor == "ensemble")
    by_name = {one.predictor: one for one in measured if one.predictor != "ensemble" or one.size == largest}
    rows = []

    def add(claim: Claim, *terms: tuple[float, str]) -> None:
        # Errors, so that an accuracy has the weight -1 of its error.
        tables = [(-weight, by_name[name].wrong, by_name[name].units) for weight, name in terms]
        drawn = contrast(tables, np.random.default_rng([settings.seed, 1]), settings.bootstrap)
        one = by_name[claim.predictor]
        rows.append(row(study, claim, *drawn, one.n_seeds, one.wrong.shape[1]))

    def gain(claim: Claim, one: str, other: str) -> None:
        add(claim, (1, one), (-1, other))

    gain(replace(ENSEMBLE, quantity=f"{ENSEMBLE.quantity}, L = {largest}"), "ensemble", "single")
    gain(replace(NOT_BEST, quantity=f"{NOT_BEST.quantity}, L = {largest}"), "ensemble", "best")
    from_ensemble = [
        name for name, role in roles.items() if role["teacher"] == "single" and role["teacher_size"] > 1
    ]
    for name, role in roles.items():
        if role["teacher"] != "single":
            continue
        if name in from_ensemble:
            gain(replace(DISTILLED, predictor=name), name, "single")
        else:
            gain(replace(SELF_DISTILLED, predictor=name), name, "single")
            for other in from_ensemble:
                quantity = SELF_BELOW.quantity.format(other=other)
                gain(replace(SELF_BELOW, predictor=name, quantity=quantity), other, name)
        together = f"ensemble_of_{name}"
        if name in from_ensemble and together in by_name:
            terms = [(1, "ensemble"), (-1, "single"), (-1, together), (1, name)]
            add(replace(ADDS_LESS, predictor=name), *terms)
    if networks is not None:
        as_many = next(one for one in measured if (one.predictor, one.size) == ("ensemble", networks))
        by_name["ensemble"] = as_many
        gain(replace(NOT_JOINT, quantity=NOT_JOINT.quantity.format(networks)), "ensemble", "joint")
    return pd.DataFrame(rows)
