"""The contrasts as a user runs them: tiny studies from config to figures."""

import copy

import browser
import pytest
import yaml
from conftest import ROOT, make_tiny, merge
from test_images_workflow import TINY as DIGITS
from test_workflow import checkout, run

from multiview.store import artifacts

SMALL = {"seeds": 2, "machine": {"seeds_per_job": 2}, "ensembles": {"sizes": [1, 2]}}
QUICK = {"epochs": 2, "batch_size": 32}
JOINT = {"joint": {"networks": 2, "runs": 1}}


def tiny_contrasts():
    """The default config with a cell or two of each contrast, made small."""
    raw = yaml.safe_load((ROOT / "config.yaml").read_text())
    studies, families = raw["studies"], raw["families"]
    tiny = make_tiny(raw)
    theory = tiny["studies"]["theory"] | JOINT
    linearised = {
        "based_on": "theory",
        "network": studies["theory_linearised"]["network"],
        "training": studies["theory_linearised"]["training"] | {"max_steps": 30},
        "students": {"distilled": {}},
        "distillation": {"start": "scratch"},
    }
    digits = merge(studies["digits"], copy.deepcopy(DIGITS))
    digits["network"] = {"kind": "wide_resnet", "depth": 10, "width": 1}
    digits["students"]["self_distilled"] = None
    random = {"based_on": "digits", "network": {"regime": "random_features"}, "features": None}
    gaussian, layers = families["gaussian"], families["layers"]
    gaussian["study"] = merge(gaussian["study"], SMALL | {"training": QUICK})
    gaussian["study"]["dataset"] |= {"train_samples": 64, "validation_samples": 10, "test_samples": 100}
    gaussian["rows"] = {name: gaussian["rows"][name] for name in ("mixture_cnn",)}
    gaussian["columns"] = {name: gaussian["columns"][name] for name in ("linear", "cnn")}
    layers["study"] = merge(layers["study"], SMALL | {"training": QUICK})
    layers["rows"] = {name: layers["rows"][name] for name in ("all", "half_of_the_channels")}
    comparisons = {
        "features_in_theory": {"title": "multi-view data", "studies": {"theory": "a", "theory_linearised": "b"}},
        "features_on_digits": {"title": "digits", "studies": {"digits": "a", "digits_random_features": "b"}},
    }
    studies = {
        "theory": theory,
        "theory_linearised": linearised,
        "digits": digits,
        "digits_random_features": random,
    }
    return tiny | {"studies": studies, "families": families, "comparisons": comparisons}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = checkout(tmp_path_factory.mktemp("contrasts"))
    (folder / "config.yaml").write_text(yaml.safe_dump(tiny_contrasts(), sort_keys=False))
    return folder, run(folder, "contrasts", "results/verdicts.parquet")


def test_the_target_makes_every_contrast(finished):
    folder, output = finished
    figures = [
        "gaussian/figures/gains",
        "layers/figures/losses",
        "comparisons/features_in_theory",
        "comparisons/features_on_digits",
        "theory_linearised/figures/outcome",
    ]
    for name in figures:
        for kind in ("svg", "png"):
            assert (folder / f"results/{name}.{kind}").stat().st_size > 4000, name
        assert len((folder / f"results/{name}.csv").read_text().splitlines()) > 1, name
    gains = artifacts.read(folder / "results/gaussian/evaluation/gains.parquet", "gains").pandas()
    cells = [(row, column) for row in ("mixture_cnn",) for column in ("linear", "cnn")]
    assert list(zip(gains["row"], gains["column"], strict=True)) == [
        *cells,
        ("beside", "theory"),
        ("beside", "digits"),
    ]
    losses = artifacts.read(folder / "results/layers/evaluation/losses.parquet", "losses").pandas()
    assert losses["row"].tolist() == ["all"] * 2 + ["half_of_the_channels"] * 2
    assert "Gaussian-like data: the average gains nothing" in output
    assert "single's loss of accuracy minus its, half of the channels, L = 2" in output
    assert "Nothing to be done" in run(folder, "contrasts")


def test_each_study_is_held_against_what_the_paper_says_of_its_kind(finished):
    folder, _ = finished
    table = artifacts.read(folder / "results/verdicts.parquet", "verdicts").pandas()
    by_study = table.groupby("study")["predictor"].agg(list)
    for study in ("theory_linearised", "digits_random_features"):
        assert by_study[study] == ["ensemble", "distilled", "joint"]
    assert by_study["gaussian/mixture_cnn/cnn"] == ["ensemble"]
    assert by_study["layers"] == ["ensemble", "ensemble"]  # that it loses less, and by a point
    assert "premise" in table
    assert "joint" in by_study["theory"]


def test_members_of_an_average_are_measured_one_by_one(finished):
    folder, _ = finished
    learned = artifacts.read(folder / "results/theory/evaluation/learned.parquet", "learned").pandas()
    counts = learned.groupby("predictor")["seed"].nunique()
    assert counts["joint"] == 1 and counts["member_of_joint"] == 2


def test_a_layer_is_a_dataset_with_the_splits_of_the_images(finished):
    folder, _ = finished
    whole, half = (
        artifacts.read(folder / f"results/layers/{row}/dataset/inputs.parquet", "inputs")
        for row in ("all", "half_of_the_channels")
    )
    images = artifacts.read(folder / "results/digits/dataset/samples.parquet", "samples")
    samples = artifacts.read(folder / "results/layers/all/dataset/samples.parquet", "samples")
    assert samples.table.equals(images.table)
    assert whole.provenance["shape"] == [16, 8, 8] and half.provenance["shape"] == [8, 8, 8]
    assert whole.provenance["of"] == images.provenance["dataset"]


def test_the_contrasts_are_in_the_report(finished, tmp_path):
    folder, _ = finished
    run(folder, "--report", str(tmp_path / "report.html"), "contrasts", "results/verdicts.parquet")
    seen = {one["path"] for one in browser.check(tmp_path / "report.html", tmp_path)["seen"]}
    assert {"results/gaussian/figures/gains.svg", "results/layers/figures/losses.svg"} < seen
    assert "results/comparisons/features_on_digits.svg" in seen


def test_what_is_no_contrast_is_left_to_the_other_targets(finished):
    folder, _ = finished
    assert not (folder / "results/digits/summary.md").exists()
    output = run(folder, "-n", "images", "theory")
    assert "results/digits/summary.md" in output and "results/digits_random_features" not in output
