"""Calibration: whether a predictor is right as often as it says (Guo et al., arXiv 1706.04599)."""

import numpy as np

from multiview import config
from multiview.measure import intervals
from multiview.measure.intervals import CONFIDENCE, Interval, Term

BINS = 15
"""Bins of equal width of the confidence, for the expected calibration error."""

ROWS = 16
"""Of which the replicates are one product of matrices: one row alone has too few columns for a fast one."""


def calibration_error(term: Term, confidence: np.ndarray, settings: config.Evaluation) -> Interval:
    """The expected calibration error, mean over the rows, with its interval over networks and samples.

    In a bin of the confidence, the difference of mean confidence and accuracy; ECE is its absolute value, weighted
    by the bin's share of the samples. It cannot be below 0, so that noise adds to it, and a bootstrap's replicates
    lie too high: the interval is the basic one, which turns them around the measured value, cut off at 0. It has 0
    in it if a network that is right as often as it says would show as much.

    `term` is the error, each row a network or an ensemble, each column a sample; `confidence` is of the same
    shape, the largest probability. The result is in [0, 1].
    """
    n, number = term.table.shape[1], settings.bootstrap
    samples = intervals.replicates(n, settings.seed, number)
    rng = np.random.default_rng([settings.seed, term.size])
    noise = np.abs(rng.standard_normal((number, BINS)).astype(np.float32))
    parts = [slice(start, start + ROWS) for start in range(0, len(confidence), ROWS)]
    found = [_errors_of(term.table[part], confidence[part], samples, noise) for part in parts]
    measured, drawn, of_noise = (np.concatenate(of_parts, axis=-1) for of_parts in zip(*found, strict=True))
    rows = len(measured)
    units = 1 if term.given else max(1, int(term.independent))
    counts = rng.multinomial(units, np.full(rows, 1 / rows), size=number) / units
    value = float(np.mean(measured))
    low, high = intervals.quantiles((counts * drawn).sum(axis=1))
    scope = intervals.SAMPLES if term.given else intervals.NETWORKS_AND_SAMPLES
    lowest = 2 * value - high if value > np.mean(of_noise) else 0.0
    return Interval(value, max(0.0, lowest), max(value, 2 * value - low), "basic bootstrap", scope)


def _errors_of(
    wrong: np.ndarray, confidence: np.ndarray, samples: np.ndarray, noise: np.ndarray
) -> tuple[np.ndarray, np.ndarray, list[float]]:
    """Of some rows the errors ``[rows]``, their replicates ``[number, rows]``, and what noise alone shows.

    `wrong` and `confidence` are ``[rows, n]``, `samples` ``[number, n]``, how often each sample is in each
    replicate, `noise` ``[number, BINS]``, sizes of normal numbers.
    """
    rows, n = wrong.shape
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = np.zeros((n, rows, BINS), np.float32)
    gaps[np.arange(n), np.arange(rows)[:, None], bins] = confidence - ~wrong
    gaps = gaps.reshape(n, -1)
    used = np.flatnonzero(gaps.any(axis=0))  # most bins are empty where a network is sure of itself
    drawn = np.zeros((len(samples), gaps.shape[1]), np.float32)
    drawn[:, used] = samples @ gaps[:, used]
    measured, replicates = (
        np.abs(sums).reshape(-1, rows, BINS).sum(axis=2) / n for sums in (gaps.sum(axis=0), drawn)
    )
    levels = []
    for own, sure in zip(bins, confidence, strict=True):
        spread = np.sqrt(np.bincount(own, sure * (1 - sure), minlength=BINS)) / n
        levels.append(np.quantile(noise @ spread, (1 + CONFIDENCE) / 2))
    return measured[0], replicates, levels
