"""The plan: which job makes which file, and who teaches whom."""

import copy
from collections import Counter

import pytest
from conftest import ROOT, make_tiny
from test_contrasts_workflow import tiny_contrasts

from multiview import config
from multiview.figures import registry
from multiview.plan import Plan


@pytest.fixture(scope="module")
def contrasts():
    """The plan of a few studies of each kind."""
    return Plan(config.load(tiny_contrasts()))


@pytest.fixture
def planned(default):
    """Of four single networks in two jobs, and students of several kinds."""
    students = {
        "later": {"teacher": "self_distilled", "students": 1, "start": "scratch"},
        "scratch": {"teachers": 2, "students": 2, "start": "scratch"},
        "own": {"students": 2, "soft_labels": "own_class"},
    }
    raw = make_tiny(default, studies={"theory": {"students": students, "joint": {"networks": 2, "runs": 1}}})
    return Plan(config.load(copy.deepcopy(raw)))


def test_a_chunk_of_seeds_is_a_file(planned):
    folder = "results/theory/single"
    assert planned.files("theory", "single", "logits") == [
        f"{folder}/seeds_0-1/logits.parquet",
        f"{folder}/seeds_2-3/logits.parquet",
    ]
    assert planned.files("theory", "single", "networks", [3]) == [f"{folder}/seeds_2-3/networks.pt"]
    assert planned.files("theory", "single", "logits", []) == []


def test_every_predictor_has_jobs_of_its_own(planned):
    names = ["single", "distilled", "later", "own", "scratch", "self_distilled", "joint"]
    assert list(planned.files_by_predictor("theory", "logits")) == [f"{name}_logits" for name in names]
    joint = ["results/theory/joint/seeds_0-0/logits.parquet"]
    assert planned.files("theory", "joint", "logits") == joint


def test_a_study_without_averages_has_no_files_of_them(default):
    planned = Plan(config.load(make_tiny(default)))
    assert planned.settings.studies["theory"].joint is None
    assert planned.files("theory", "joint", "logits") == []


def test_who_teaches_whom(planned):
    study = planned.settings.studies["theory"]
    assert study.teachers("distilled", [0, 1]) == {0: [2, 3], 1: [2, 3]}
    assert study.teachers("self_distilled", [0, 1]) == {0: [2], 1: [3]}
    assert study.teachers("later", [4]) == {4: [0]}  # behind all that its teacher learned from
    # The teacher of a later generation is a student, whose own job is asked for.
    assert planned.teacher_files("theory", "later", "logits", [4]) == [
        "results/theory/self_distilled/seeds_0-1/logits.parquet"
    ]
    assert planned.teacher_files("theory", "distilled", "logits", [0]) == [
        "results/theory/single/seeds_2-3/logits.parquet"
    ]


def test_what_students_start_from_and_need_of_their_own(planned):
    weights = ["results/theory/single/seeds_0-1/weights.parquet"]
    assert planned.start_files("theory", "distilled", "weights", [0, 1]) == weights
    assert planned.start_files("theory", "scratch", "weights", [0, 1]) == []
    assert planned.own_logits("theory", "own", [0, 1]) == ["results/theory/single/seeds_0-1/logits.parquet"]
    assert planned.own_logits("theory", "distilled", [0, 1]) == []


def test_a_grid_is_tried_before_it_is_chosen_from(contrasts):
    own = contrasts.settings.studies["digits"]
    tried = own.trials("distilled")
    files = contrasts.trial_files("digits", "distilled")
    chunks = [tuple(map(int, path.split("/")[-1].removesuffix(".parquet").split("-"))) for path in files]
    assert [number for a, b in chunks for number in range(a, b + 1)] == list(range(len(tried)))
    assert contrasts.choice_files("digits", "distilled") == ["results/digits/distilled/choice.parquet"]
    assert contrasts.choice_files("theory", "distilled") == []


def test_each_study_is_held_against_the_statements_on_its_kind(contrasts):
    kinds = {study: contrasts.claims(study) for study in contrasts.settings.named}
    assert kinds == {
        "theory": "theorems",
        "theory_linearised": "no_features",
        "digits": "images",
        "digits_random_features": "no_features",
    }
    assert contrasts.claims("gaussian/mixture_cnn/cnn") == "gaussian"


def test_families_have_their_cells_and_what_is_beside_them(contrasts):
    places = contrasts.places("gaussian")
    assert places["gaussian/mixture_cnn/linear"] == ["mixture_cnn", "linear"]
    assert places["theory"] == ["beside", "theory"]
    files = contrasts.files_of_rows("layers")
    assert [name for name in files if name.endswith("_samples")] == ["all_samples", "half_of_the_channels_samples"]


def test_what_makes_networks_fit_is_named_by_its_place_in_the_config(contrasts):
    names = ("gaussian", "gaussian/mixture_cnn/cnn", "theory", "digits")
    assert [contrasts.more_training(name) for name in names] == [
        "families.gaussian.study.training.epochs",
        "families.gaussian.study.training.epochs",
        "studies.theory.training.max_steps",
        "studies.digits.training.epochs",
    ]


def test_every_study_is_in_one_target(contrasts):
    settings = contrasts.settings
    main = contrasts.main_studies([*settings.theory, *settings.photos])
    assert sorted([*main, *contrasts.contrasting_studies()]) == sorted(settings.named)


def test_every_figure_is_drawn_once(contrasts):
    groups = contrasts.figure_groups()
    assert len({group.name for group in groups}) == len(groups)
    assert max(Counter(path for group in groups for path in group.figures).values()) == 1
    for group in groups:
        wanted = {name for figure in group.figures.values() for name in registry.FIGURES[figure].inputs}
        assert set(group.files) == wanted, group.name


def test_the_plan_of_the_default_run_needs_no_disk(default, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Plan(config.load(default)).figure_groups()
    assert not list(tmp_path.iterdir()) and tmp_path != ROOT
