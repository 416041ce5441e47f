"""Scores of every predictor, the lottery, what is learned, dark knowledge, and verdicts."""

import numpy as np
import pandas as pd
import pytest

from multiview import config
from multiview.claims import terms
from multiview.claims.claim import lists
from multiview.measure import dark_knowledge, intervals
from multiview.measure.errors import Errors, measure, score_table
from multiview.measure.views import last_step, learned_table, lottery_table, shares
from multiview.predictors.logits import Predictor
from multiview.store import artifacts


@pytest.fixture
def settings(tiny):
    return config.load(tiny).evaluation


def score_rows(multi, single, settings, size=1, n_seeds=None):
    """The score table of a predictor with these errors."""
    wrong = {"test_multi": multi, "test_single": single}
    none = {split: np.zeros(table.shape, np.float32) for split, table in wrong.items()}
    one = Errors("single", size, n_seeds or len(single), wrong, "single", none, none)
    return score_table("x", [one], settings)


def test_seeds_are_given_where_more_than_half_of_them_form_an_ensemble(settings):
    wrong = np.random.default_rng(0).random((6, 300)) < 0.3
    scopes = {size: score_rows(wrong, wrong, settings, size, 10)["scope"].iloc[0] for size in (5, 6)}
    assert scopes == {5: intervals.NETWORKS_AND_SAMPLES, 6: intervals.SAMPLES}


def test_the_mixture_keeps_what_no_error_at_all_leaves_open(settings):
    single = np.random.default_rng(0).random((4, 80)) < 0.5
    rows = score_rows(np.zeros((4, 50), bool), single, settings).set_index(["quantity", "mu"])
    top = intervals.exact_interval(0, 50)[1]
    assert rows.loc[("error", 0.0), "high"] == pytest.approx(top)
    own = rows.loc[("error_s", 1.0)]
    # Half of each: the distances of the two upper ends are put together as those of independent numbers are.
    above = np.hypot(0.5 * top, 0.5 * (own["high"] - own["measured"]))
    assert rows.loc[("error", 0.5), "high"] == pytest.approx(0.5 * own["measured"] + above, rel=0.05)


def test_error_on_the_mixture(settings):
    rows = score_rows(np.zeros((4, 50), bool), np.random.default_rng(0).random((4, 80)) < 0.5, settings)
    error_s = rows.loc[rows["quantity"] == "error_s", "measured"].item()
    for quantity, factor in (("error", lambda mu: mu), ("error / mu", lambda mu: 1.0)):
        for row in rows[rows["quantity"] == quantity].itertuples():
            assert row.measured == pytest.approx(error_s * factor(row.mu))
            assert row.low <= row.measured <= row.high


def test_lottery_table_by_hand():
    index = {"seed": [3] * 4, "class": [0, 0, 1, 1], "view": [1, 2, 1, 2]}
    start = pd.DataFrame(index | {"lambda": [0.2, 0.3, 0.1, 0.4], "s": [4.0, 1.0, 1.0, 1.0]})
    final = pd.DataFrame(index | {"step": [9] * 4, "phi": [0.1, 2.0, 1.0, 3.0]})
    learned = learned_table({"single": final.sample(frac=1, random_state=0)}, 0.3)
    table = lottery_table(start, learned.sample(frac=1, random_state=0), q=4)
    assert table["ticket"].tolist() == pytest.approx([0.4, 0.3, 0.1, 0.4])
    assert table["predicted"].tolist() == [True, False, False, True]
    assert table["won"].tolist() == [False, True, False, True]
    assert table["learned"].tolist() == [False, True, True, True]


def test_last_step_is_each_seeds_own():
    table = pd.DataFrame({"seed": [0, 0, 1, 1, 1], "step": [0, 1, 0, 1, 2], "phi": [1, 2, 3, 4, 5]})
    assert last_step(table)["phi"].tolist() == [2, 5]


ROLES = {
    "taught": {
        "teacher": "single",
        "teacher_size": 2,
        "teachers": {"0": [1, 2], "3": [1, 2]},
        "networks": 3,
        "start": "warm",
        "objective": {
            "kind": "hinton",
            "teacher_scale": 2.0,
            "hinton": {"alpha": 1.0, "temperature": 4.0},
            "truncated": {"tau": 1.0, "strength": 1.0},
        },
    }
}


# One class. Students 0 and 3 had view 1; teacher 1 has view 2, teacher 2 has not; student 0 has taken it.
LEARNED = pd.DataFrame(
    [
        *(("single", seed, 0, view, (view == 2) == (seed == 1)) for seed in range(4) for view in (1, 2)),
        *(("taught", seed, 0, view, view == 1 or seed == 0) for seed in (0, 3) for view in (1, 2)),
    ],
    columns=["predictor", "seed", "class", "view", "learned"],
)


def predictor(members, right, label):
    """A predictor whose members say `right` ``[members, n]`` or something else, in both test splits."""
    logits = np.zeros((*np.shape(right), 3), np.float32)
    for i, j in np.ndindex(*np.shape(right)):
        logits[i, j, label[j] if right[i][j] else (label[j] + 1) % 3] = 1 + 0.1 * i
    return Predictor(members, {"test_multi": logits, "test_single": logits})


@pytest.fixture
def said():
    label = np.array([0, 1, 2, 0])
    single = [[1, 1, 0, 0], [1, 1, 1, 0], [0, 1, 1, 1], [1, 0, 0, 0]]
    taught = [[1, 1, 1, 0], [1, 0, 1, 1]]
    labels = {"test_multi": label, "test_single": label}
    return labels, {"single": predictor([0, 1, 2, 3], single, label), "taught": predictor([0, 3], taught, label)}


@pytest.mark.parametrize(
    ("best_of", "sizes", "size"),
    [(1, "234", 2), (2, "234", 2), (3, "234", 3), (20, "234", 4), (2, "14", 4), (20, "14", 4), (20, "1", 1)],
)
def test_the_best_network_is_one_of_as_many_as_the_config_says(said, best_of, sizes, size):
    every = {1: [[0], [1], [2], [3]], 2: [[0, 1]], 3: [[0, 1, 3]], 4: [[0, 1, 2, 3]]}
    members = {int(each): np.array(every[int(each)]) for each in sizes}
    measured = measure(*said, members, ROLES, best_of)
    assert [entry.size for entry in measured if entry.predictor == "best"] == [size]


def test_errors_of_every_predictor_by_hand(said):
    members = {2: np.array([[0, 3], [1, 2], [0, 2]])}
    found = {
        (one.predictor, one.size): one.wrong["test_single"].mean(axis=1).tolist()
        for one in measure(*said, members, ROLES, 20)
    }
    assert found["single", 1] == [0.5, 0.25, 0.25, 0.75]
    # Of 0 and 3 the former is better, of 1 and 2 they are equal: the first; of 0 and 2 the latter.
    assert found["best", 2] == [0.5, 0.25, 0.25]
    assert found["taught", 1] == [0.25, 0.25]
    # The later member speaks a little louder: where they disagree it wins.
    assert found["teacher_of_taught", 2] == [0.25]
    assert found["ensemble_of_taught", 2] == [0.25]
    assert len(found["ensemble", 2]) == 3


LOTTERY_TABLE = pd.DataFrame(
    {"seed": [0, 1], "class": [0, 0], "view": [1, 1], "won": [True, True], "predicted": [True, False]}
)


def measured(said, roles):
    """The table of measures, of the least confidence, by predictor and statement."""
    labels, predictors = said
    observed = terms.Observed(
        "theory",
        measure(labels, predictors, {2: np.array([[0, 3], [1, 2]])}, roles, 20),
        main="error_s",
        training_accuracy=dict.fromkeys(roles, np.array([1.0, 0.9])) | {"single": np.ones(4)},
        more_training="training.max_steps",
        shares=shares(LEARNED, {"taught": roles["taught"]}, LOTTERY_TABLE),
        roles=roles,
    )
    table = terms.measure(observed, lists()["theorems"])
    return table[table["confidence"] == 0.95].set_index(["predictor", "claim"])


def test_what_statements_on_students_are_about(said):
    found = measured(said, ROLES)
    assert found.loc[("taught", "student_fit"), "measured"] == 0.9
    assert found.loc[("taught", "distilled"), "measured"] == 0.25
    assert found.loc[("taught", "distilled"), "scope"] == "networks and samples, one teacher"
    # The premise is about the students as well, of whom one fits 0.9 of its training set.
    assert found.loc[("taught", "distilled"), "training_accuracy"] == pytest.approx(0.95)
    assert found.loc[("single", "multi"), "training_accuracy"] == 1
    assert ("taught", "self_gains") not in found.index
    # Two students and one ensemble of both: nothing is said of others.
    assert found.loc[("taught", "ensemble_adds"), "scope"] == intervals.SAMPLES
    alone = {"taught": ROLES["taught"] | {"teacher_size": 1, "teachers": {"0": [1], "3": [2]}}}
    found = measured(said, alone)
    assert found.loc[("taught", "self_gains"), "measured"] == pytest.approx(0.4375 - 0.25)
    assert found.loc[("taught", "self"), "scope"] == intervals.NETWORKS_AND_SAMPLES
    assert ("taught", "distilled") not in found.index
    assert found.loc[("taught", "self_takes"), "measured"] == 1
    assert found.loc[("taught", "self_keeps"), "measured"] == 1
    assert found.loc[("single", "lottery"), "measured"] == 0.5
    assert found.loc[("single", "lottery"), "scope"] == intervals.NETWORKS


def test_students_are_held_against_those_of_their_objective_and_start(said):
    labels, predictors = said
    taught, hinton = predictors["taught"], ROLES["taught"]
    alone = hinton | {"teacher_size": 1, "teachers": {"0": [1], "3": [2]}}
    roles = {
        "taught": hinton,
        "truncated": hinton | {"objective": hinton["objective"] | {"kind": "truncated"}},
        "scratch": hinton | {"start": "scratch"},
        "part": hinton | {"intervention": "own_class"},
        "alone": alone,
        "alone_scratch": alone | {"start": "scratch"},
    }
    found = measured((labels, predictors | dict.fromkeys(roles, taught)), roles)
    below = found.xs("self_below", level="claim")["other"]
    assert below.to_dict() == {"alone": "taught", "alone_scratch": "scratch"}
    for claim in ("student_fit", "student_multi"):
        assert set(found.xs(claim, level="claim").index) == roles.keys() - {"part"}


def test_learned_table_by_hand():
    index = {"seed": [3] * 4, "class": [0, 0, 1, 1], "view": [1, 2, 1, 2], "step": [9] * 4}
    table = learned_table({"single": pd.DataFrame(index | {"phi": [0.1, 2.0, 1.0, 3.0]})}, 0.3)
    assert table["learned"].tolist() == [False, True, True, True]
    assert set(table["predictor"]) == {"single"}


def test_soft_labels_by_hand():
    objective = ROLES["taught"]["objective"]
    soft = dark_knowledge.soft_labels(np.array([2 * np.log(3), 0.0]), objective, scale=2.0)
    np.testing.assert_allclose(soft, [0.75, 0.25])
    cut = dark_knowledge.soft_labels(np.array([5.0, 0.0]), objective | {"kind": "truncated"})
    np.testing.assert_allclose(cut, np.array([np.e, 1]) / (np.e + 1))


def test_all_kinds_of_students_have_the_same_replicates_of_the_samples():
    samples = intervals.replicates(5, (0, *b"samples"), 100)
    assert samples.shape == (100, 5) and (samples.sum(axis=1) == 5).all()
    assert intervals.replicates(5, (0, *b"samples"), 100) is samples
    assert (intervals.replicates(5, (0, *b"students"), 100) != samples).any()
    with pytest.raises(ValueError, match="read-only"):
        samples[0, 0] = 1


def test_replicates_draw_with_replacement():
    counts = intervals.replicates(4, 0, 20_000)
    assert (counts.sum(axis=1) == 4).all()
    # Multinomial: a share of 1/4 each of four draws, and what one has more the others have less.
    expected = 4 * (np.eye(4) / 4 - 1 / 16)
    np.testing.assert_allclose(counts.mean(axis=0), 1, atol=0.03)
    np.testing.assert_allclose(np.cov(counts.T), expected, atol=0.03)


def test_dark_knowledge_by_hand(settings):
    """Two samples of class 0; class 1 is carried by the first one, with a view that the teacher has."""
    samples = pd.DataFrame({"split": ["test_multi"] * 2})
    patches = pd.DataFrame(
        {"split": ["test_multi"] * 3, "sample": [0, 0, 1], "class": [0, 1, 0], "view": [1, 2, 1]}
    )
    carried = dark_knowledge.carried_views(samples, patches, 2)
    assert carried[:, 1].tolist() == [[False, True], [False, False]]
    logits = np.array([[[np.log(4), np.log(2)], [np.log(4), 0.0]]], np.float32)
    predictors = {
        "single": Predictor([7, 8], {"test_multi": np.concatenate([logits, logits])}),
        "taught": Predictor([8], {"test_multi": logits}),
    }
    objective = ROLES["taught"]["objective"] | {"teacher_scale": 4.0}
    role = ROLES["taught"] | {
        "teacher_size": 1,
        "teachers": {"8": [7]},
        "objective": objective,
        "start": "scratch",
    }
    learned = pd.DataFrame(
        {
            "predictor": ["single"] * 4,
            "seed": [7] * 4,
            "class": [0, 0, 1, 1],
            "view": [1, 2, 1, 2],
            "phi": [3.0, 0.0, 0.0, 2.0],
        }
    )
    table = dark_knowledge.table("taught", role, predictors, learned, carried, np.array([0, 0]), settings)
    table = table.set_index(["role", "carried_learned", "carried_not_learned"])
    # At scale 4 and T = 4 the teacher's soft labels are (4, 2) / 6 and (4, 1) / 5.
    assert table.loc[("teacher", 0, 0), "soft_label"] == pytest.approx(1 / 5)
    assert table.loc[("teacher", 1, 0), "soft_label"] == pytest.approx(1 / 3)
    assert table.loc[("teacher", 1, 0), "excess"] == pytest.approx(2 / 3)
    assert set(table.index.get_level_values("role")) == {"teacher", "student"}
    assert set(table["n_cells"]) == {1}
    # Where each sample has a view of each class there is nothing to hold soft labels against.
    every = np.ones_like(carried)
    table = dark_knowledge.table("taught", role, predictors, learned, every, np.array([0, 0]), settings)
    assert table.empty and list(table) == list(artifacts.KINDS["dark_knowledge"])
