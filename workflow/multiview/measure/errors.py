"""Errors of every predictor of a study, and likelihoods of the labels: one table for all studies.

Everything is keyed by split. Where multi-view and single-view samples have splits of their own (Section 3 of the
paper), errors on the distribution D are put together as ``error = (1 - mu) error_m + mu error_s``. How the
intervals come about is told in `multiview.measure.intervals`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from multiview import config
from multiview.measure.calibration import calibration_error
from multiview.measure.intervals import Interval, Term, mean_errors
from multiview.predictors import ensembles
from multiview.predictors.logits import Predictor, log_softmax

ERRORS = {"test_multi": "error_m", "test_single": "error_s", "test": "error"}
"""For each split on which predictors are measured the name of the error there, in that order."""

SHARES = {"test_multi": 0.0, "test_single": 1.0}
"""The mu at which the error on D is that of a split."""

TEACHER = "teacher"
"""The name of the networks that teach students of an ensemble: these are given."""

TABLES = ("wrong", "nll", "confidence")
"""What is known of every predictor on each split."""


def measured_splits(splits: Sequence[str]) -> list[str]:
    """Those of a dataset's splits on which predictors are measured."""
    return [split for split in ERRORS if split in set(splits)]


def main_split(splits: Sequence[str]) -> str:
    """The split that statements, agreement and spreads are about: that of single-view samples, if there is one."""
    return measured_splits(splits)[-1]


@dataclass(frozen=True)
class Errors:
    """Which samples a predictor gets wrong, and its likelihoods.

    Attributes:
        predictor: its name.
        size: how many networks are averaged: L, 1 for single ones.
        n_seeds: how many seeds its networks come from.
        wrong: for each split bool ``[rows, n]``, a row a network or an ensemble.
        pool: the name of the networks it is made of: ``single`` for ensembles of these; teachers are given.
        nll: for each split float32 ``[rows, n]``, ``-ln p_y`` in nats.
        confidence: for each split float32 ``[rows, n]``, the largest probability.
        members: the seed of each row, where rows are networks.
        at_once: for each split the share of its samples that a network gets wrong if it misses one view.
    """

    predictor: str
    size: int
    n_seeds: int
    wrong: Mapping[str, np.ndarray]
    pool: str
    nll: Mapping[str, np.ndarray] = field(default_factory=dict)
    confidence: Mapping[str, np.ndarray] = field(default_factory=dict)
    members: tuple[int, ...] = ()
    at_once: Mapping[str, float] = field(default_factory=dict)

    def term(self, weight: float, split: str, table: str = "wrong") -> Term:
        """The mean of one of its tables in a weighted sum: by default its mean error."""
        at_once = self.at_once.get(split, 0.0) if table == "wrong" else 0.0
        return Term(weight, getattr(self, table)[split], self.pool, self.size, self.n_seeds, split, at_once)


def paired(errors: Mapping[str, Errors], pool: str) -> dict[str, Errors]:
    """Only the networks whose seeds all of these predictors have, row for row, as one pool of this name.

    A warm student starts from the single network of its seed, and shares its lost views: of the gain of students
    over these networks the difference between networks is no part.

    Raises:
        ValueError: if no seed is in all of them.
    """
    common = sorted(set.intersection(*(set(predictor.members) for predictor in errors.values())))
    if not common:
        raise ValueError(f"{', '.join(errors)}: expected networks with the same seeds, found none")
    chosen = {}
    for name, predictor in errors.items():
        rows = [predictor.members.index(seed) for seed in common]
        wrong = {split: table[rows] for split, table in predictor.wrong.items()}
        known = {"members": tuple(common), "at_once": predictor.at_once}
        chosen[name] = Errors(predictor.predictor, 1, len(common), wrong, pool, **known)
    return chosen


def best(single: np.ndarray, seeds: Sequence[int], members: np.ndarray) -> list[int]:
    """For each ensemble the position of the member with the fewest errors, ``best of L``.

    It is chosen on the very test samples, an oracle, so that no honest choice does better.

    `single` is bool ``[seeds, n]``, the errors of the networks with these `seeds`; `members` ``[ensembles, L]``.
    """
    position = {seed: i for i, seed in enumerate(seeds)}
    mean = single.mean(axis=1)
    return [min((position[seed] for seed in row), key=mean.__getitem__) for row in members.tolist()]


def measure(
    labels: Mapping[str, np.ndarray],
    predictors: Mapping[str, Predictor],
    members: Mapping[int, np.ndarray],
    roles: Mapping[str, Mapping],
    best_of: int,
) -> list[Errors]:
    """Measure every predictor of a study.

    Besides the predictors that have logits of their own: ``ensemble`` (the average of L single networks), ``best``
    (the best single networks), ``teacher_of_x`` (the ensemble that teaches the students x) and ``ensemble_of_x``
    (the average of all students x).

    Args:
        labels: for each split that is measured ``[n]``.
        predictors: ``single``, every kind of students, and others.
        members: for each size ``[ensembles, size]``, seeds.
        roles: of the students, as `multiview.config.Study.roles` gives them.
        best_of: of how many the best network is chosen: the largest size above 1 that is not above this, or else
            the smallest.
    """
    measured, seeds = [], predictors["single"].members
    classes = predictors["single"].logits[main_split(list(labels))].shape[2]
    # A single-view sample shows one of the two views of its class, either as often.
    at_once = {"test_single": 1 / (2 * classes)}

    def add(name: str, of: str, rows: Sequence[Sequence[int]], n_seeds: int, pool: str | None = None) -> None:
        tables = {split: _tables(predictors[of], rows, split, label) for split, label in labels.items()}
        wrong, nll, confidence = ({split: parts[i] for split, parts in tables.items()} for i in range(3))
        members = tuple(row[0] for row in rows) if len(rows[0]) == 1 else ()
        size = len(rows[0])
        measured.append(Errors(name, size, n_seeds, wrong, pool or of, nll, confidence, members, at_once))

    def add_each(name: str) -> None:
        add(name, name, [[member] for member in predictors[name].members], len(predictors[name].members))

    add_each("single")
    several = [size for size in members if size > 1] or list(members)  # the best of one is no choice
    single, size = measured[0], max((size for size in several if size <= best_of), default=min(several))
    for rows in members.values():
        add("ensemble", "single", rows.tolist(), len(seeds))
    chosen = best(single.wrong[main_split(list(labels))], seeds, members[size])
    tables = {name: {split: table[chosen] for split, table in getattr(single, name).items()} for name in TABLES}
    measured.append(replace(single, predictor="best", size=size, **tables))
    for name, role in roles.items():
        students = predictors[name].members
        if role["teacher_size"] > 1:
            taught_by = next(iter(role["teachers"].values()))
            add(f"teacher_of_{name}", role["teacher"], [taught_by], len(taught_by), TEACHER)
        add_each(name)
        if len(students) > 1:
            add(f"ensemble_of_{name}", name, [students], len(students))
    for name in predictors:
        if name != "single" and name not in roles:
            add_each(name)
    return measured


def _tables(
    predictor: Predictor, rows: Sequence[Sequence[int]], split: str, label: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Errors, NLL and confidence ``[rows, n]`` of averages of a predictor's members."""
    parts, sample = [], np.arange(len(label))
    for row in rows:  # one at a time: with 100 classes all of them would not fit
        (logits,) = ensembles.average(predictor.logits[split], predictor.members, np.array([row]))
        named, log_p = logits.argmax(axis=1), log_softmax(logits)
        nll, confidence = -log_p[sample, label], np.exp(log_p[sample, named])
        parts.append((named != label, nll.astype(np.float32), confidence.astype(np.float32)))
    return tuple(np.stack(part) for part in zip(*parts, strict=True))


def score_table(study: str, measured: Sequence[Errors], settings: config.Evaluation) -> pd.DataFrame:
    """The table ``scores``, with intervals at 95 %.

    For each split of the test samples: the error; the accuracy; its gain over single networks, paired in the
    samples; the negative log-likelihood (NLL, nats); and the expected calibration error (ECE). Names end in ``_m``
    for multi-view and in ``_s`` for single-view samples. Of both together: ``error`` and ``error / mu`` on D, for
    every mu of the config; other rows have the mu of their split, 0 where samples are of one kind.
    """
    rows = []
    for entry in measured:
        count = {"n_seeds": entry.n_seeds, "n_ensembles": len(next(iter(entry.wrong.values())))}
        about = {"study": study, "predictor": entry.predictor, "size": entry.size} | count
        rows += [about | row for split in entry.wrong for row in _split_rows(entry, measured[0], split, settings)]
        if set(entry.wrong) == set(SHARES):
            rows += [about | row for row in _mixture_rows(entry, settings)]
    return pd.DataFrame(rows)


def _split_rows(predictor: Errors, single: Errors, split: str, settings: config.Evaluation) -> Iterator[dict]:
    """Rows of the score table on one split."""
    error = mean_errors([predictor.term(1.0, split)]).interval()
    turned = {"measured": 1 - error.measured, "low": 1 - error.high, "high": 1 - error.low}
    intervals = {"error": error, "accuracy": replace(error, **turned)}
    if predictor.predictor != "single":
        intervals["gain"] = mean_errors([single.term(1.0, split), predictor.term(-1.0, split)]).interval()
    intervals["nll"] = mean_errors([predictor.term(1.0, split, "nll")], shares=False).interval()
    intervals["ece"] = calibration_error(predictor.term(1.0, split), predictor.confidence[split], settings)
    kind = ERRORS[split].removeprefix("error")
    for name, interval in intervals.items():
        yield _row(f"{name}{kind}", split, SHARES.get(split, 0.0), interval, predictor.wrong[split].shape[1])


def _mixture_rows(predictor: Errors, settings: config.Evaluation) -> Iterator[dict]:
    """Rows of the score table on D."""
    n = sum(table.shape[1] for table in predictor.wrong.values())
    for mu in settings.mus:
        weights = {"test_multi": 1 - mu, "test_single": mu}
        terms = [predictor.term(weight, split) for split, weight in weights.items() if weight > 0]
        interval = mean_errors(terms).interval()
        yield _row("error", "", mu, interval, n)
        if mu > 0:
            ends = {"measured": interval.measured / mu, "low": interval.low / mu, "high": interval.high / mu}
            yield _row("error / mu", "", mu, replace(interval, **ends), n)


def _row(quantity: str, split: str, mu: float, interval: Interval, n_samples: int) -> dict:
    about = {"quantity": quantity, "split": split, "mu": mu, "interval": interval.method, "n_samples": n_samples}
    return about | {name: getattr(interval, name) for name in ("measured", "low", "high", "scope")}


def main_errors(scores: pd.DataFrame) -> pd.DataFrame:
    """Of the table ``scores`` of a study the rows with the error that statements are about, on `main_split`."""
    split = main_split(list(scores["split"]))
    return scores[(scores["quantity"] == ERRORS[split]) & (scores["split"] == split)]


AXES = {"error_s": "error on single-view samples", "error": "test error"}
"""For each of these errors its name on an axis."""


def spreads(measured: Sequence[Errors]) -> dict[str, float]:
    """For each predictor with several networks, the standard deviation of their accuracies over the seeds."""
    split = main_split(list(measured[0].wrong))
    return {
        entry.predictor: float(entry.wrong[split].mean(axis=1).std(ddof=1))
        for entry in measured
        if entry.size == 1 and len(entry.wrong[split]) > 1 and entry.predictor != "ensemble"
    }


def ensemble_errors(measured: Sequence[Errors]) -> pd.DataFrame:
    """The table ``ensemble_errors``: the error of each single ensemble, on each split."""
    rows = [
        {"size": entry.size, "ensemble": i, "split": split, "error": error}
        for entry in measured
        if entry.predictor == "ensemble"
        for split, table in entry.wrong.items()
        for i, error in enumerate(table.mean(axis=1))
    ]
    return pd.DataFrame(rows)


def agreement(single: Predictor, split: str, label: np.ndarray) -> pd.DataFrame:
    """The table ``agreement``: how often two single networks name one class, and how often both are wrong."""
    predicted = single.logits[split].argmax(axis=2)
    networks = list(zip(single.members, predicted, predicted != label, strict=True))
    rows = [
        (seed, other, float((named == by_other).mean()), float((wrong & other_wrong).mean()))
        for seed, named, wrong in networks
        for other, by_other, other_wrong in networks
    ]
    return pd.DataFrame(rows, columns=["seed", "other", "same", "both_wrong"])
