"""95 % intervals over seeds and samples.

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
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import beta

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


_kept: dict[tuple, tuple[np.ndarray, dict]] = {}
"""What was last drawn: for the generator's state before, n and number, the counts and the state after."""


def sample_counts(n: int, rng: np.random.Generator, number: int) -> np.ndarray:
    """How often each of `n` samples is in each of `number` replicates: float32 ``[number, n]``.

    Comparisons on the same samples start from the same generator, and drawing takes most of the time of an
    interval: the last draws are kept, and one that is asked for again is the same to the bit.
    """
    key = (repr(rng.bit_generator.state), n, number)
    if key not in _kept:
        counts = rng.multinomial(n, np.full(n, 1 / n), size=number).astype(np.float32)
        counts.setflags(write=False)
        _kept[key] = counts, rng.bit_generator.state
    _kept[key] = _kept.pop(key)  # the latest last
    if len(_kept) > 3:  # those by seeds and by samples of one size of ensembles, and those of contrasts
        del _kept[next(iter(_kept))]
    counts, rng.bit_generator.state = _kept[key]
    return counts


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
    samples = sample_counts(n, rng, number)
    sums = np.einsum("bn,bn->b", row_counts @ wrong.astype(np.float32), samples, dtype=np.float64)
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


def contrast(
    terms: Sequence[tuple[float, np.ndarray, int]], rng: np.random.Generator, number: int
) -> tuple[float, float, float]:
    """A weighted sum of mean errors on the same samples, with its interval.

    A replicate draws the networks of each term anew and the samples for all alike. A single row, an ensemble, say,
    is taken as given.

    Args:
        terms: for each a weight, a table ``[rows, n]`` (a row a network, a column a sample), and how many of its
            rows a replicate draws (see `units`).
        rng: draws the replicates.
        number: replicates.

    Returns:
        The sum and the ends of its interval.
    """
    n = terms[0][1].shape[1]
    samples = sample_counts(n, rng, number)
    drawn = np.zeros(number)
    for weight, table, rows in terms:
        counts = rng.multinomial(rows, np.full(len(table), 1 / len(table)), size=number).astype(np.float32)
        sums = np.einsum("bn,bn->b", counts @ table.astype(np.float32), samples, dtype=np.float64)
        drawn += weight * (sums / (rows * n))
    return float(sum(weight * table.mean() for weight, table, _ in terms)), *quantiles(drawn)


def difference(
    one: np.ndarray, other: np.ndarray, rng: np.random.Generator, number: int
) -> tuple[float, float, float]:
    """The `contrast` of two mean errors: that of `one` minus that of `other`, each bool ``[rows, n]``."""
    return contrast([(1.0, one, len(one)), (-1.0, other, len(other))], rng, number)
