"""Scores, calibration, verdicts, choice and headline of studies on images, on cases worked out by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import special

from multiview import config
from multiview.claims import claim, headline, pages, terms
from multiview.measure import errors, intervals
from multiview.measure.calibration import calibration_error
from multiview.measure.errors import Errors
from multiview.measure.intervals import Term
from multiview.predictors.logits import (
    Predictor,
    copies_table,
    log_softmax,
    negative_log_likelihood,
    read_copies,
)
from multiview.store import artifacts
from multiview.training import objective_grid

SETTINGS = config.Evaluation(bootstrap=500, seed=0, learned_ratio=0.3, mus=[0.1])
LABEL = np.array([0, 1, 2, 0, 1, 2])


def measured_on_test(predictor, size, n_seeds, pool, wrong, nll, confidence):
    return Errors(predictor, size, n_seeds, {"test": wrong}, pool, {"test": nll}, {"test": confidence})


def says(*rows, sure=3.0):
    """Logits of networks that name these classes."""
    return np.eye(3, dtype=np.float32)[np.array(rows)] * sure


def predictor(logits, first=0):
    return Predictor(list(range(first, first + len(logits))), {"test": logits})


ALIKE = {"teacher": "single", "start": "scratch", "objective": {"kind": "hinton"}}
ROLES = {
    "distilled": ALIKE | {"teacher_size": 2, "teachers": {"5": [0, 1]}},
    "self_distilled": ALIKE | {"teacher_size": 1, "teachers": {"5": [0]}},
}


def study():
    # Two networks, each wrong where the other is right: their average, sure where they are, is right on 5 of 6.
    single = says([0, 1, 2, 0, 0, 0], [1, 1, 2, 0, 1, 0])
    single[0, 4], single[1, 0] = [1, 0.9, 0], [0.9, 1, 0]
    said = {
        "single": predictor(single),
        "distilled": predictor(says([0, 1, 2, 0, 1, 0]), first=5),
        "self_distilled": predictor(says([1, 1, 2, 0, 0, 0]), first=5),
        "joint": predictor(says([0, 0, 2, 0, 0, 0])),
    }
    members = {1: np.array([[0], [1]]), 2: np.array([[0, 1]])}
    return errors.measure({"test": LABEL}, said, members, ROLES, 20), said


def test_every_predictor_is_measured():
    measured, _ = study()
    found = {(one.predictor, one.size): one.wrong["test"].mean() * 6 for one in measured}
    assert found == pytest.approx(
        {
            ("single", 1): 2,
            ("ensemble", 1): 2,
            ("ensemble", 2): 1,
            ("best", 2): 2,
            ("teacher_of_distilled", 2): 1,
            ("distilled", 1): 1,
            ("self_distilled", 1): 3,
            ("joint", 1): 3,
        }
    )


def test_scores_of_a_case_by_hand():
    measured, _ = study()
    table = errors.score_table("digits", measured, SETTINGS)
    assert set(table["quantity"]) == {"error", "accuracy", "gain", "nll", "ece"}
    found = table.set_index(["predictor", "size", "quantity"])["measured"]
    assert found["ensemble", 2, "accuracy"] == pytest.approx(5 / 6)
    assert found["ensemble", 2, "gain"] == pytest.approx(1 / 6)
    assert found["distilled", 1, "gain"] == pytest.approx(1 / 6)
    log_p = np.log(np.exp(3) / (np.exp(3) + 2))
    assert found["distilled", 1, "nll"] == pytest.approx(-(5 * log_p + log_p - 3) / 6, rel=1e-6)
    assert (table["low"] <= table["measured"] + 1e-9).all() and (table["measured"] <= table["high"] + 1e-9).all()


def test_the_table_says_where_the_seeds_are_taken_as_given():
    rng = np.random.default_rng(0)
    zeros = np.zeros((6, 300), np.float32)
    measured = [
        measured_on_test(name, size, 6, "single", rng.random((rows, 300)) < 0.2, zeros[:rows], zeros[:rows])
        for name, size, rows in (("single", 1, 6), ("ensemble", 3, 6), ("ensemble", 5, 6), ("ensemble", 6, 1))
    ]
    table = errors.score_table("x", measured, SETTINGS).set_index(["size", "quantity"])
    drawn, given = intervals.NETWORKS_AND_SAMPLES, intervals.SAMPLES
    for quantity in ("accuracy", "nll", "ece"):
        assert table.loc[[(size, quantity) for size in (1, 3, 5, 6)], "scope"].tolist() == [
            *(drawn, drawn),
            *(given, given),
        ]
    assert table.loc[(6, "accuracy"), "interval"] == intervals.EXACT
    assert table.loc[(6, "ece"), "interval"] == "basic bootstrap"


def test_a_gain_is_paired():
    # Both err on the very same half of the images: the difference is known better than the accuracies are.
    wrong = np.tile(np.arange(200) % 2 == 0, (3, 1))
    zeros = np.zeros(wrong.shape, np.float32)
    both = [measured_on_test(name, 1, 3, name, wrong, zeros, zeros + 0.5) for name in ("single", "distilled")]
    table = errors.score_table("x", both, SETTINGS).set_index(["predictor", "quantity"])
    end = intervals.exact_interval(0, 200)[1]
    assert table.loc[("distilled", "gain"), ["low", "high"]].tolist() == pytest.approx([-end, end])
    assert table.loc[("distilled", "accuracy"), "high"] - table.loc[("distilled", "accuracy"), "low"] > 0.1


def test_calibration_error_by_hand():
    # Bins of width 1/15: two samples at .95 (one right), two at .55 (both right).
    confidence = np.array([[0.95, 0.95, 0.55, 0.55]], np.float32)
    wrong = np.array([[True, False, False, False]])
    found = calibration_error(Term(1.0, wrong), confidence, SETTINGS)
    assert found.measured == pytest.approx((abs(0.95 + 0.95 - 1) + abs(0.55 + 0.55 - 2)) / 4)
    assert 0 <= found.low <= found.measured <= found.high


def test_the_interval_of_the_calibration_error_covers_a_calibrated_network():
    # Right with the probability that it says: its ECE is noise alone, which a plain bootstrap would double.
    rng, covered = np.random.default_rng(1), 0
    for _ in range(60):
        confidence = rng.uniform(0.3, 1, (1, 2000)).astype(np.float32)
        found = calibration_error(Term(1.0, rng.random((1, 2000)) > confidence), confidence, SETTINGS)
        assert found.low <= found.measured <= found.high
        covered += found.low == 0
    assert covered >= 55


def test_the_interval_of_the_calibration_error_covers_an_overconfident_network():
    # Right 0.1 less often than it says: the error is 0.1.
    rng, covered = np.random.default_rng(2), 0
    for _ in range(60):
        confidence = rng.uniform(0.5, 0.9, (1, 2000)).astype(np.float32)
        wrong = rng.random((1, 2000)) > confidence - 0.1
        found = calibration_error(Term(1.0, wrong), confidence, SETTINGS)
        covered += found.low <= 0.1 <= found.high
    assert covered >= 53


def test_agreement_counts_answers_and_common_errors():
    _, said = study()
    table = errors.agreement(said["single"], "test", LABEL).set_index(["seed", "other"])
    assert table.loc[(0, 0), "same"] == 1
    assert table.loc[(0, 1), "same"] == pytest.approx(4 / 6)
    assert table.loc[(0, 1), "both_wrong"] == pytest.approx(1 / 6)
    assert table.loc[(1, 0)].tolist() == table.loc[(0, 1)].tolist()


def test_statements_say_what_each_difference_is():
    measured, _ = study()
    observed = terms.Observed(
        "digits",
        measured,
        main="error",
        training_accuracy=dict.fromkeys(["single", *ROLES], np.ones(2)) | {"joint": np.array([0.9])},
        more_training="training.epochs",
        roles=ROLES,
        networks=2,
    )
    table = terms.measure(observed, claim.lists()["images"])
    table = table[table["confidence"] == 0.95].set_index(["predictor", "claim"])
    expected = {
        ("ensemble", "image_ensemble"): 1 / 6,
        ("ensemble", "image_not_best"): 1 / 6,
        ("distilled", "image_distilled"): 1 / 6,
        ("self_distilled", "image_self"): -1 / 6,
        ("self_distilled", "image_self_below"): 2 / 6,
        ("joint", "image_joint"): 2 / 6,
    }
    assert table["measured"].to_dict() == pytest.approx(expected)
    assert table.loc[("joint", "image_joint"), "training_accuracy"] == 0.9  # the averages' own
    assert table.loc[("ensemble", "image_ensemble"), "training_accuracy"] == 1
    assert table.loc[("joint", "image_joint"), "runs"] == 1


def test_the_best_network_is_held_against_an_ensemble_of_as_many():
    _, predictors = study()
    # One network more, never right and sure of it: the ensemble of all three is never right either.
    wrong = says((LABEL + 1) % 3, sure=9.0)
    single = predictor(np.concatenate([predictors["single"].logits["test"], wrong]))
    members = {2: np.array([[0, 1]]), 3: np.array([[0, 1, 2]])}
    measured = errors.measure({"test": LABEL}, {"single": single}, members, {}, 2)
    observed = terms.Observed("digits", measured, "error", {"single": np.ones(3)}, "training.epochs")
    table = terms.measure(observed, claim.lists()["images"])
    row = table[(table["claim"] == "image_not_best") & (table["confidence"] == 0.95)].squeeze()
    assert row["size"] == 2 and row["measured"] == pytest.approx(1 / 6)


def test_likelihood_by_hand_and_for_large_logits():
    logits = np.array([[0.0, np.log(3.0)], [1000.0, 0.0]])
    assert negative_log_likelihood(logits, np.array([0, 1])) == pytest.approx([np.log(4), 1000])


def test_log_softmax_is_that_of_scipy_for_ties_and_logits_of_any_size():
    logits = np.array([[2, 2, 1], [-np.inf, 0, 3], [1e4, -1e4, 1e4 - 1], [0, 0, 0]], np.float32)
    np.testing.assert_allclose(log_softmax(logits), special.log_softmax(logits.astype(float), axis=1), rtol=1e-14)


def test_the_pair_of_the_best_validation_accuracy_is_chosen():
    trials = pd.DataFrame(
        [
            (0.5, 1.0, 10, 0.90, 0.30),
            (0.5, 1.0, 11, 0.94, 0.30),
            (0.5, 4.0, 10, 0.92, 0.20),
            (0.5, 4.0, 11, 0.92, 0.20),
            (0.9, 4.0, 10, 0.91, 0.10),
            (0.9, 4.0, 11, 0.91, 0.10),
        ],
        columns=["alpha", "temperature", "seed", "accuracy", "nll"],
    )
    for order in (trials, trials[::-1]):
        table = objective_grid.choose(order)
        chosen = table[table["chosen"]]
        # Two pairs have .92: the lower NLL decides.
        assert chosen[["alpha", "temperature"]].values.tolist() == [[0.5, 4.0]]
        assert table["n_seeds"].tolist() == [2, 2, 2]


def test_headline_has_the_papers_layout():
    measured, _ = study()
    scores = {"digits": errors.score_table("digits", measured, SETTINGS)}
    spreads = errors.spreads(measured)
    assert spreads == {"single": 0}  # both err twice; an ensemble has no spread over seeds
    table = headline.table(scores, {"digits": spreads | {"single": 0.012}})
    assert set(table["predictor"]) == {"single", "ensemble", "distilled", "self_distilled", "joint"}
    text = pages.markdown(*headline.cells(table)).splitlines()
    assert text[0] == "| test accuracy in % | digits | paper, CIFAR-10 | paper, CIFAR-100 |"
    assert text[2].startswith("| single model | 66.67 ± 1.20 [")
    assert text[2].endswith("| 96.70 ± 0.21 | 81.51 ± 0.16 |")
    assert text[3].startswith("| ensemble of L (paper: 10) | 83.33, L = 2 [")
    assert text[3].endswith("| 97.20 | 84.69 |")


def test_copies_come_back_by_member(tmp_path):
    logits = np.random.default_rng(0).normal(size=(2, 3, 4, 5)).astype(np.float32)
    columns = copies_table("single", [7, 9], logits)
    artifacts.write(tmp_path / "c.parquet", "copies", columns, {"dataset": "d", "predictor": "single"})
    found = read_copies([tmp_path / "c.parquet"], "d", "single")
    assert list(found) == [7, 9]
    assert (found[7] == logits[0]).all() and (found[9] == logits[1]).all()
    with pytest.raises(artifacts.ArtifactError, match="whose dataset is 'other'"):
        read_copies([tmp_path / "c.parquet"], "other", "single")
