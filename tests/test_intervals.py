"""Intervals against their definitions, by hand, and how often they cover the truth."""

import numpy as np
import pytest
from scipy.stats import binom, t

from multiview.measure import intervals
from multiview.measure.intervals import Term, mean_errors, shares_by_network
from multiview.predictors import ensembles


def interval(wrong, size=1, n_seeds=None):
    """Of the mean of `wrong` ``[rows, n]``, the errors of networks or of ensembles of `size` of `n_seeds`."""
    return mean_errors([Term(1.0, wrong, size=size, n_seeds=n_seeds)]).interval()


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


def test_one_row_has_the_exact_interval_and_says_nothing_of_other_networks():
    found = interval(np.arange(200)[None] < 6)
    assert (found.low, found.high) == pytest.approx(intervals.exact_interval(6, 200))
    assert found.method == intervals.EXACT
    assert found.scope == intervals.SAMPLES
    many = interval(np.arange(2000)[None] < 600)
    assert (many.low, many.high) == pytest.approx(intervals.exact_interval(600, 2000))


@pytest.mark.parametrize("rows", [3, 5, 20])
def test_columns_that_agree_leave_students_t_over_the_rows(rows):
    # Values that are no shares: the mean and its half-width, by the textbook.
    values = np.random.default_rng(rows).normal(size=rows)
    found = mean_errors([Term(1.0, np.tile(values[:, None], 50))], shares=False).interval()
    half = t.ppf(0.975, rows - 1) * values.std(ddof=1) / np.sqrt(rows)
    assert found.measured == pytest.approx(values.mean())
    assert found.high - found.measured == pytest.approx(half, rel=1e-6)
    assert found.measured - found.low == pytest.approx(half, rel=1e-6)
    assert found.scope == intervals.NETWORKS_AND_SAMPLES


def test_rows_that_agree_leave_the_interval_over_samples():
    values = np.random.default_rng(0).normal(size=400)
    found = mean_errors([Term(1.0, np.tile(values, (8, 1)))], shares=False).interval()
    assert found.high - found.measured == pytest.approx(1.96 * values.std() / 20, rel=1e-3)


def test_no_error_at_all_still_has_an_upper_end():
    found = interval(np.zeros((20, 300), bool))
    assert (found.measured, found.low) == (0, 0)
    assert found.high == intervals.exact_interval(0, 300)[1] > 0.01
    assert found.method == intervals.BOTH


def test_a_difference_of_two_tables_without_errors_is_no_point():
    none = np.zeros((5, 300), bool)
    found = mean_errors([Term(1.0, none, "a"), Term(-1.0, none, "b")]).interval()
    end = intervals.exact_interval(0, 300)[1]
    assert (found.measured, found.low, found.high) == pytest.approx((0, -end, end))


def test_a_difference_is_paired_in_the_samples():
    # Both are wrong on the same half, one of them on one sample more: what they share says nothing of that.
    one, other = np.arange(400)[None] < 201, np.arange(400)[None] < 200
    found = mean_errors([Term(1.0, one, "a"), Term(-1.0, other, "b")]).interval()
    assert found.measured == pytest.approx(1 / 400)
    assert -5 / 400 < found.low <= found.measured <= found.high < 7 / 400
    apart = mean_errors([Term(1.0, one, "a"), Term(-1.0, other, "b", samples="of other samples")]).interval()
    assert apart.high - apart.low > 4 * (found.high - found.low)
    with pytest.raises(ValueError, match="as many columns"):
        mean_errors([Term(1.0, one, "a"), Term(-1.0, other[:, 1:], "b")])


def test_an_error_more_never_narrows_the_upper_end():
    tops = []
    for errors in (0, 1, 40, 80, 400, 800):
        wrong = np.zeros((40, 1000), bool)
        wrong.T.flat[:errors] = True  # sample after sample, in all seeds
        tops.append(interval(wrong).high)
    assert tops == sorted(tops)


def test_networks_that_err_on_nothing_may_each_miss_a_view():
    # Ten networks, twenty views each shown alone by one sample in twenty: 200 views, none of them missed.
    none = np.zeros((10, 4000), bool)
    found = mean_errors([Term(1.0, none, at_once=1 / 20)]).interval()
    views, samples = intervals.exact_interval(0, 200)[1], intervals.exact_interval(0, 4000)[1]
    assert (found.measured, found.low) == (0, 0)
    assert found.high == pytest.approx(np.hypot(views, samples))
    assert found.method == intervals.BOTH
    # A teacher is given, and an ensemble of all of them: their views are no draw.
    for given in (none[:1], none[:2]):
        known = mean_errors([Term(1.0, given, size=40, n_seeds=40, at_once=1 / 20)]).interval()
        assert known.high == samples


def test_a_view_counts_once_only_where_few_are_missed():
    many = np.arange(4000) < 200 * np.arange(1, 11)[:, None]
    with_views, without = (mean_errors([Term(1.0, many, at_once=one)]).interval() for one in (1 / 20, 0.0))
    assert with_views == without
    other = np.zeros((10, 4000), bool)
    terms = [Term(1.0, many, "a", at_once=1 / 20), Term(-0.5, other, "b", at_once=1 / 20)]
    found = mean_errors(terms).interval()
    plain = mean_errors([Term(1.0, many, "a"), Term(-0.5, other, "b")]).interval()
    end = 0.5 * intervals.exact_interval(0, 200)[1]
    assert found.measured - found.low == pytest.approx(np.hypot(plain.measured - plain.low, end))
    assert found.high == plain.high


@pytest.mark.parametrize("rows", [5, 10, 20])
def test_intervals_of_networks_that_miss_few_views_cover(rows):
    rng, rate, covered, trials = np.random.default_rng(rows), 0.005, 0, 200
    for _ in range(trials):
        missed = rng.random((rows, 10)) < 2 * rate  # of ten views, each of which is one in twenty samples
        wrong = np.repeat(missed, 50, axis=1)
        wrong = np.concatenate([wrong, np.zeros_like(wrong)], axis=1)
        found = mean_errors([Term(1.0, wrong, at_once=1 / 20)]).interval()
        covered += found.low <= rate <= found.high
    assert covered / trials > 0.95  # as little as a third without at_once


def test_errors_and_correct_answers_have_mirrored_intervals():
    wrong = np.random.default_rng(3).random((6, 200)) < 0.08
    one, other = interval(wrong), interval(~wrong)
    assert (1 - one.high, 1 - one.low) == pytest.approx((other.low, other.high))


def test_networks_of_an_ensemble_that_takes_more_than_half_of_them_are_given():
    wrong = np.random.default_rng(0).random((6, 300)) < 0.3
    scopes = {size: interval(wrong, size, 10).scope for size in (1, 5, 6)}
    assert scopes == {1: intervals.NETWORKS_AND_SAMPLES, 5: intervals.NETWORKS_AND_SAMPLES, 6: intervals.SAMPLES}
    # Then those of the single networks, which are the same, are given as well; others are drawn.
    single, ensemble = Term(1.0, wrong, "single"), Term(-1.0, wrong[:1], "single", 6, 6)
    assert mean_errors([single, ensemble]).interval().scope == intervals.SAMPLES
    other = Term(1.0, wrong, "joint")
    assert mean_errors([other, ensemble]).interval().scope == "networks and samples, single given"
    assert mean_errors([other, ensemble]).runs == 6


def test_the_mixture_of_two_kinds_of_samples_has_the_networks_of_both():
    # All samples of a network agree: a network's error on the mixture is the mixture of its errors.
    rows = np.arange(10) < 4
    table = np.repeat(rows, 500).reshape(10, 500)
    terms = [Term(0.25, table, "a", samples="m"), Term(0.75, table, "a", samples="s")]
    found, alone = mean_errors(terms), mean_errors([Term(1.0, table, "a", samples="m")])
    assert found.measured == pytest.approx(0.4)
    assert found.networks[0] == pytest.approx(alone.networks[0])


def test_a_share_is_counted_by_network():
    hits, cases = np.array([5, 1, 4, 0, 3]), np.array([5, 5, 4, 2, 4])
    found = shares_by_network([(1.0, hits, cases)]).interval()
    assert found.measured == pytest.approx(13 / 20)
    assert found.scope == intervals.NETWORKS
    # The cases of a network agree here, so that few networks leave more open than as many cases would.
    low, high = intervals.exact_interval(13, 20)
    assert found.low < low and high < found.high
    every = shares_by_network([(1.0, cases, cases)]).interval()
    assert (every.low, every.high) == pytest.approx((intervals.exact_interval(5, 5)[0], 1))
    with pytest.raises(ValueError, match="no cases"):
        shares_by_network([(1.0, 0 * cases, 0 * cases)])


def test_the_difference_of_two_shares_of_the_same_networks():
    always, never = np.full(8, 4), np.zeros(8, int)
    found = shares_by_network([(1.0, always, always), (-1.0, never, always)]).interval()
    end = intervals.exact_interval(0, 8)[1]
    assert (found.measured, found.high) == (1, 1)
    assert found.low == pytest.approx(1 - np.sqrt(2) * end)
    half = np.array([4, 0, 4, 0, 4, 0, 4, 0])
    paired = shares_by_network([(1.0, half, always), (-1.0, half, always)]).interval()
    apart = shares_by_network([(1.0, half, always), (-1.0, half[::-1], always)]).interval()
    assert paired.measured == apart.measured == 0 and paired.high < apart.high / 2


def test_training_sets_are_students_t_over_the_draws():
    values = [0.1, 0.2, 0.4]
    found = intervals.of_training_sets(values, within=0.0).interval()
    half = t.ppf(0.975, 2) * np.std(values, ddof=1) / np.sqrt(3)
    assert (found.low, found.high) == pytest.approx((np.mean(values) - half, np.mean(values) + half))
    assert found.scope == intervals.TRAINING_SETS
    # Draws that agree by chance leave what each of them leaves open.
    assert intervals.of_training_sets([0.2, 0.2, 0.2], within=1e-4).interval().high > 0.21


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.999])
def test_a_larger_confidence_has_a_wider_interval(confidence):
    wrong = np.random.default_rng(0).random((4, 100)) < 0.2
    estimate = mean_errors([Term(1.0, wrong)])
    narrow, wide = estimate.interval(confidence), estimate.interval(confidence + 0.0005)
    assert wide.low < narrow.low < narrow.high < wide.high


def draw(rows, n, rate, spread, common, rng):
    """Errors whose rate differs between networks, and which share some of their samples."""
    rates = np.full(rows, rate)
    if spread:
        scale = rate * (1 - rate) / spread**2 - 1
        rates = rng.beta(rate * scale, (1 - rate) * scale, size=rows)
    own, shared = rng.random((rows, n)), rng.random(n)
    return np.where(rng.random((rows, n)) < common, shared, own) < rates[:, None]


@pytest.mark.parametrize("common", [0, 0.5])
@pytest.mark.parametrize("rows", [2, 3, 5, 20])
def test_intervals_cover_the_truth_as_often_as_they_say(rows, common):
    """The case that an interval over rows and samples drawn anew, without Student's t, covers 61 % of the time."""
    rng, trials, covered, of_differences = np.random.default_rng(rows), 150, 0, 0
    for _ in range(trials):
        wrong, other = (draw(rows, 500, 0.3, 0.08, common, rng) for _ in range(2))
        found = interval(wrong)
        covered += found.low <= 0.3 <= found.high
        found = mean_errors([Term(1.0, wrong, "a"), Term(-1.0, other, "b")]).interval()
        of_differences += found.low <= 0 <= found.high
    assert binom.sf(covered - 1, trials, 0.95) < 0.999  # hardly less than 95 %
    assert binom.cdf(covered, trials, 0.95) > 0.002 and binom.cdf(of_differences, trials, 0.95) > 0.002


@pytest.mark.parametrize("size", [2, 5, 10, 20])
def test_intervals_of_ensembles_cover_the_truth_as_often_as_they_say(size):
    """A statistic that is linear in the members, of which the truth is known."""
    rng, covered, trials = np.random.default_rng(size), 0, 300
    for _ in range(trials):
        seeds = rng.normal(size=40)
        members = ensembles.draw_members(range(40), size, 100, rng)
        means = np.tile(seeds[members].mean(axis=1)[:, None], 3)
        found = mean_errors([Term(1.0, means, "single", size, 40)], shares=False).interval()
        covered += found.low <= 0 <= found.high
    assert binom.cdf(covered, trials, 0.95) > 0.002


def test_ensembles_that_hardly_err_have_a_narrow_interval():
    """Two of a hundred overlapping ensembles lack a view: that is far from knowing nothing but two networks."""
    wrong = np.zeros((100, 4000), bool)
    wrong[:2, :200] = True
    found = interval(wrong, 20, 60)
    assert found.measured == 0.001
    half = t.ppf(0.975, 59) * np.sqrt(wrong.mean(axis=1).var(ddof=1) / 2)
    assert found.high - found.measured == pytest.approx(half, rel=0.05) and found.high < 0.012


def test_intervals_do_not_leave_what_a_weighted_sum_of_shares_can_be():
    rng = np.random.default_rng(0)
    rare = (
        rng.random((5, 400)) < np.array([0.2, 0, 0, 0, 0])[:, None]
    )  # two independent ensembles of five that overlap
    for weight in (1.0, -2.0):
        found = mean_errors([Term(weight, rare, "a", size=20, n_seeds=40)]).interval()
        assert min(weight, 0) <= found.low <= found.measured <= found.high <= max(weight, 0)
    both = mean_errors([Term(1.0, rare, "a", size=20, n_seeds=40), Term(-0.5, ~rare, "b", size=20, n_seeds=40)])
    assert both.interval().low >= -0.5
    assert both.interval().high <= 1
