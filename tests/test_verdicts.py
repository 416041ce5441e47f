"""Verdicts: what follows from an interval, a premise, few runs, many statements and several draws of the data."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from multiview import claims
from multiview.claims import terms, verdicts
from multiview.claims.claim import by_name, digest, lists, read
from multiview.measure.errors import Errors, paired
from multiview.measure.intervals import KNOWN, TRAINING_SETS


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
def test_a_verdict_follows_from_interval_and_range(low, high, expected):
    assert verdicts.verdict(low, high, 0.49, 0.51) == expected


def measured(study="x", claim="distilled", half=0.001, **changes):
    """Rows of the table of measures whose intervals grow with the confidence as a normal one's do."""
    row = {
        **{"study": study, "claim": claim, "predictor": "distilled", "other": "", "size": 1, "error": "error_s"},
        **{"n_seeds": 10, "n_samples": 4000, "runs": 10, "training_accuracy": 1.0},
        **{"more_training": "studies.x.training.max_steps", "measured": 0.005},
        **{"scope": "networks and samples", "method": "t, two sides"},
    } | changes
    wider = dict(zip(terms.TAILS, (1, 1.19, 1.31, 1.43, 1.58, 1.68, 1.78, 1.9, 1.98, 2.25), strict=True))
    center = row["measured"]
    return pd.DataFrame(
        [
            row | {"confidence": round(1 - tail, 6), "low": center - half * by, "high": center + half * by}
            for tail, by in wider.items()
        ]
    )


def judge(*tables):
    return verdicts.judge(pd.concat(tables, ignore_index=True), by_name())


def test_networks_that_do_not_fit_neither_hold_nor_fail_and_the_key_is_named():
    table = judge(measured(training_accuracy=0.55), measured(claim="self", half=0.3, training_accuracy=0.55))
    assert set(table["verdict"]) == {verdicts.NO_PREMISE}
    premise = table["premise"][0]
    assert "55.0 % of their training set" in premise and "studies.x.training.max_steps" in premise
    rows = table.to_dict("records")
    for text in (verdicts.as_text(rows), verdicts.as_markdown(rows), verdicts.tally(rows)):
        assert text.startswith("Premise not met in x: networks have 55.0 %"), text
    assert judge(measured(training_accuracy=0.995))["verdict"].tolist() == ["holds"]


def test_statements_without_that_premise_are_judged():
    table = judge(measured(claim="no_gain", training_accuracy=0.55))
    assert table["verdict"].tolist() == ["holds"]
    # That networks fit is a statement itself: it fails, and is no premise of its own.
    fit = measured(claim="fit", half=0.0, measured=0.55, training_accuracy=0.55, runs=0, method=KNOWN)
    assert judge(fit)["verdict"].tolist() == ["fails"]


def test_a_statement_on_few_runs_is_undecided():
    assert judge(measured(runs=4))["verdict"].tolist() == ["undecided"]
    assert judge(measured(runs=5))["verdict"].tolist() == ["holds"]


def test_how_sure_a_verdict_is():
    table = judge(
        measured(half=0.0030), measured(claim="self_quarter", half=0.001), measured(half=0.007, study="y")
    )
    assert table["verdict"].tolist() == ["holds", "fails", "undecided"]
    # 0.005 to 0.01 are 1.67 of its half-widths: below 1.68, that of 99.9 %.
    assert table["p_at_most"].tolist() == [0.002, 0.00001, 1.0]
    assert table["stays_decided"].tolist() == [True, True, False]


def test_holms_correction_by_hand():
    p = np.array([0.04, 0.001, 0.03, 0.012])
    # In order: .001 <= .05/4, .012 <= .05/3, .03 > .05/2; so that .04 <= .05 does not count.
    assert verdicts.holm(p).tolist() == [False, True, False, True]
    assert verdicts.holm(np.array([0.04])).tolist() == [True]


def test_many_statements_are_corrected_for_their_number():
    alone = judge(measured(half=0.0042))
    many = judge(*(measured(study=f"study{i}", half=0.0042) for i in range(30)))
    assert alone["stays_decided"].all() and (many["verdict"] == "holds").all()
    assert not many["stays_decided"].any()
    text = verdicts.tally(many.to_dict("records"))
    assert "30 hold (30 with a range of the paper's, 0 with one of ours)" in text
    assert "about 0.8 of 30 wrongly" in text and "30 of those that hold or fail" in text


def test_draws_are_studies_that_differ_in_the_seed_of_their_data():
    config = {"dataset": {"seed": 0, "k": 10}, "students": {"a": {"teachers": {"0": [1]}, "teacher": "single"}}}
    other = {"dataset": {"seed": 7, "k": 10}, "students": {"a": {"teachers": {"5": [6]}, "teacher": "single"}}}
    wider = {"dataset": {"seed": 8, "k": 12}, "students": config["students"]}
    found = {name: {"config": one, "seeds": [0, 1]} for name, one in (("a", config), ("b", other), ("c", wider))}
    assert verdicts.draws(found) == []  # two are no sample of training sets
    found["d"] = {"config": other, "seeds": [5, 6]}
    assert verdicts.draws(found | {"family": {"studies": {}}}) == [["a", "b", "d"]]
    # A draw may lack a kind of students, but has none that differs.
    found["e"] = {"config": other | {"students": {}}, "seeds": [5, 6]}
    assert verdicts.draws(found) == [["a", "b", "d", "e"]]
    warm = {"a": {"teachers": {"5": [6]}, "teacher": "single", "start": "warm"}}
    found["f"] = {"config": other | {"students": warm}, "seeds": [5, 6]}
    assert verdicts.draws(found) == [["a", "b", "d", "e"]]


def test_several_draws_are_one_verdict_on_training_sets():
    tables = [measured(study=name, measured=at) for name, at in (("a", 0.002), ("b", 0.004), ("c", 0.009))]
    alone = measured(study="a", claim="self")  # not measured on the others
    table = pd.concat([*tables, alone], ignore_index=True)
    together = verdicts.pooled(table, [["a", "b", "c"]], by_name())
    assert set(together["claim"]) == {"distilled"} and set(together["scope"]) == {TRAINING_SETS}
    (row,) = judge(together).to_dict("records")
    assert row["study"] == "a, 3 draws" and row["measured"] == pytest.approx(0.005)
    # Student's t with two degrees of freedom: each draw holds, training sets do not.
    half = 4.3027 * np.std([0.002, 0.004, 0.009], ddof=1) / np.sqrt(3)
    assert row["high"] == pytest.approx(0.005 + half, rel=1e-3) and row["low"] == 0
    assert row["verdict"] == "undecided"
    assert judge(*tables)["verdict"].tolist() == ["holds"] * 3


def test_a_change_of_words_or_range_measures_nothing_again():
    text = Path(claims.__file__).with_name("claims.yaml").read_text()
    other = text.replace("the average of L networks has at most 0.01", "so it is").replace(
        "range: [0, 0.26]", "range: [0, 0.3]"
    )
    assert other != text
    for kind in lists():
        assert digest(kind, read(other)) == digest(kind)
    measured_otherwise = read(text.replace('{"{}": 1, "ensemble_of_{}": -1}', '{"{}": 1}'))
    assert digest("theorems", measured_otherwise) != digest("theorems")
    assert digest("images", measured_otherwise) == digest("images")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("fit:\n    part: Theorem 1\n", "fit:\n"), r"fit\.part\n +Field required"),
        (("of: error_m", "mean_of: error_m"), r"multi\.mean_of\n +Extra inputs are not permitted"),
        (("range: [0.49, 0.51]", "range: [0.51, 0.49]"), r"half\n.*range: expected its lower end first"),
        (
            ("students: taught by students", "students: some"),
            r"generation\.students\.(.|\n)*input_value='some'",
        ),
        (("  image_self:", "  self:"), "self: two statements have this name"),
    ],
)
def test_a_statement_that_is_wrong_is_named(change, message):
    text = Path(claims.__file__).with_name("claims.yaml").read_text()
    assert change[0] in text
    with pytest.raises(ValueError, match=message):
        read(text.replace(*change, 1))


def test_new_statements_on_a_share_and_on_a_ratio_need_an_entry_only():
    """As CONTRIBUTING says: a share of each student under a name, an error against half of another."""
    text = """
theorems:
  union:
    part: Theorem 4
    about: "{}"
    quantity: views of either
    words: it has the views of both
    range: [0.9, 1]
    terms: {"{}": 1}
    of: views of either learned
    students: taught by one network
  halved:
    part: ours
    about: "{}"
    quantity: error_s minus half of self's
    words: at most half
    range: [-1, 0]
    terms: {"{}": 1, self: -0.5}
    students: [blinded, not_there]
  blind:
    part: ours
    about: "{}"
    quantity: error_s
    words: it learns nothing
    range: [0.4, 0.6]
    terms: {"{}": 1}
    students: with an intervention
"""
    wrong = {
        name: np.random.default_rng(0).random((6, 400)) < rate for name, rate in (("self", 0.2), ("blinded", 0.5))
    }
    wrong["single"] = wrong["blinded"]
    errors = [Errors(name, 1, 6, {"test_single": table}, name) for name, table in wrong.items()]
    roles = {
        "self": {"teacher": "single", "teacher_size": 1},
        "blinded": {"teacher": "single", "teacher_size": 9, "intervention": "own class"},
    }
    shares = {("self", "views of either learned"): (np.array([5, 4, 5, 5, 5, 5]), np.full(6, 5))}
    fitted = dict.fromkeys(["single", *roles], np.ones(6))
    observed = terms.Observed("x", errors, "error_s", fitted, "k", shares, roles)
    own = read(text)["theorems"]
    table = verdicts.judge(terms.measure(observed, own), {claim.name: claim for claim in own})
    assert table["predictor"].tolist() == ["self", "blinded", "blinded"]
    expected = [29 / 30, wrong["blinded"].mean() - wrong["self"].mean() / 2, wrong["blinded"].mean()]
    assert table["measured"].tolist() == pytest.approx(expected)
    assert table["verdict"].tolist() == ["undecided", "fails", "holds"]
    assert table["scope"].tolist()[0] == "networks" and table["scope"].tolist()[2].endswith("one teacher")


def test_a_paired_statement_is_on_the_same_networks_row_for_row():
    """Single networks that differ, and students that gain the same each: the gain is known, the errors are not."""
    draw = np.random.default_rng(1)
    single = draw.random((12, 4000)) < np.linspace(0.3, 0.7, 12)[:, None]
    student = single & (draw.random((12, 4000)) < 0.5)
    errors = [
        Errors("single", 1, 12, {"test_single": single}, "single", members=tuple(range(12))),
        Errors("taught", 1, 4, {"test_single": student[[9, 2, 1, 0]]}, "taught", members=(9, 2, 1, 0)),
    ]
    claim = """
theorems:
  gain:
    part: ours
    about: taught
    quantity: half of single's error minus its
    words: it halves the error
    range: [-0.1, 0.1]
    terms: {single: 0.5, taught: -1}
"""
    (loose,), (pair,) = (read(text)["theorems"] for text in (claim, claim + "    paired: true\n"))
    observed = terms.Observed("x", errors, "error_s", {"single": np.ones(12), "taught": np.ones(4)}, "k")
    first, second = (terms.measure(observed, [one]).query("confidence == 0.95").iloc[0] for one in (loose, pair))
    chosen = [0, 1, 2, 9]
    assert second["measured"] == pytest.approx(single[chosen].mean() / 2 - student[chosen].mean())
    assert first["measured"] == pytest.approx(single.mean() / 2 - student[chosen].mean())
    assert second["high"] - second["low"] < 0.2 * (first["high"] - first["low"])
    assert second["low"] < 0 < second["high"]
    with pytest.raises(ValueError, match="single, taught: expected networks with the same seeds"):
        paired({one.predictor: one for one in (replace(errors[0], members=(20,)), errors[1])}, "x")
