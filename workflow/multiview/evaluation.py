"""Errors of every predictor with 95 % intervals over seeds and samples (Section 3 of the paper).

Errors are measured stratified, on a split of multi-view and one of single-view samples, and put together as
``error = (1 - mu) error_m + mu error_s``.

Intervals are for one training set; they are about other seeds and other test samples. Where several ensembles of
a size exist, a nested bootstrap: ensembles and samples are both drawn anew. Ensembles of L out of n seeds are
alike, the more so the larger L: their variance is about ``1 - L/n`` of that of independent ones. A replicate
therefore draws ``n / L - 1`` of them (rounded down), which gives back the variance that n independent seeds have;
for L = 1 it is the ordinary bootstrap over the n seeds. For L > n / 2 the seeds cannot tell how other
seeds would do: they are taken as given, which the column ``interval`` says, and for L = n, where there is one
ensemble, the interval is the exact binomial one. With few errors a bootstrap is too narrow, and with none it is
a point: there the exact binomial interval, in which a sample counts once for all seeds, widens it.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.stats import beta

from multiview import config, ensembles, lottery, verdicts

CONFIDENCE = 0.95
BOOTSTRAP, EXACT, GIVEN = "nested bootstrap", "exact binomial", "bootstrap over samples and these seeds"
FEW = 10
"""With fewer errors than this, counted in samples, the exact interval has a say."""


@dataclass(frozen=True)
class Interval:
    """An estimate and its interval."""

    measured: float
    low: float
    high: float
    method: str


def exact_interval(errors: int, n: int) -> tuple[float, float]:
    """The 95 % Clopper-Pearson interval of a proportion of `errors` in `n`."""
    tail = (1 - CONFIDENCE) / 2
    low = beta.ppf(tail, errors, n - errors + 1) if errors > 0 else 0.0
    high = beta.ppf(1 - tail, errors + 1, n - errors) if errors < n else 1.0
    return float(low), float(high)


def units(size: int, n_seeds: int) -> int:
    """How many ensembles of `size` a bootstrap replicate draws (see the module's text)."""
    return n_seeds if size == 1 else max(1, n_seeds // size - 1)


def replicates(wrong: np.ndarray, units: int, rng: np.random.Generator, number: int) -> np.ndarray:
    """Nested bootstrap of a mean: draw `units` rows and all columns anew, with replacement.

    Args:
        wrong: bool ``[rows, n]``, a row a network or an ensemble, a column a sample.
        units: rows in a replicate.
        rng: draws them.
        number: replicates.

    Returns:
        float64 ``[number]``.
    """
    rows, n = wrong.shape
    row_counts = rng.multinomial(units, np.full(rows, 1 / rows), size=number).astype(np.float32)
    sample_counts = rng.multinomial(n, np.full(n, 1 / n), size=number).astype(np.float32)
    sums = np.einsum("bn,bn->b", row_counts @ wrong.astype(np.float32), sample_counts, dtype=np.float64)
    return sums / (units * n)


def interval(wrong: np.ndarray, drawn: np.ndarray) -> Interval:
    """The mean of `wrong` ``[rows, n]`` with its interval; `drawn` are its `replicates`."""
    measured, n = float(wrong.mean()), wrong.shape[1]
    count = math.ceil(round(measured * n, 6))
    exact = exact_interval(count, n)
    if len(wrong) == 1:
        return Interval(measured, *exact, EXACT)
    low, high = quantiles(drawn)
    if min(count, n - count) >= FEW:
        return Interval(measured, low, high, BOOTSTRAP)
    # Rows see the same samples: they count once, however many rows agree.
    return Interval(measured, min(low, exact[0], measured), max(high, exact[1]), f"{BOOTSTRAP} and {EXACT}")


def quantiles(values: np.ndarray) -> tuple[float, float]:
    """The central 95 % interval of bootstrap replicates."""
    low, high = np.quantile(values, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def score_rows(
    wrong: Mapping[str, np.ndarray], size: int, n_seeds: int, settings: config.Evaluation
) -> Iterator[dict]:
    """Rows of the score table for the ensembles of one size (1: the single networks).

    Args:
        wrong: ``error_m`` and ``error_s``, each bool ``[ensembles, n]`` with the same ensembles in the rows.
        size: L.
        n_seeds: seeds there are.
        settings: the evaluation section of the config.

    Yields:
        ``error_m`` and ``error_s``, then ``error`` and ``error / mu`` for every mu of the config.
    """
    count = {"size": size, "n_seeds": n_seeds, "n_ensembles": len(wrong["error_s"])}
    boot, found = {}, {}
    for quantity, table in wrong.items():
        # The same stream for both: a replicate draws the same ensembles for either kind of sample.
        rng = np.random.default_rng([settings.seed, size])
        boot[quantity] = replicates(table, units(size, n_seeds), rng, settings.bootstrap)
        one = interval(table, boot[quantity])
        if n_seeds / 2 < size < n_seeds:
            one = replace(one, method=GIVEN)
        found[quantity] = one
        yield count | _row(quantity, SHARE[quantity], one, table.shape[1])
    n = sum(table.shape[1] for table in wrong.values())
    for mu in settings.mus:
        weights = {"error_m": 1 - mu, "error_s": mu}
        mixed = sum(weight * wrong[quantity].mean() for quantity, weight in weights.items())
        low, high = quantiles(sum(weight * boot[quantity] for quantity, weight in weights.items()))
        for quantity, weight in weights.items():
            # What the exact interval adds to a component's bootstrap it adds to the mixture too.
            own = quantiles(boot[quantity])
            low += weight * min(0.0, found[quantity].low - own[0])
            high += weight * max(0.0, found[quantity].high - own[1])
        method = found["error_m"].method if mu < 1 else found["error_s"].method
        whole = Interval(float(mixed), max(0.0, low), high, method)
        yield count | _row("error", mu, whole, n)
        if mu > 0:
            yield count | _row("error / mu", mu, Interval(mixed / mu, whole.low / mu, high / mu, method), n)


def _row(quantity: str, mu: float, found: Interval, n_samples: int) -> dict:
    return {
        "quantity": quantity,
        "mu": mu,
        "measured": found.measured,
        "low": found.low,
        "high": found.high,
        "interval": found.method,
        "n_samples": n_samples,
    }


SHARE = {"error_m": 0.0, "error_s": 1.0}
"""The mu at which the error on D is the stratified one."""

QUANTITIES = {"error_m": "test_multi", "error_s": "test_single"}
"""The stratified errors, and the split on which each is measured."""


def score_tables(
    study: str,
    samples: pd.DataFrame,
    seeds: Sequence[int],
    logits: Mapping[str, np.ndarray],
    members: Mapping[int, np.ndarray],
    settings: config.Evaluation,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores of the single networks and of the ensembles of every size.

    Args:
        study: its name.
        samples: the ``samples`` artifact.
        seeds: the seeds in the order of the logits.
        logits: for each split ``[seeds, n, k]``.
        members: for each size ``[ensembles, size]``, seeds.
        settings: the evaluation section of the config.

    Returns:
        The tables ``scores`` and ``ensemble_errors``, the latter with the error of each single ensemble.
    """
    rows, errors = [], []
    labels = {split: part["label"].to_numpy() for split, part in samples.groupby("split")}
    everyone = np.asarray(seeds)[:, None]
    for predictor, size, chosen in [
        ("single", 1, everyone),
        *(("ensemble", size, chosen) for size, chosen in members.items()),
    ]:
        wrong = {
            quantity: ensembles.average(logits[split], seeds, chosen).argmax(axis=2) != labels[split]
            for quantity, split in QUANTITIES.items()
        }
        about = {"study": study, "predictor": predictor}
        rows += [about | row for row in score_rows(wrong, size, len(seeds), settings)]
        if predictor == "ensemble":
            errors += [
                {"size": size, "ensemble": i, "split": QUANTITIES[quantity], "error": error}
                for quantity, table in wrong.items()
                for i, error in enumerate(table.mean(axis=1))
            ]
    return pd.DataFrame(rows), pd.DataFrame(errors)


def last_step(strengths: pd.DataFrame) -> pd.DataFrame:
    """Of the table ``strengths``, the rows of each seed's last step."""
    return strengths[strengths["step"] == strengths.groupby("seed")["step"].transform("max")]


def lottery_table(start: pd.DataFrame, final: pd.DataFrame, q: float, learned_ratio: float) -> pd.DataFrame:
    """Who was predicted to win each race and who did: the table ``lottery``, a row a seed, class and view."""
    table = start.merge(final.drop(columns="step"), on=["seed", "class", "view"], validate="one_to_one")
    table = table.sort_values(["seed", "class", "view"], ignore_index=True)
    table["ticket"] = lottery.ticket(table["lambda"], table["s"], q)
    phi = table["phi"].to_numpy().reshape(-1, 2)
    tickets = table["ticket"].to_numpy().reshape(-1, 2)
    table["learned"] = lottery.learned(phi, learned_ratio).ravel()
    table["won"] = _larger(phi).ravel()
    table["predicted"] = _larger(tickets).ravel()
    return table


def _larger(pairs: np.ndarray) -> np.ndarray:
    """Which of each pair ``[n, 2]`` is the larger one; the first where they are equal."""
    return pairs.argmax(axis=1)[:, None] == np.arange(2)


def verdict_table(
    study: str, scores: pd.DataFrame, outcome: pd.DataFrame, lottery: pd.DataFrame, settings: config.Evaluation
) -> pd.DataFrame:
    """The paper's statements about single models and ensembles (Theorems 1 and 2), each with its verdict."""
    rows = []

    def add(claim: verdicts.Claim, *numbers) -> None:
        rows.append(verdicts.row(study, claim, *numbers))

    # The training accuracy of these seeds is known, not estimated: the interval is the point.
    lowest = outcome["train_accuracy"].min()
    add(verdicts.TRAIN_ACCURACY, lowest, lowest, lowest, len(outcome), 0)
    for claim in (verdicts.ERROR_M, verdicts.ERROR_S, verdicts.ERROR_S_WIDE, verdicts.ENSEMBLE):
        match = scores[(scores["predictor"] == claim.predictor) & (scores["quantity"] == claim.quantity)]
        score = match.loc[match["size"].idxmax()]
        if claim.predictor == "ensemble":
            claim = replace(claim, quantity=f"{claim.quantity}, L = {score['size']}")
        add(claim, *score[["measured", "low", "high", "n_seeds", "n_samples"]])
    n = len(outcome)
    first = lottery[lottery["view"] == 1].pivot(index="seed", columns="class", values=["won", "predicted"])
    right = first["won"].to_numpy(bool) == first["predicted"].to_numpy(bool)
    rng = np.random.default_rng([settings.seed, 0])
    # Over seeds and classes; here a column is a class, not a sample, and errors are few only if there are none.
    low, high = quantiles(replicates(right, n, rng, settings.bootstrap))
    if right.all():
        low = exact_interval(n, n)[0]
    add(verdicts.LOTTERY, right.mean(), low, high, n, right.size)
    return pd.DataFrame(rows)
