"""Calibration: whether a predictor is right as often as it says (Guo et al., arXiv 1706.04599)."""

import numpy as np

from multiview import config
from multiview.measure.intervals import (
    CONFIDENCE,
    NETWORKS_AND_SAMPLES,
    SAMPLES,
    Interval,
    Term,
    quantiles,
    sample_counts,
)

BINS = 15
"""Bins of equal width of the confidence, for the expected calibration error."""


def calibration_error(term: Term, confidence: np.ndarray, settings: config.Evaluation) -> Interval:
    """The expected calibration error, mean over the rows, with its interval over networks and samples.

    In a bin of the confidence, the difference of mean confidence and accuracy; ECE is its absolute value, weighted
    by the bin's share of the samples. It cannot be below 0, so that noise adds to it, and a bootstrap's replicates
    lie too high: the interval is the basic one, which turns them around the measured value, cut off at 0. It has 0
    in it if a network that is right as often as it says would show as much.

    Args:
        term: the errors; each row a network or an ensemble, each column a sample.
        confidence: of the same shape, the largest probability.
        settings: the evaluation section of the config: replicates of the bootstrap, and its seed.

    Returns:
        The error in [0, 1].
    """
    n, number = term.table.shape[1], settings.bootstrap
    samples = sample_counts(n, settings.seed, number)
    rng = np.random.default_rng([settings.seed, term.size])
    noise = rng.standard_normal((number, BINS)).astype(np.float32)
    measured, drawn, of_noise = [], [], []
    for wrong, sure in zip(term.table, confidence, strict=True):
        number_of_bin = np.minimum((sure * BINS).astype(int), BINS - 1)
        gaps = np.zeros((n, BINS), np.float32)
        gaps[np.arange(n), number_of_bin] = sure - ~wrong
        measured.append(np.abs(gaps.sum(axis=0)).sum() / n)
        drawn.append(np.abs(samples @ gaps).sum(axis=1) / n)
        spread = np.sqrt(np.bincount(number_of_bin, sure * (1 - sure), minlength=BINS)) / n
        of_noise.append(np.quantile(np.abs(noise) @ spread, (1 + CONFIDENCE) / 2))
    rows = len(measured)
    units = 1 if term.given else max(1, int(term.independent))
    counts = rng.multinomial(units, np.full(rows, 1 / rows), size=number) / units
    value = float(np.mean(measured))
    low, high = quantiles((counts * np.array(drawn).T).sum(axis=1))
    scope = SAMPLES if term.given else NETWORKS_AND_SAMPLES
    lowest = 2 * value - high if value > np.mean(of_noise) else 0.0
    return Interval(value, max(0.0, lowest), max(value, 2 * value - low), "basic bootstrap", scope)
