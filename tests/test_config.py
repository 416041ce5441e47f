"""The default config is right, and every wrong one is refused by the name of its key."""

import copy
import subprocess
import sys

import pytest
import yaml
from conftest import ROOT, merge

from multiview import config
from multiview.config import schema

DATASET = "studies.theory.dataset"
NETWORK = "studies.theory.network"
TRAINING = "studies.theory.training"
WAY = "studies.theory.distillation"
STUDENTS = "studies.theory.students"
SELF = {"teacher": "single", "teacher_size": 1, "first_teacher": 20, "first_student": 0, "students": 5}

IMAGES = "studies.digits"

BROKEN = [
    # (path of the key that is set, its value, what the one error has to name)
    ("sedes", 3, ["sedes", "seeds"]),
    ("seeds", 0, ["seeds", "found 0", "greater than or equal to 1"]),
    ("seeds", "many", ["seeds", "'many'", "integer"]),
    ("seeds", True, ["seeds", "not true or false"]),
    ("seeds", 2.5, ["seeds", "2.5"]),
    ("first_seed", -1, ["first_seed", "-1"]),
    ("seeds_per_job", 0, ["seeds_per_job", "found 0"]),
    ("data_seed", -3, ["data_seed", "found -3"]),
    ("studies", {}, ["studies"]),
    ("studies", [1], ["studies", "mapping"]),
    ("studies.Theory study", {"based_on": "theory"}, ["studies.Theory study"]),
    ("studies.other", {"based_on": "theroy"}, ["studies.other.based_on", "theroy", "theory"]),
    ("studies.other", {"based_on": ["theory"]}, ["studies.other.based_on", "['theory']"]),
    ("studies.other", {"based_on": "other"}, ["studies.other.based_on", "circle"]),
    (f"{DATASET}.clases", 3, [f"{DATASET}.clases", "'classes'"]),
    (f"{DATASET}.kind", "multi", [f"{DATASET}.kind", "'multi'", "multiview"]),
    (f"{DATASET}.classes", 1, [f"{DATASET}.classes", "found 1"]),
    (f"{DATASET}.classes", 200, [DATASET, "dim", "400"]),
    (f"{DATASET}.dim", "wide", [f"{DATASET}.dim", "'wide'"]),
    (f"{DATASET}.views", "axis", [f"{DATASET}.views", "'axis'", "'axes' or 'random'"]),
    (f"{DATASET}.patches", 19, [DATASET, "patches", "20"]),
    (f"{DATASET}.patches_per_view", 2, [DATASET, "patches", "40"]),
    (f"{DATASET}.s", 17.0, [DATASET, "s is 17.0", "10"]),
    (f"{DATASET}.mu", 0.0001, [DATASET, "mu", "N_s"]),
    (f"{DATASET}.mu", 1.5, [f"{DATASET}.mu", "1.5"]),
    (f"{DATASET}.gamma", float("nan"), [f"{DATASET}.gamma", "nan"]),
    (f"{DATASET}.background_noise_norm", -1, [f"{DATASET}.background_noise_norm", "-1"]),
    (f"{DATASET}.z.strong", [2, 1], [f"{DATASET}.z", "strong", "lower end"]),
    (f"{DATASET}.z.own_multi", [0.5, 2], [f"{DATASET}.z", "own_multi", "1 or above"]),
    (f"{DATASET}.z.weak", [0.1, 1.0], [f"{DATASET}.z", "weak", "strong"]),
    (f"{DATASET}.z.other_multi", 0.3, [f"{DATASET}.z.other_multi", "0.3", "list"]),
    (f"{DATASET}.z.other_multi", [0.1, 0.2, 0.3], [f"{DATASET}.z.other_multi", "at most 2"]),
    (f"{NETWORK}.q", 2, [f"{NETWORK}.q", "found 2", "3"]),
    (f"{NETWORK}.init_std", 0, [f"{NETWORK}.init_std", "found 0"]),
    (f"{NETWORK}.neurons", None, [f"{NETWORK}.neurons", "None"]),
    (f"{TRAINING}.step_rule", "newton", [f"{TRAINING}.step_rule", "'newton'", "'adaptive' or 'fixed'"]),
    (f"{TRAINING}.step_size", "big", [f"{TRAINING}.step_size", "'big'"]),
    (f"{TRAINING}.max_steps", 0, [f"{TRAINING}.max_steps", "found 0"]),
    (f"{TRAINING}.learning_rate", 0.1, [f"{TRAINING}.learning_rate", "unknown key"]),
    (
        "studies.x",
        {"based_on": "theory", "network": {"regime": "linearised"}},
        ["studies.x", "training.step_rule is adaptive", "network.regime is linearised"],
    ),
    ("studies.theory.ensembles.sizes", [1, 10, 41], ["studies.theory", "ensembles.sizes", "41", "40"]),
    ("studies.theory.ensembles.sizes", [2, 2], ["studies.theory.ensembles", "once"]),
    ("studies.theory.ensembles.sizes", [], ["studies.theory.ensembles.sizes"]),
    (f"{WAY}.start", "hot", [f"{WAY}.start", "'hot'", "'warm' or 'scratch'"]),
    (f"{WAY}.objective.kind", "mse", [f"{WAY}.objective.kind", "'mse'", "'hinton' or 'truncated'"]),
    (f"{WAY}.objective.hinton.alpha", 1.5, [f"{WAY}.objective.hinton.alpha", "found 1.5"]),
    (f"{WAY}.objective.hinton.temprature", 2, [f"{WAY}.objective.hinton.temprature", "'temperature'"]),
    (f"{WAY}.objective.truncated.tau", 0, [f"{WAY}.objective.truncated.tau", "found 0"]),
    (f"{WAY}.training.max_steps", 0, [f"{WAY}.training.max_steps", "found 0"]),
    (f"{STUDENTS}.x", SELF | {"teacher": "singel"}, ["students.x.teacher", "'singel'", "single"]),
    (f"{STUDENTS}.x", SELF | {"teacher": "x"}, ["students.x.teacher", "'x'"]),
    (f"{STUDENTS}.x", SELF | {"students": 41}, ["students.x", "40", "seeds is 40"]),
    (
        f"{STUDENTS}.x",
        SELF | {"stop": "union", "start": "scratch"},
        ["students.x", "'union'", "'scratch'", "'last'"],
    ),
    (f"{STUDENTS}.x", SELF | {"soft_labels": "other"}, ["students.x.soft_labels", "'other'", "other_classes"]),
    (f"{STUDENTS}.x", SELF | {"first_teacher": 38}, ["students.x", "40 to 40", "0 to 39"]),
    (f"{STUDENTS}.x", SELF | {"first_teacher": 0}, ["students.x", "its own teacher"]),
    (f"{STUDENTS}.x", SELF | {"teacher_size": 0}, [f"{STUDENTS}.x.teacher_size", "found 0"]),
    (f"{STUDENTS}.x", SELF | {"teacher_seed": 0}, [f"{STUDENTS}.x.teacher_seed", "unknown key"]),
    (f"{STUDENTS}.best", SELF, ["students.best", "taken"]),
    ("evaluation.bootstrap", 10, ["evaluation.bootstrap", "found 10", "100"]),
    ("evaluation.mus", [0.1, 2], ["evaluation.mus.1", "found 2"]),
    (
        "sweeps.k",
        {"label": "k", "points": [{"value": 1, "study": "thery"}]},
        ["sweeps.k.points.0.study", "'thery'"],
    ),
    (
        "sweeps.k",
        {"label": "k", "points": [{"value": 1, "study": "theory", "distilled": "d"}]},
        ["points.0.distilled", "'d'"],
    ),
    (
        "sweeps.k",
        {"label": "k", "points": [{"value": 1, "study": "theory", "stud": 1}]},
        ["sweeps.k.points.0.stud", "'study'"],
    ),
    ("figures.palette", "rainbow", ["figures.palette", "'rainbow'", "colorblind"]),
    ("figures.race_seed", 99, ["figures.race_seed", "99", "theory"]),
    (f"{IMAGES}.dataset.kind", "mnist", [f"{IMAGES}.dataset.kind", "'mnist'", "fashion_mnist"]),
    (f"{IMAGES}.dataset.train_sample", 3, [f"{IMAGES}.dataset.train_sample", "'train_samples'"]),
    (f"{IMAGES}.dataset.train_samples", None, [f"{IMAGES}.dataset", "train_samples is missing"]),
    (f"{IMAGES}.dataset.path", "data", [f"{IMAGES}.dataset", "kind parquet"]),
    (f"{IMAGES}.dataset.classes", 10, [f"{IMAGES}.dataset", "classes belongs to kind parquet"]),
    (f"{IMAGES}.dataset.sha256", {"train": "0" * 64}, [f"{IMAGES}.dataset", "sha256", "hub"]),
    (
        f"{IMAGES}.dataset",
        {"kind": "parquet", "validation_samples": 5, "classes": 3},
        [f"{IMAGES}.dataset", "path is missing"],
    ),
    (f"{IMAGES}.training.batch_size", 133, [IMAGES, "training.batch_size is 133", "dataset.train_samples 400"]),
    (f"{IMAGES}.dataset.path", "data {run}", [f"{IMAGES}.dataset.path", "'data {run}'", "braces"]),
    (f"{IMAGES}.dataset.path", "$NO_SUCH/x", [f"{IMAGES}.dataset.path", "$NO_SUCH is not set"]),
    (f"{IMAGES}.network.depth", 11, [f"{IMAGES}.network", "6 n + 4"]),
    (f"{IMAGES}.network.widht", 2, [f"{IMAGES}.network.widht", "'width'"]),
    (f"{IMAGES}.network.kind", "resnet", [f"{IMAGES}.network", "'resnet'", "'wide_resnet'"]),
    (
        f"{IMAGES}.network",
        {"kind": "vgg", "channels": [8, 8], "convolutions": [1]},
        [f"{IMAGES}.network", "2 blocks, convolutions 1"],
    ),
    (f"{IMAGES}.training.momentum", 0, [f"{IMAGES}.training", "nesterov"]),
    (f"{IMAGES}.training.milestones", [0.5, 0.2], [f"{IMAGES}.training", "ascend"]),
    (f"{IMAGES}.training.step_size", 1.0, [f"{IMAGES}.training.step_size", "batch_size"]),
    (f"{IMAGES}.training.compile", "maybe", [f"{IMAGES}.training.compile", "'maybe'", "'auto'"]),
    (f"{IMAGES}.distillation.objective.kind", "truncated", [f"{IMAGES}.distillation", "set grid to null"]),
    (f"{IMAGES}.distillation.grid.alpha", [1.5], [f"{IMAGES}.distillation.grid.alpha.0", "1.5"]),
    (f"{IMAGES}.students.distilled.grid", {"students": 11}, [IMAGES, "11", "there are 10 students"]),
    (f"{IMAGES}.students.distilled.start", "warm", [IMAGES, "students.distilled", "those that start warm"]),
    (f"{IMAGES}.students.distilled.first_student", 5, [IMAGES, "own teacher"]),
    (
        f"{IMAGES}.students.distilled.training",
        {"augmentation": {"crop_padding": 0}},
        [IMAGES, "students.distilled.training.augmentation", "copies is 20"],
    ),
    (f"{IMAGES}.joint.networks", 1, [f"{IMAGES}.joint.networks", "found 1"]),
    (f"{IMAGES}.joint.training.epochs", 0, [f"{IMAGES}.joint.training.epochs", "found 0"]),
    (f"{IMAGES}.joint.networks", 6, [IMAGES, "joint.networks is 6", "ensembles.sizes"]),
    (f"{IMAGES}.features.seeds", 0, [f"{IMAGES}.features.seeds", "found 0"]),
    (f"{IMAGES}.features.classes", [3, 10], [IMAGES, "features.classes is [3, 10]", "0 to 9"]),
    (f"{IMAGES}.features.seeds", 11, [IMAGES, "features.seeds is 11", "seeds is 10"]),
    ("families.gaussian.shows", "losses", ["families.gaussian", "no columns"]),
    ("families.gaussian.beside", ["theori"], ["families.gaussian.beside", "theori", "theory"]),
    ("families.gaussian.rows", {}, ["families.gaussian.rows"]),
    ("families.gaussian.study.training.epoch", 3, ["families.gaussian", "training.epoch", "'epochs'"]),
    ("families.gaussian.study.dataset.margin", -1, ["families.gaussian", "dataset.margin", "-1"]),
    ("families.gaussian.rows.normal_mlp.dataset", {"target": "tree"}, ["normal_mlp", "dataset.target", "'tree'"]),
    ("families.layers.study.dataset.study", "theory", ["dataset.study", "'theory'", "digits"]),
    ("families.layers.study.dataset.layers", 9, ["dataset.layers", "found 9", "has 4 modules"]),
    ("families.layers.study.dataset.channels", 0, ["dataset.channels", "found 0"]),
    ("families.layers.study.dataset.kind", "layers", ["families.layers", "dataset.kind", "'layers'", "layer"]),
    ("comparisons.features_on_digits.studies", {"digit": "x"}, ["comparisons", "'digit'", "digits"]),
    (
        "comparisons.features_on_digits.studies",
        {"digits": "x", "theory": "y"},
        ["comparisons.features_on_digits.studies", "other errors"],
    ),
]


def put(raw, path, value):
    """Set the key at a dotted path."""
    *above, last = path.split(".")
    for part in above:
        raw = raw[part]
    raw[last] = value


def without_contrasts(raw):
    """Leave out the studies that are based on others."""
    raw |= {"families": None, "comparisons": None}
    raw["studies"] = {name: one for name, one in raw["studies"].items() if name in ("theory", "theory")}


@pytest.mark.parametrize(("path", "value", "named"), BROKEN, ids=[f"{p}={v}" for p, v, _ in BROKEN])
def test_broken_config_gives_one_error_that_names_the_key(default, path, value, named):
    if path == f"{STUDENTS}.x":
        without_contrasts(default)  # they would have these students too
    put(default, path, value)
    with pytest.raises(config.ConfigError) as caught:
        config.load(default)
    message = str(caught.value)
    assert len(message.splitlines()) == 1, message
    for word in named:
        assert word in message, message


def test_cells_of_families_are_studies(default):
    settings = config.load(default)
    cell = settings.studies[settings.cells("gaussian")["mixture_cnn", "mlp"]]
    assert (cell.dataset.inputs, cell.dataset.target, cell.network.kind) == ("mixture", "cnn", "mlp")
    assert cell.dataset.seed == default["data_seed"] and cell.seeds == 10
    assert "layers/all" in settings.studies and "layers/all" not in settings.named
    assert "digits" in settings.photos and "digits_linearised" not in settings.photos


def test_a_section_of_another_kind_replaces_the_one_below(default):
    default["studies"]["other"] = {"based_on": "digits", "network": {"kind": "cnn", "channels": [4]}}
    default["studies"]["cifar"] = {"based_on": "digits", "dataset": {"kind": "cifar10"}}
    default["studies"]["deeper"] = {"based_on": "digits", "network": {"kind": "wide_resnet", "depth": 16}}
    studies = config.load(default).studies
    assert studies["other"].network == config.CNN(kind="cnn", channels=[4])
    assert studies["cifar"].dataset.validation_samples == studies["digits"].dataset.validation_samples
    assert (studies["deeper"].network.depth, studies["deeper"].network.width) == (16, 1)


def test_what_is_null_is_left_out(default):
    default["families"], default["comparisons"] = None, {"features_on_digits": None, "features_in_theory": None}
    default["studies"]["digits_random_features"] = None
    settings = config.load(default)
    assert not settings.families and not settings.comparisons
    assert "digits_random_features" not in settings.studies
    assert "digits_linearised" in settings.studies


def test_missing_key_is_named(default):
    del default["studies"]["theory"]["network"]["q"]
    with pytest.raises(config.ConfigError, match=r"studies\.theory\.network\.q: this key is missing"):
        config.load(default)


def test_two_mistakes_are_both_named(default):
    default["evaluation"]["seed"] = -1
    default["figures"]["dpi"] = 1
    with pytest.raises(config.ConfigError) as caught:
        config.load(default)
    assert "evaluation.seed" in str(caught.value)
    assert "figures.dpi" in str(caught.value)


def test_values_that_the_command_line_passes_as_text(default):
    put(default, f"{NETWORK}.neurons", "7")
    assert config.load(default).studies["theory"].network.neurons == 7


def test_study_based_on_another_takes_over_all_but_its_own_keys(default):
    default["studies"]["other"] = {
        "based_on": "theory",
        "seeds": 50,
        "dataset": {"seed": 7, "z": {"weak": [0, 0.1]}},
    }
    studies = config.load(default).studies
    other, theory = studies["other"], studies["theory"]
    assert (other.seeds, other.dataset.seed, other.dataset.z.weak) == (50, 7, [0, 0.1])
    assert other.dataset.z.strong == theory.dataset.z.strong
    assert other.network == theory.network
    assert theory.dataset.seed == default["data_seed"]


def test_chunks_cover_the_seeds_once(tiny):
    tiny.update(seeds=7, first_seed=3, seeds_per_job=3)
    assert config.load(tiny).studies["theory"].chunks == [(3, 5), (6, 8), (9, 9)]


def test_canonical_text_does_not_depend_on_the_order_of_keys(default):
    other = copy.deepcopy(default)
    other["studies"]["theory"]["network"] = dict(reversed(other["studies"]["theory"]["network"].items()))
    texts = {config.canonical(config.load(raw).studies["theory"].network) for raw in (default, other)}
    assert len(texts) == 1


def test_schema_file_is_what_the_models_say():
    path = ROOT / "workflow" / "schemas" / "config.schema.json"
    assert path.read_text() == schema.schema_text(), "run: python -m multiview.config.schema"


def test_every_key_of_the_default_config_has_a_comment():
    for line in (ROOT / "config.yaml").read_text().splitlines():
        key = line.split(":")[0].strip()
        compact = line.endswith(("}", ",", ": null"))  # of kinds of students: a line above says what they are
        if ":" in line and not key.startswith("#") and not compact and line.split("#")[0].strip() != f"{key}:":
            assert "#" in line, line


def test_students_take_what_they_do_not_set_from_the_study(default):
    without_contrasts(default)
    put(default, f"{TRAINING}.block_samples", 7)
    put(default, f"{WAY}.training.max_steps", 11)
    put(default, f"{STUDENTS}.own", SELF | {"start": "scratch", "objective": {"hinton": {"temperature": 5.0}}})
    study = config.load(default).studies["theory"]
    own, other = study.students["own"], study.students["distilled"]
    assert (own.start, own.objective.hinton.temperature) == ("scratch", 5.0)
    assert other.start == study.distillation.start
    assert own.objective.hinton.alpha == other.objective.hinton.alpha
    assert {one.training.block_samples for one in (own, other)} == {7}
    assert {one.training.max_steps for one in (own, other)} == {11}


def test_students_of_nobody_are_left_out(default):
    without_contrasts(default)
    # A config laid over another can take students away only by setting them to nothing.
    put(default, f"{STUDENTS}.distilled", None)
    assert "distilled" not in config.load(default).studies["theory"].students


def test_who_teaches_whom(default):
    without_contrasts(default)
    default["studies"]["theory"]["students"] = {
        "many": SELF | {"teacher_size": 3, "first_teacher": 10, "students": 2},
        "one": SELF | {"first_teacher": 5},
        "next": SELF | {"teacher": "one", "first_teacher": 1, "first_student": 30, "students": 4},
    }
    default["first_seed"] = 100
    study = config.load(default).studies["theory"]
    assert study.teachers("many", [100, 101]) == {100: [110, 111, 112], 101: [110, 111, 112]}
    assert study.teachers("one", [102]) == {102: [107]}
    assert study.lineage("next", 31) == {31, 2, 7}
    assert study.chunks_of("single", [109, 110]) == [(100, 109), (110, 119)]
    assert {name: role["networks"] for name, role in study.roles().items()} == {"many": 4, "one": 2, "next": 3}


def test_a_circle_of_teachers_is_refused(default):
    default["studies"]["theory"]["students"] = {
        "a": SELF | {"teacher": "b", "first_teacher": 20},
        "b": SELF | {"teacher": "a", "first_student": 20, "first_teacher": 0},
    }
    with pytest.raises(config.ConfigError, match="circle"):
        config.load(default)


@pytest.mark.parametrize(
    "preset", sorted((ROOT / "workflow" / "presets").glob("*.yaml")), ids=lambda path: path.stem
)
def test_presets_fit_the_default_config(default, preset):
    raw = yaml.safe_load(preset.read_text())
    dropped = {name for name, study in raw.get("studies", {}).items() if study is None}
    assert set(config.load(merge(default, raw)).studies) >= set(default["studies"]) - dropped


@pytest.mark.parametrize(
    ("seeds_per_job", "chunks"), [(10, [(0, 5), (6, 11)]), (5, [(0, 3), (4, 7), (8, 11)]), (12, [(0, 11)])]
)
def test_jobs_that_try_objectives_have_as_much_to_do(default, seeds_per_job, chunks):
    default["studies"]["digits"]["seeds_per_job"] = seeds_per_job
    digits = config.load(default).studies["digits"]
    assert len(digits.trials("distilled")) == 12 and digits.trial_chunks("distilled") == chunks
    default["studies"]["digits"]["distillation"]["grid"] = None
    assert config.load(default).studies["digits"].trial_chunks("distilled") == []


def test_a_config_is_read_without_pytorch():
    # Every run and dry run reads it, and so do Pythons into which PyTorch is not installed.
    code = "import sys; from multiview import config, soft_labels; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
