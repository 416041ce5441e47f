"""Agreement with teachers, and averages of probabilities beside averages of logits, by hand."""

import numpy as np
import pytest

from multiview.measure import fidelity
from multiview.predictors.logits import Predictor

SPLIT = np.array(["train"] * 2 + ["test"] * 4)
LABEL = np.array([0, 1, 0, 1, 1, 0])


def predictor(members, *classes):
    """Networks that name these classes of all samples."""
    logits = 3 * np.eye(2, dtype=np.float32)[np.array(classes)]
    return Predictor(members, {name: logits[:, name == SPLIT] for name in ("train", "test")})


def test_agreement_is_with_a_students_own_teacher():
    predictors = {
        "single": predictor([0, 1], [0, 1, 0, 1, 1, 0], [1, 1, 1, 1, 1, 1]),
        "copies": predictor([5, 6], [0, 1, 0, 1, 1, 1], [1, 1, 1, 1, 1, 1]),
    }
    roles = {"copies": {"teacher": "single", "teacher_size": 1, "teachers": {"5": [0], "6": [1]}}}
    table = fidelity.with_teachers(predictors, roles, SPLIT, LABEL).set_index(["predictor", "split"])
    assert table.loc[("copies", "train"), "agreement"] == 1
    assert table.loc[("copies", "train"), "accuracy"] == 3 / 4
    assert table.loc[("copies", "test"), "agreement"] == 7 / 8
    assert table.loc[("copies", "test"), "accuracy"] == pytest.approx((3 + 2) / 8)
    assert (table["low"] < 1).all() and (table["low"] <= table["agreement"]).all()
    swapped = {"copies": roles["copies"] | {"teachers": {"5": [1], "6": [0]}}}
    assert fidelity.with_teachers(predictors, swapped, SPLIT, LABEL)["agreement"].tolist() == [1 / 2, 5 / 8]


def test_a_loud_network_outvotes_two_in_logits_and_not_in_probabilities():
    one = predictor([0, 1, 2], [0] * 6, [0] * 6, [1] * 6)
    for logits in one.logits.values():
        logits[2] *= 10
    table = fidelity.of_averages(one, {1: np.array([[0], [1], [2]]), 3: np.array([[0, 1, 2]])}, SPLIT, LABEL)
    table = table.set_index("size")
    assert table.loc[1, ["of_logits", "of_probabilities", "difference"]].tolist() == [0.5, 0.5, 0]
    # Logits average to class 1, probabilities to class 0; of the four test samples two are of each.
    one.logits["test"][:, 3] = 0  # and one sample is named 0 by both
    table = fidelity.of_averages(one, {3: np.array([[0, 1, 2]])}, SPLIT, LABEL).set_index("size")
    assert table.loc[3, ["of_logits", "of_probabilities"]].tolist() == [1 / 4, 2 / 4]
    assert table.loc[3, "difference"] == 1 / 4
