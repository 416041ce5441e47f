"""Accuracy and calibration of every predictor of a study on images, with 95 % intervals over seeds and samples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from multiview import config
from multiview.claims.measures import Errors
from multiview.measure.errors import best, groups
from multiview.measure.intervals import (
    CONFIDENCE,
    NETWORKS_AND_SAMPLES,
    SAMPLES,
    Interval,
    Term,
    mean_errors,
    quantiles,
    sample_counts,
)
from multiview.predictors import ensembles
from multiview.predictors.logits import Predictor, log_softmax

SPLIT, ERROR = "test", "error"
BINS = 15
"""Bins of equal width of the confidence, for the expected calibration error (Guo et al., arXiv 1706.04599)."""


@dataclass(frozen=True)
class Measured:
    """What a predictor says of the test images.

    Attributes:
        predictor: its name.
        size: how many networks are averaged: L, 1 for single ones.
        n_seeds: how many seeds its networks come from.
        pool: the predictor whose networks it is made of.
        wrong: bool ``[rows, n]``, a row a network or an ensemble.
        nll: ``[rows, n]``, ``-ln p_y`` in nats.
        confidence: ``[rows, n]``, the largest probability.
    """

    predictor: str
    size: int
    n_seeds: int
    pool: str
    wrong: np.ndarray
    nll: np.ndarray
    confidence: np.ndarray

    @property
    def errors(self) -> Errors:
        """Which images it gets wrong."""
        return Errors(self.predictor, self.size, self.n_seeds, {ERROR: self.wrong}, self.pool)

    def term(self, weight: float, of: str = ERROR) -> Term:
        """The mean of one of its tables in a weighted sum."""
        table = self.wrong if of == ERROR else getattr(self, of)
        return replace(self.errors.term(weight, ERROR), table=table)


def measure(
    label: np.ndarray,
    predictors: Mapping[str, Predictor],
    members: Mapping[int, np.ndarray],
    roles: Mapping[str, Mapping],
) -> list[Measured]:
    """Measure every predictor of a study on the test images: its groups and its best single networks.

    Args:
        label: ``[n]``, of the test images.
        predictors: ``single``, every kind of students, ``joint``.
        members: for each size ``[ensembles, size]``, seeds.
        roles: of the students, as `multiview.config.Study.roles` gives them.
    """
    found = []
    for group in groups(predictors, members, roles):
        one = predictors[group.of]
        rows = []
        for row in group.rows:  # one at a time: with 100 classes all of them would not fit
            logits = ensembles.average(one.logits[SPLIT], one.members, np.array([row]))[0]
            log_p = log_softmax(logits.astype(np.float64), axis=1)
            rows.append((logits.argmax(axis=1) != label, -log_p[np.arange(len(label)), label], log_p.max(axis=1)))
        wrong, nll, top = (np.stack(parts) for parts in zip(*rows, strict=True))
        confidence = np.exp(top).astype(np.float32)
        found.append(
            Measured(
                group.predictor, group.size, group.n_seeds, group.pool, wrong, nll.astype(np.float32), confidence
            )
        )
    single, largest = found[0], max(members)
    rows = best(single.wrong, predictors["single"].members, members[largest])
    parts = (single.wrong[rows], single.nll[rows], single.confidence[rows])
    found.insert(1 + len(members), Measured("best", largest, single.n_seeds, "single", *parts))
    return found


def score_table(study: str, measured: Sequence[Measured], settings: config.Evaluation) -> pd.DataFrame:
    """The table ``image_scores``: accuracy, its gain over the single networks', NLL and ECE of every predictor.

    The gain is paired: both are measured on the same test images. Accuracies, gains and ECE are shares of the test
    images, in [0, 1] or differences of these; NLL is in nats. Intervals are at 95 %.

    Args:
        study: its name.
        measured: of every predictor, the single networks first.
        settings: the evaluation section of the config.
    """
    rows = []
    single = measured[0]
    for one in measured:
        count = {"size": one.size, "n_seeds": one.n_seeds, "n_ensembles": len(one.wrong)}
        about = {"study": study, "predictor": one.predictor} | count | {"n_samples": one.wrong.shape[1]}
        error = mean_errors([one.term(1.0)]).interval()
        turned = {"measured": 1 - error.measured, "low": 1 - error.high, "high": 1 - error.low}
        numbers = {"accuracy": replace(error, **turned)}
        if one.predictor != "single":
            numbers["gain"] = mean_errors([single.term(1.0), one.term(-1.0)]).interval()
        numbers["nll"] = mean_errors([one.term(1.0, "nll")], shares=False).interval()
        numbers["ece"] = calibration_error(one, settings)
        rows += [
            about
            | {"quantity": name, "measured": found.measured, "low": found.low, "high": found.high}
            | {"interval": found.method, "scope": found.scope}
            for name, found in numbers.items()
        ]
    return pd.DataFrame(rows)


def calibration_error(one: Measured, settings: config.Evaluation) -> Interval:
    """The expected calibration error, mean over the rows, with its interval over networks and samples.

    In a bin of the confidence, the difference of mean confidence and accuracy; ECE is its absolute value, weighted
    by the bin's share of the samples. It cannot be below 0, so that noise adds to it, and a bootstrap's replicates
    lie too high: the interval is the basic one, which turns them around the measured value, cut off at 0. It has 0
    in it if a network that is right as often as it says would show as much.

    Args:
        one: what was measured of a predictor; each row a network or an ensemble, each column a test image.
        settings: the evaluation section of the config: replicates of the bootstrap, and its seed.

    Returns:
        The error in [0, 1].
    """
    n, number = one.wrong.shape[1], settings.bootstrap
    samples = sample_counts(n, settings.seed, number)
    rng = np.random.default_rng([settings.seed, one.size])
    noise = rng.standard_normal((number, BINS)).astype(np.float32)
    measured, drawn, of_noise = [], [], []
    for wrong, confidence in zip(one.wrong, one.confidence, strict=True):
        number_of_bin = np.minimum((confidence * BINS).astype(int), BINS - 1)
        gaps = np.zeros((n, BINS), np.float32)
        gaps[np.arange(n), number_of_bin] = confidence - ~wrong
        measured.append(np.abs(gaps.sum(axis=0)).sum() / n)
        drawn.append(np.abs(samples @ gaps).sum(axis=1) / n)
        spread = np.sqrt(np.bincount(number_of_bin, confidence * (1 - confidence), minlength=BINS)) / n
        of_noise.append(np.quantile(np.abs(noise) @ spread, (1 + CONFIDENCE) / 2))
    rows, term = len(measured), one.term(1.0)
    units = 1 if term.given else max(1, int(term.independent))
    counts = rng.multinomial(units, np.full(rows, 1 / rows), size=number) / units
    value = float(np.mean(measured))
    low, high = quantiles((counts * np.array(drawn).T).sum(axis=1))
    scope = SAMPLES if term.given else NETWORKS_AND_SAMPLES
    lowest = 2 * value - high if value > np.mean(of_noise) else 0.0
    return Interval(value, max(0.0, lowest), max(value, 2 * value - low), "basic bootstrap", scope)


def spreads(measured: Sequence[Measured]) -> dict[str, float]:
    """For each predictor with several networks, the standard deviation of their accuracies over the seeds."""
    return {
        one.predictor: float(one.wrong.mean(axis=1).std(ddof=1))
        for one in measured
        if one.size == 1 and len(one.wrong) > 1 and one.predictor != "ensemble"
    }


def ensemble_errors(measured: Sequence[Measured]) -> pd.DataFrame:
    """The table ``ensemble_errors``: the error of each single ensemble."""
    rows = [
        {"size": one.size, "ensemble": i, "split": SPLIT, "error": error}
        for one in measured
        if one.predictor == "ensemble"
        for i, error in enumerate(one.wrong.mean(axis=1))
    ]
    return pd.DataFrame(rows)


def agreement(single: Predictor, label: np.ndarray) -> pd.DataFrame:
    """The table ``agreement``: how often two single networks say the same, and how often both are wrong."""
    said = single.logits[SPLIT].argmax(axis=2)
    rows = [
        {
            "seed": seed,
            "other": other,
            "same": float((said[i] == said[j]).mean()),
            "both_wrong": float(((said[i] != label) & (said[j] != label)).mean()),
        }
        for i, seed in enumerate(single.members)
        for j, other in enumerate(single.members)
    ]
    return pd.DataFrame(rows)
