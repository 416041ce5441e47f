"""Members and averages of ensembles, and the prediction from the views learned."""

import itertools

import numpy as np
import pytest

from multiview.predictors import ensembles


def test_all_subsets_where_they_are_few():
    members = ensembles.draw_members([5, 3, 4], 2, subsets=3, rng=np.random.default_rng(0))
    assert members.tolist() == [[3, 4], [3, 5], [4, 5]]


def test_random_subsets_are_different_and_without_repeats():
    members = ensembles.draw_members(range(20), 5, subsets=200, rng=np.random.default_rng(0))
    assert members.shape == (200, 5)
    assert len({tuple(row) for row in members.tolist()}) == 200
    assert all(len(set(row)) == 5 for row in members.tolist())
    # Each seed is in a quarter of them.
    counts = np.bincount(members.ravel(), minlength=20)
    assert abs(counts - 50).max() < 5 * np.sqrt(200 * 0.25 * 0.75)


def test_average_by_hand():
    logits = np.array([[[1.0, 2.0]], [[3.0, 0.0]], [[5.0, 10.0]]], dtype=np.float32)
    members = np.array([[7, 9], [9, 8]])
    assert ensembles.average(logits, [7, 8, 9], members).tolist() == [[[3.0, 6.0]], [[4.0, 5.0]]]


def test_average_does_not_depend_on_the_order_of_the_members():
    logits = np.random.default_rng(0).normal(size=(6, 50, 4)).astype(np.float32)
    one = ensembles.average(logits, range(6), np.array([[0, 1, 2, 3, 4, 5]]))
    other = ensembles.average(logits, range(6), np.array([[4, 2, 5, 0, 3, 1]]))
    np.testing.assert_allclose(one, other, rtol=1e-6)


def test_prediction_by_hand():
    # Two seeds, one class: view 1 learned by both, view 2 by one of them.
    learned = np.array([[[True, True]], [[True, False]]])
    # L = 1: view 2 is missing in half of the choices; L = 2: never.
    assert ensembles.predicted_errors(learned, [1, 2]).tolist() == [0.25, 0.0]


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_prediction_is_the_mean_over_all_subsets(size):
    learned = np.random.default_rng(0).random((5, 3, 2)) < 0.4
    subsets = itertools.combinations(range(5), size)
    expected = np.mean([~learned[list(rows)].any(axis=0) for rows in subsets])
    assert ensembles.predicted_errors(learned, [size])[0] == pytest.approx(expected)


def test_an_ensemble_of_one_is_a_single_network_of_however_many_seeds():
    members = ensembles.draw_members(range(150), 1, subsets=100, rng=np.random.default_rng(0))
    assert members.ravel().tolist() == list(range(150))
