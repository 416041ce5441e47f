"""A study on pictures with two known views as a user runs it."""

import numpy as np
import pytest
import yaml
from conftest import ROOT, merge
from test_workflow import checkout, run

from multiview.store import artifacts

PRESET = ROOT / "workflow/presets/paired.yaml"
TINY = {
    "seeds": 4,
    "machine": {"seeds_per_job": 4},
    "dataset": {
        "pictures": {"train_samples": 150, "validation_samples": 60, "test_samples": 200},
        "train_samples": 100,
    },
    "network": {"channels": [4, 8], "init_scale": 1.0},
    "training": {"epochs": 3, "batch_size": 32},
    "ensembles": {"sizes": [1, 2, 4]},
    "students": {"distilled": {"teachers": 2, "students": 2}, "self_distilled": {"students": 2}},
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = checkout(tmp_path_factory.mktemp("paired"))
    raw = merge(yaml.safe_load((ROOT / "config.yaml").read_text()), yaml.safe_load(PRESET.read_text()))
    raw["studies"]["paired"] = merge(raw["studies"]["paired"], TINY)
    raw |= {"families": {}, "comparisons": {}, "evaluation": {"bootstrap": 200}, "figures": {"dpi": 60}}
    raw["studies"] = {name: raw["studies"][name] for name in ("digits", "paired")}
    (folder / "config.yaml").write_text(yaml.safe_dump(raw))
    return folder, run(folder, "results/paired/summary.md")


def table(folder, name):
    return artifacts.read(folder / f"results/paired/evaluation/{name}.parquet", name).pandas()


def test_every_predictor_has_both_errors_and_its_views(finished):
    folder, _ = finished
    scores = table(folder, "scores")
    wanted = {"single", "ensemble", "best", "distilled", "self_distilled", "ensemble_of_distilled"}
    for quantity in ("error_m", "error_s"):
        assert wanted <= set(scores.loc[scores["quantity"] == quantity, "predictor"])
    learned = table(folder, "learned")
    assert set(learned["predictor"]) == {"single", "distilled", "self_distilled"}
    assert len(learned[learned["predictor"] == "single"]) == 4 * 10 * 2
    assert learned["phi"].between(0, 1).all()


def test_statements_and_figures_are_those_of_pairs(finished):
    folder, _ = finished
    measured = set(table(folder, "measures")["claim"])
    assert {"paired_half", "paired_ensemble", "paired_distilled", "paired_self", "paired_one_view"} <= measured
    assert not any(name.startswith("image_") for name in measured)
    summary = (folder / "results/paired/summary.md").read_text()
    for name in ("pairs", "ensemble_size", "error_over_mu", "views_learned"):
        assert f"](figures/{name}.png)" in summary
        assert (folder / f"results/paired/figures/{name}.svg").stat().st_size > 4000


def test_the_error_on_d_is_put_together_from_both(finished):
    scores = table(finished[0], "scores")
    single = scores[scores["predictor"] == "single"].set_index(["quantity", "mu"])["measured"]
    mixed = 0.8 * single["error_m", 0.0] + 0.2 * single["error_s", 1.0]
    assert np.isclose(single["error", 0.2], mixed)
