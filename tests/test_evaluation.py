"""Intervals, scores and verdicts."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from multiview import config, ensembles, evaluation, verdicts


@pytest.fixture
def settings(tiny):
    return config.load(tiny).evaluation


def bootstrap(wrong, units, number=2000, seed=0):
    """The interval of `wrong`, with as many replicates."""
    drawn = evaluation.replicates(wrong, units, np.random.default_rng(seed), number)
    return evaluation.interval(wrong, drawn)


def test_exact_interval_against_its_definition():
    low, high = evaluation.exact_interval(7, 50)
    assert binom.sf(6, 50, low) == pytest.approx(0.025)
    assert binom.cdf(7, 50, high) == pytest.approx(0.025)


def test_exact_interval_at_the_ends():
    # No error in n: the upper end solves (1 - p)^n = tail.
    low, high = evaluation.exact_interval(0, 100)
    assert low == 0
    assert (1 - high) ** 100 == pytest.approx(0.025)
    assert evaluation.exact_interval(100, 100)[1] == 1


def test_bootstrap_of_columns_that_agree_is_the_one_over_rows():
    # Every sample says the same: only the draw of the rows is left, Bernoulli(1/4) over 40 of them.
    wrong = np.repeat(np.arange(40) < 10, 60).reshape(40, 60)
    drawn = evaluation.replicates(wrong, 40, np.random.default_rng(0), 4000)
    assert drawn.mean() == pytest.approx(0.25, abs=0.005)
    assert drawn.std() == pytest.approx(np.sqrt(0.25 * 0.75 / 40), rel=0.05)


def test_bootstrap_of_rows_that_agree_is_the_one_over_samples():
    wrong = np.tile(np.arange(60) < 15, (40, 1))
    drawn = evaluation.replicates(wrong, 40, np.random.default_rng(0), 4000)
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
    assert found.method == evaluation.EXACT
    assert (found.low, found.high) == evaluation.exact_interval(6, 200)


def test_no_error_at_all_still_has_an_upper_end():
    found = bootstrap(np.zeros((20, 300), bool), 20)
    assert (found.measured, found.low) == (0, 0)
    assert found.high == evaluation.exact_interval(0, 300)[1] > 0.01


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
        drawn = evaluation.replicates(means, evaluation.units(size, 40), rng, 300)
        low, high = evaluation.quantiles(drawn)
        covered += low <= 0 <= high
    assert covered / trials > 0.9


def test_seeds_are_given_where_more_than_half_of_them_form_an_ensemble(settings):
    wrong = {name: np.random.default_rng(0).random((6, 300)) < 0.3 for name in ("error_m", "error_s")}
    methods = {size: next(evaluation.score_rows(wrong, size, 10, settings))["interval"] for size in (5, 6)}
    assert methods == {5: evaluation.BOOTSTRAP, 6: evaluation.GIVEN}


def test_the_mixture_keeps_what_no_error_at_all_leaves_open(settings):
    wrong = {"error_m": np.zeros((4, 50), bool), "error_s": np.random.default_rng(0).random((4, 80)) < 0.5}
    rows = pd.DataFrame(evaluation.score_rows(wrong, 1, 4, settings)).set_index(["quantity", "mu"])
    top = evaluation.exact_interval(0, 50)[1]
    assert rows.loc[("error", 0.0), "high"] == pytest.approx(top)
    assert rows.loc[("error / mu", 0.5), "high"] == pytest.approx(
        rows.loc[("error_s", 1.0), "high"] + top, abs=0.02
    )


def test_error_on_the_mixture(settings):
    wrong = {"error_m": np.zeros((4, 50), bool), "error_s": np.random.default_rng(0).random((4, 80)) < 0.5}
    rows = pd.DataFrame(evaluation.score_rows(wrong, 1, 4, settings))
    error_s = rows.loc[rows["quantity"] == "error_s", "measured"].item()
    for quantity, factor in (("error", lambda mu: mu), ("error / mu", lambda mu: 1.0)):
        for row in rows[rows["quantity"] == quantity].itertuples():
            assert row.measured == pytest.approx(error_s * factor(row.mu))
            assert row.low <= row.measured <= row.high


def test_lottery_table_by_hand():
    index = {"seed": [3] * 4, "class": [0, 0, 1, 1], "view": [1, 2, 1, 2]}
    start = pd.DataFrame(index | {"lambda": [0.2, 0.3, 0.1, 0.4], "s": [4.0, 1.0, 1.0, 1.0]})
    final = pd.DataFrame(index | {"step": [9] * 4, "phi": [0.1, 2.0, 1.0, 3.0]})
    table = evaluation.lottery_table(start, final.sample(frac=1, random_state=0), q=4, learned_ratio=0.3)
    assert table["ticket"].tolist() == pytest.approx([0.4, 0.3, 0.1, 0.4])
    assert table["predicted"].tolist() == [True, False, False, True]
    assert table["won"].tolist() == [False, True, False, True]
    assert table["learned"].tolist() == [False, True, True, True]


def test_last_step_is_each_seeds_own():
    table = pd.DataFrame({"seed": [0, 0, 1, 1, 1], "step": [0, 1, 0, 1, 2], "phi": [1, 2, 3, 4, 5]})
    assert evaluation.last_step(table)["phi"].tolist() == [2, 5]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.49, 0.51, "holds"),
        (0.495, 0.505, "holds"),
        (0.48, 0.50, "undecided"),
        (0.3, 0.7, "undecided"),
        (0.2, 0.48, "fails"),
        (0.52, 0.6, "fails"),
    ],
)
def test_verdict_follows_from_the_interval_alone(low, high, expected):
    assert verdicts.verdict(low, high, 0.49, 0.51) == expected
