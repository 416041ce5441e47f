"""Every method on every kind of study: generations and sweeps on images, families of theory, likelihoods."""

import copy

import pandas as pd
import pytest
import yaml
from conftest import ROOT, make_tiny, merge
from test_images_workflow import TINY as DIGITS
from test_workflow import checkout, run

from multiview.store import artifacts


def every_method():
    """A study on digits with a second generation, a sweep over it, and a family of two studies of theory."""
    raw = yaml.safe_load((ROOT / "config.yaml").read_text())
    tiny = make_tiny(raw)
    digits = merge(raw["studies"]["digits"], copy.deepcopy(DIGITS))
    digits["network"] = {"kind": "cnn", "channels": [4, 8]}
    digits |= {"features": None, "joint": None, "copies": 0}
    digits["distillation"]["grid"] = None
    digits["students"] = {
        "self_distilled": digits["students"]["self_distilled"],
        "later": {"teacher": "self_distilled", "students": 2},
    }
    theory = {key: value for key, value in tiny["studies"]["theory"].items() if key not in ("students", "joint")}
    rows = {"some_neurons": {}, "few_neurons": {"network": {"neurons": 3}}}
    return tiny | {
        "studies": {"digits": digits},
        "families": {"neurons": {"shows": "losses", "study": theory, "rows": rows}},
        "sweeps": {
            "images": {"label": "$N$", "points": [{"value": 120, "study": "digits", "distilled": "later"}]}
        },
    }


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = checkout(tmp_path_factory.mktemp("methods"))
    (folder / "config.yaml").write_text(yaml.safe_dump(every_method(), sort_keys=False))
    figures = ("digits/figures/generations", "neurons/figures/losses", "sweep")
    return folder, run(folder, *(f"results/{name}.svg" for name in figures), "results/verdicts.parquet")


def scores(folder, study):
    return artifacts.read(folder / f"results/{study}/evaluation/scores.parquet", "scores").pandas()


def test_generations_on_images_are_drawn_and_have_a_verdict(finished):
    folder, _ = finished
    verdicts = artifacts.read(folder / "results/verdicts.parquet", "verdicts").pandas()
    (one,) = verdicts[verdicts["predictor"] == "later"].to_dict("records")
    assert one["claim"] == "each generation gains"
    error = scores(folder, "digits").query("quantity == 'error'").set_index("predictor")["measured"]
    assert one["measured"] == pytest.approx(error["self_distilled"] - error["later"])
    assert (folder / "results/digits/figures/generations.svg").stat().st_size > 4000


def test_a_sweep_may_be_of_images(finished):
    folder, _ = finished
    table = pd.read_csv(folder / "results/sweep.csv").set_index("quantity")["measured"]
    error = scores(folder, "digits").query("quantity == 'error'").sort_values("size")
    error = error.groupby("predictor").last()["measured"]
    shown = {"single": "single", "ensemble": "ensemble", "distilled": "later", "self_distilled": "self_distilled"}
    assert table.to_dict() == pytest.approx({name: error[of] for name, of in shown.items()})  # no ties: no views


def test_studies_of_theory_make_a_family(finished):
    folder, _ = finished
    losses = artifacts.read(folder / "results/neurons/evaluation/losses.parquet", "losses").pandas()
    losses = losses.set_index(["row", "predictor"])
    for row in ("some_neurons", "few_neurons"):
        own = scores(folder, f"neurons/{row}").query("quantity == 'error_s'")
        single = own[own["predictor"] == "single"]["measured"].item()
        assert losses.loc[(row, "single"), "error"] == pytest.approx(single)


def test_every_study_has_likelihoods_and_calibration(finished):
    folder, _ = finished
    assert {"nll", "ece", "gain"} <= set(scores(folder, "digits")["quantity"])
    theory = scores(folder, "neurons/few_neurons")
    assert {f"{name}_{kind}" for name in ("nll", "ece", "gain") for kind in "ms"} <= set(theory["quantity"])
    assert (theory["low"] <= theory["measured"] + 1e-9).all() and (
        theory["measured"] <= theory["high"] + 1e-9
    ).all()
