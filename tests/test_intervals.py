"""Intervals against their definitions, and how often they cover the truth."""

import numpy as np
import pytest
from scipy.stats import binom

from multiview import ensembles, intervals


def bootstrap(wrong, units, number=2000, seed=0):
    """The interval of `wrong`, with as many replicates."""
    drawn = intervals.replicates(wrong, units, np.random.default_rng(seed), number)
    return intervals.interval(wrong, drawn)


def test_exact_interval_against_its_definition():
    low, high = intervals.exact_interval(7, 50)
    assert binom.sf(6, 50, low) == pytest.approx(0.025)
    assert binom.cdf(7, 50, high) == pytest.approx(0.025)


def test_exact_interval_at_the_ends():
    # No error in n: the upper end solves (1 - p)^n = tail.
    low, high = intervals.exact_interval(0, 100)
    assert low == 0
    assert (1 - high) ** 100 == pytest.approx(0.025)
    assert intervals.exact_interval(100, 100)[1] == 1


def test_bootstrap_of_columns_that_agree_is_the_one_over_rows():
    # Every sample says the same: only the draw of the rows is left, Bernoulli(1/4) over 40 of them.
    wrong = np.repeat(np.arange(40) < 10, 60).reshape(40, 60)
    drawn = intervals.replicates(wrong, 40, np.random.default_rng(0), 4000)
    assert drawn.mean() == pytest.approx(0.25, abs=0.005)
    assert drawn.std() == pytest.approx(np.sqrt(0.25 * 0.75 / 40), rel=0.05)


def test_bootstrap_of_rows_that_agree_is_the_one_over_samples():
    wrong = np.tile(np.arange(60) < 15, (40, 1))
    drawn = intervals.replicates(wrong, 40, np.random.default_rng(0), 4000)
    assert drawn.std() == pytest.approx(np.sqrt(0.25 * 0.75 / 60), rel=0.05)


def test_fewer_units_give_wider_intervals():
    wrong = np.random.default_rng(0).random((50, 1)) < np.full((50, 200), 0.3)
    few, many = (bootstrap(wrong, units) for units in (5, 50))
    assert few.high - few.low > 2 * (many.high - many.low)
    assert few.measured == many.measured == wrong.mean()


def test_interval_covers_the_truth_as_often_as_it_says():
    """Errors whose rate differs between seeds and between samples, drawn many times."""
    rng = np.random.default_rng(0)
    covered = 0
    for trial in range(200):
        rate = np.clip(0.4 + 0.1 * rng.normal(size=(20, 1)) + 0.1 * rng.normal(size=(1, 100)), 0, 1)
        found = bootstrap(rng.random((20, 100)) < rate, 20, number=400, seed=trial)
        covered += found.low <= 0.4 <= found.high
    assert covered >= 180  # 95 % of 200 are 190


def test_one_ensemble_has_the_exact_interval():
    wrong = np.arange(200)[None] < 6
    found = bootstrap(wrong, 1)
    assert found.method == intervals.EXACT
    assert (found.low, found.high) == intervals.exact_interval(6, 200)


def test_no_error_at_all_still_has_an_upper_end():
    found = bootstrap(np.zeros((20, 300), bool), 20)
    assert (found.measured, found.low) == (0, 0)
    assert found.high == intervals.exact_interval(0, 300)[1] > 0.01


def test_an_error_more_never_narrows_the_interval():
    tops = []
    for errors in (0, 1, 40, 80, 400):
        wrong = np.zeros((40, 1000), bool)
        wrong.T.flat[:errors] = True  # sample after sample, in all seeds
        tops.append(bootstrap(wrong, 40).high)
    assert tops == sorted(tops)


@pytest.mark.parametrize("size", [2, 5, 10, 20])
def test_interval_of_ensembles_covers_the_truth_as_often_as_it_says(size):
    """A statistic that is linear in the members, of which the truth is known, seen on one sample only."""
    rng, covered, trials = np.random.default_rng(size), 0, 300
    for _ in range(trials):
        seeds = rng.normal(size=40)
        members = ensembles.draw_members(range(40), size, 100, rng)
        means = seeds[members].mean(axis=1)[:, None]
        drawn = intervals.replicates(means, intervals.units(size, 40), rng, 300)
        low, high = intervals.quantiles(drawn)
        covered += low <= 0 <= high
    assert covered / trials > 0.9


def test_difference_of_a_table_with_itself_in_columns_that_agree():
    # The rows of both are drawn apart: the variance is twice that of one mean.
    wrong = np.repeat(np.arange(40) < 10, 60).reshape(40, 60)
    measured, low, high = intervals.difference(wrong, wrong, np.random.default_rng(0), 4000)
    assert measured == 0
    assert high - low == pytest.approx(2 * 1.96 * np.sqrt(2 * 0.25 * 0.75 / 40), rel=0.1)


def test_difference_is_paired_in_the_samples():
    # Both are wrong on the same half, one of them on one sample more: samples drawn alike leave little spread.
    one, other = np.arange(400)[None] < 201, np.arange(400)[None] < 200
    measured, low, high = intervals.difference(one, other, np.random.default_rng(0), 2000)
    assert measured == pytest.approx(1 / 400)
    assert 0 <= low <= measured <= high < 5 / 400


def test_counts_that_are_kept_are_those_that_would_be_drawn_and_leave_the_generator_as_drawing_does():
    for _ in range(2):  # drawn, then kept
        for seed in (1, 2):
            rng, plain = np.random.default_rng(seed), np.random.default_rng(seed)
            expected = plain.multinomial(50, np.full(50, 1 / 50), size=200)
            np.testing.assert_array_equal(intervals.sample_counts(50, rng, 200), expected)
            assert rng.random() == plain.random()
    other = intervals.sample_counts(50, np.random.default_rng(3), 200)
    assert (other != expected).any()
