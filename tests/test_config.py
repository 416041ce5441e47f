"""The default config is right, and every wrong one is refused by the name of its key."""

import copy
import subprocess
import sys

import jsonschema
import pytest
import yaml
from conftest import ROOT, merge

import reference
import schema
from multiview import config
from multiview.config import __main__ as command
from multiview.config import base, distillation, networks, studies, top_level, training

IMAGES = "studies.digits"
DATASET = "studies.theory.dataset"
NETWORK = "studies.theory.network"
TRAINING = "studies.theory.training"
WAY = "studies.theory.distillation"
STUDENTS = "studies.theory.students"
SELF = {"teachers": 1, "students": 5}

CONFIGS = [ROOT / "config.yaml", *sorted((ROOT / "workflow" / "presets").glob("*.yaml"))]
CONFIGS += sorted((ROOT / "examples").glob("*.yaml"))

BROKEN = [
    # (path of the key that is set, its value, what the one error has to name)
    ("sedes", 3, ["sedes", "seeds"]),
    ("seeds", 0, ["seeds", "found 0", "greater than or equal to 1"]),
    ("seeds", "many", ["seeds", "'many'", "integer"]),
    ("seeds", True, ["seeds", "not true or false"]),
    ("seeds", 2.5, ["seeds", "2.5"]),
    ("first_seed", -1, ["first_seed", "-1"]),
    ("machine.seeds_per_job", 0, ["machine.seeds_per_job", "found 0"]),
    ("machine.accelerator", "tpu", ["machine.accelerator", "'tpu'", "'auto', 'cpu' or 'gpu'"]),
    ("machine.acelerator", "cpu", ["machine.acelerator", "did you mean 'accelerator'"]),
    ("machine", [1], ["machine", "found [1]"]),
    ("machine", {1: 2}, ["machine: expected text as a key, found 1", "quotes"]),
    ("families.gaussian.rows", {0.75: {}}, ["families.gaussian.rows: expected text as a key, found 0.75"]),
    ("studies.gaussian/normal_mlp/mlp", {"seds": 3}, ["studies.gaussian/normal_mlp/mlp", "families.gaussian"]),
    (f"{IMAGES}.machine", {"compile": "maybe"}, [f"{IMAGES}.machine.compile", "'maybe'", "'auto'"]),
    # Keys that configs had once
    ("seeds_per_job", 4, ["seeds_per_job", "machine.seeds_per_job"]),
    (f"{TRAINING}.block_samples", 8, [f"{TRAINING}.block_samples", "machine.block_samples"]),
    (f"{IMAGES}.training.accelerator", "cpu", [f"{IMAGES}.training.accelerator", "machine.accelerator"]),
    (
        f"{STUDENTS}.distilled_flat.first_teacher",
        3,
        ["distilled_flat.first_teacher", "teachers, students and distance"],
    ),
    (
        f"{STUDENTS}.distilled_flat.first_student",
        3,
        ["distilled_flat.first_student", "teachers, students and distance"],
    ),
    (f"{STUDENTS}.distilled_flat.teacher_size", 3, ["distilled_flat.teacher_size", "it is called teachers"]),
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
    (f"{DATASET}.z.weak", [0.1, 1.3], [f"{DATASET}.z", "weak", "strong"]),
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
    (
        f"{STUDENTS}.x",
        SELF | {"stop": "union", "start": "scratch"},
        ["students.x", "'union'", "'scratch'", "'last'"],
    ),
    (f"{STUDENTS}.x", SELF | {"soft_labels": "other"}, ["students.x.soft_labels", "'other'", "other_classes"]),
    (f"{STUDENTS}.x", SELF | {"teachers": 9, "distance": 3}, ["students.x", "its own teacher", "at least 5"]),
    (f"{STUDENTS}.x", SELF | {"distance": 0}, [f"{STUDENTS}.x.distance", "found 0"]),
    (f"{STUDENTS}.x", SELF | {"teachers": 0}, [f"{STUDENTS}.x.teachers", "found 0"]),
    (f"{STUDENTS}.x", SELF | {"teacher_seed": 0}, [f"{STUDENTS}.x.teacher_seed", "unknown key", "'teacher"]),
    (
        f"{STUDENTS}.x",
        {"teacher": "distilled", "start": "scratch", "distance": 3},
        ["students.x", "distance is for teacher single"],
    ),
    (f"{STUDENTS}.x", {"based_on": "destilled"}, ["students.x.based_on", "'destilled'", "distilled"]),
    (f"{STUDENTS}.x", {"based_on": "x"}, ["students.x.based_on", "x -> x is a circle"]),
    (
        f"{STUDENTS}.x",
        {"teacher": "distilled", "start": "scratch", "students": 31},
        ["students.x", "'distilled' are 0 to 29"],
    ),
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
        {"label": "k", "points": [{"value": 1, "study": "theory"}], "limit": "thery"},
        ["sweeps.k.limit", "'thery'"],
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
    (f"{IMAGES}.distillation.objective.kind", "truncated", [f"{IMAGES}.distillation", "set grid to null"]),
    (f"{IMAGES}.distillation.grid.alpha", [1.5], [f"{IMAGES}.distillation.grid.alpha.0", "1.5"]),
    (f"{IMAGES}.students.distilled.grid", {"students": 11}, [IMAGES, "11", "there are 10 students"]),
    (f"{IMAGES}.students.distilled.distance", 5, [IMAGES, "own teacher"]),
    (
        f"{IMAGES}.students.distilled.training",
        {"augmentation": {"crop_padding": 0}},
        [IMAGES, "students.distilled.training.augmentation", "copies is all"],
    ),
    (f"{IMAGES}.joint.networks", 1, [f"{IMAGES}.joint.networks", "found 1"]),
    (f"{IMAGES}.joint.training.epochs", 0, [f"{IMAGES}.joint.training.epochs", "found 0"]),
    (f"{IMAGES}.joint.networks", 6, [IMAGES, "joint.networks is 6", "ensembles.sizes"]),
    (f"{IMAGES}.copies", -3, [f"{IMAGES}.copies: found -3. Input should be greater", "Or: Input should be 'all'"]),
    (f"{IMAGES}.features.seeds", 0, [f"{IMAGES}.features.seeds", "found 0"]),
    (f"{IMAGES}.features.classes", [3, 10], [IMAGES, "features.classes is [3, 10]", "0 to 9"]),
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
        raw = raw.setdefault(part, {})
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


def test_without_a_number_of_seeds_there_are_ten(default):
    del default["seeds"]
    assert config.load(default).studies["theory"].seeds == config.Study.model_fields["seeds"].default == 10


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
    put(default, "families.layers.study.dataset", {"kind": "layer"})
    with pytest.raises(config.ConfigError, match=r"layers \(cell all\)\.dataset\.study: this key is missing"):
        config.load(default)


def test_two_mistakes_are_both_named(default):
    default |= {"evaluation": {"seed": -1}, "figures": {"dpi": 1}}
    with pytest.raises(config.ConfigError) as caught:
        config.load(default)
    assert "evaluation.seed" in str(caught.value)
    assert "figures.dpi" in str(caught.value)


def test_values_that_the_command_line_passes_as_text(default):
    put(default, f"{NETWORK}.neurons", "7")
    default["machine"] = {"compile": "false", "checkpoint_seconds": "3"}
    put(default, "studies.theory.joint", "null")
    theory = config.load(default).studies["theory"]
    assert theory.network.neurons == 7 and theory.joint is None
    assert theory.machine.compile is False and theory.machine.checkpoint_seconds == 3


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
    tiny.update(seeds=7, first_seed=3, machine={"seeds_per_job": 3})
    assert config.load(tiny).studies["theory"].chunks_of("single") == [(3, 5), (6, 8), (9, 9)]


def test_canonical_text_does_not_depend_on_the_order_of_keys(default):
    other = copy.deepcopy(default)
    other["studies"]["theory"]["network"] = dict(reversed(other["studies"]["theory"]["network"].items()))
    texts = {config.canonical(config.load(raw).studies["theory"].network) for raw in (default, other)}
    assert len(texts) == 1


def test_schema_file_is_what_the_models_say():
    path = ROOT / "workflow" / "schemas" / "config.schema.json"
    assert path.read_text() == schema.schema_text(), "run: python tools/schema.py"


def test_the_reference_is_what_the_models_say():
    assert reference.FILE.read_text() == reference.text(), "run: python tools/reference.py"


def test_every_key_is_described():
    for title, model, _ in reference.SECTIONS:
        for name, field in model.model_fields.items():
            assert field.description, f"{title}: {name}"


def test_every_section_is_in_the_reference():
    def below(section):
        yield section
        for one in section.__subclasses__():
            yield from below(one)

    whole = {
        top_level.Config,
        studies.Study,
        distillation.Students,
        distillation.ImageStudents,
        training.Joint,
        networks.ImageNetworkBase,
    }
    shown = {model for _, model, _ in reference.SECTIONS}
    assert set(below(base.Section)) - whole - {base.Section} == shown - {studies.Study}


def test_the_default_config_is_short():
    lines = (ROOT / "config.yaml").read_text().splitlines()
    assert len(lines) <= 120 and max(map(len, lines)) <= 120


@pytest.mark.parametrize("file", CONFIGS, ids=lambda path: path.stem)
def test_the_schema_accepts_config_and_presets(file):
    jsonschema.validate(yaml.safe_load(file.read_text()), schema.schema())


@pytest.mark.parametrize(
    "raw",
    [
        {"seeds": "many"},
        {"machine": {"accelerator": "tpu"}},
        {"studies": {"theory": {"dataset": {"clases": 3}}}},
        {"studies": {"theory": {"students": {"x": {"teacher_size": 3}}}}},
        {"studies": {"My study": {}}},
        {"families": {"gaussian": {"rows": {"x": {"dataset": {"margin": -1}}}}}},
        {"sweeps": {"x": {"label": "x", "points": [{"value": 1}]}}},
    ],
    ids=str,
)
def test_the_schema_refuses_what_is_wrong(raw):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(raw, schema.schema())


def test_students_take_what_they_do_not_set_from_the_study(default):
    without_contrasts(default)
    put(default, f"{TRAINING}.step_rule", "fixed")
    put(default, f"{WAY}.training.max_steps", 11)
    put(default, f"{STUDENTS}.own", SELF | {"start": "scratch", "objective": {"hinton": {"temperature": 5.0}}})
    study = config.load(default).studies["theory"]
    own, other = study.students["own"], study.students["distilled"]
    assert (own.start, own.objective.hinton.temperature) == ("scratch", 5.0)
    assert other.start == study.distillation.start
    assert own.objective.hinton.alpha == other.objective.hinton.alpha
    assert {one.training.step_rule for one in (own, other)} == {"fixed"}
    assert {one.training.max_steps for one in (own, other)} == {11}


def test_students_of_nobody_are_left_out(default):
    without_contrasts(default)
    # A config laid over another can take students away only by setting them to nothing.
    put(default, f"{STUDENTS}.distilled_flat", None)
    assert "distilled_flat" not in config.load(default).studies["theory"].students


def test_who_teaches_whom(default):
    without_contrasts(default)
    default["studies"]["theory"]["students"] = {
        "many": {"teachers": 3, "students": 2, "distance": 10},
        "one": SELF,
        "next": {"teacher": "one", "students": 4},
    }
    default |= {"first_seed": 100, "machine": {"seeds_per_job": 10}}
    study = config.load(default).studies["theory"]
    assert study.teachers("many", [100, 101]) == {100: [110, 111, 112], 101: [110, 111, 112]}
    assert study.teachers("one", [102]) == {102: [107]}
    assert study.lineage("next", 11) == {11, 1, 6}
    assert study.chunks_of("single", [109, 110]) == [(100, 109), (110, 119)]
    assert {name: role["networks"] for name, role in study.roles().items()} == {"many": 4, "one": 2, "next": 3}


def test_a_circle_of_teachers_is_refused(default):
    default["studies"]["theory"]["students"] = {
        "a": SELF | {"teacher": "b"},
        "b": SELF | {"teacher": "a"},
    }
    with pytest.raises(config.ConfigError, match="circle"):
        config.load(default)


@pytest.mark.parametrize("preset", CONFIGS[1:], ids=lambda path: path.stem)
def test_presets_fit_the_default_config(default, preset):
    raw = yaml.safe_load(preset.read_text())
    dropped = {name for name, study in raw.get("studies", {}).items() if study is None}
    assert set(config.load(merge(default, raw)).studies) >= set(default["studies"]) - dropped


@pytest.mark.parametrize(
    ("seeds_per_job", "chunks"), [(10, [(0, 5), (6, 11)]), (5, [(0, 3), (4, 7), (8, 11)]), (12, [(0, 11)])]
)
def test_jobs_that_try_objectives_have_as_much_to_do(default, seeds_per_job, chunks):
    default["studies"]["digits"]["distillation"]["grid"] |= {"alpha": [0.5, 0.9], "students": 2}
    default["studies"]["digits"]["machine"] = {"seeds_per_job": seeds_per_job}
    digits = config.load(default).studies["digits"]
    assert len(digits.trials("distilled")) == 12 and digits.trial_chunks("distilled") == chunks
    default["studies"]["digits"]["distillation"]["grid"] = None
    assert config.load(default).studies["digits"].trial_chunks("distilled") == []


def test_a_config_is_read_without_pytorch():
    # Every run and dry run reads it, and so do Pythons into which PyTorch is not installed.
    code = "import sys; from multiview import config, soft_labels; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_positions_follow_from_numbers(default):
    study = config.load(default).studies["theory"]
    seeds = {
        name: (list(places.students), study.teachers(name, places.students))
        for name, places in study.lineup.items()
    }
    students, taught = seeds["distilled"]
    assert students == list(range(30)) and taught[0] == taught[29] == list(range(40, 80))
    students, taught = seeds["self_distilled_own_class"]
    assert taught == {seed: [seed + 1] for seed in range(10)}
    digits = config.load(default).studies["digits"]
    assert digits.teachers("distilled", [10, 19]) == {10: list(range(10)), 19: list(range(10))}
    assert digits.teachers("self_distilled", digits.positions("self_distilled")) == {
        10 + i: [i] for i in range(10)
    }


def test_students_of_models_that_learn_no_features_have_the_features_of_single_networks(default):
    studies = [study for study in config.load(default).studies.values() if study.dataset.kind == "multiview"]
    frozen = [study for study in studies if study.network.regime != "learned"]
    assert len(frozen) == 2
    for study in frozen:
        assert study.network.init_std == 0.3
        assert [role.init_std for role in study.students.values()] == [None]


def test_seeds_that_are_added_change_no_position(default):
    places = {}
    for seeds in (80, 85):
        default["seeds"] = seeds
        loaded = config.load(default)
        assert loaded.notes == ()
        places[seeds] = loaded.studies["theory"].lineup
    assert places[80] == places[85]


@pytest.mark.parametrize(
    ("study", "key", "value"),
    [
        ("theory", "ensembles", None),
        ("theory", "ensembles", 5),
        ("theory", "ensembles", [1, 2]),
        ("digits", "seeds", float("inf")),
        ("digits", "seeds", float("nan")),
        ("digits_linearised", "network", {"kind": ["cnn"]}),
    ],
)
def test_a_value_of_a_wrong_type_is_one_error_that_names_the_key(default, study, key, value):
    default["studies"][study][key] = value
    with pytest.raises(config.ConfigError, match=key):
        config.load(default)


def test_students_of_students_have_networks_of_their_own(default):
    raw = merge(default, yaml.safe_load((ROOT / "workflow/presets/generations.yaml").read_text()))
    study = config.load(raw).studies["generations"]
    assert [study.positions(f"generation_{i}").start for i in range(1, 6)] == [0, 20, 30, 40, 50]
    assert len(study.lineage("generation_5", 50)) == 6


@pytest.mark.parametrize("seeds", [1, 2, 3, 4, 5, 7, 11, 20, 40, 59])
def test_fewer_seeds_make_a_study_smaller_and_say_so(default, seeds):
    whole = config.load(default).studies["theory"].lineup
    default["seeds"] = seeds
    loaded = config.load(default)
    study, (line,) = loaded.studies["theory"], loaded.notes
    assert line.startswith(f"studies.theory: seeds is {seeds}, so ") and "\n" not in line
    assert max(study.ensembles.sizes) == min(seeds, 40)
    assert study.joint is None if seeds == 1 else study.joint.networks == min(seeds, 5)
    if study.joint is not None:  # what follows from L follows from the smaller one
        assert study.joint.training.step_size == pytest.approx(study.joint.networks * study.training.step_size)
    assert ("distilled" in study.students) == (seeds > 2) and ("self_distilled" in study.students) == (seeds > 1)
    for name, places in study.lineup.items():
        assert places.last < seeds and (name in line) == (whole[name].last >= seeds)
        if places.teachers == 1 and whole[name].first_teacher == 1:  # networks that are taught teach as well
            assert len(places.students) == min(len(whole[name].students), seeds - 1)
        assert all(seed not in taught for seed, taught in study.teachers(name, places.students).items())
        if name.startswith("distilled"):  # kinds that one ensemble teaches are compared
            of_all = study.lineup["distilled"]
            assert (places.first_teacher, places.teachers) == (of_all.first_teacher, of_all.teachers)
    assert loaded.studies["digits"].seeds == 10


def test_notes_on_fewer_seeds_name_what_changed_alone(default):
    without_contrasts(default)
    default["seeds"] = 12
    default["studies"]["theory"]["students"] = {
        "many": SELF | {"students": 10},
        "few": {"teacher": "many", "students": 2},
        "none": {"teacher": "few", "students": 5},
    }
    loaded = config.load(default)
    (note,) = loaded.notes
    assert loaded.studies["theory"].students.keys() == {"many"}  # no networks are left for the others
    assert "students are 6 of one teacher each (many), left out are students few, none" in note


def test_fewer_seeds_make_a_study_on_images_smaller(default):
    default["studies"]["digits"]["seeds"] = 3
    loaded = config.load(default)
    digits = loaded.studies["digits"]
    assert "features.seeds is 3" in loaded.notes[0] and "joint.networks is 3" in loaded.notes[0]
    assert digits.students["distilled"].teachers == 3 and len(digits.positions("self_distilled")) == 3
    assert digits.joint.training.learning_rate == pytest.approx(0.3)
    assert digits.ensembles.sizes == [1, 2, 3]


def test_generations_without_seeds_are_left_out(default):
    raw = merge(default, yaml.safe_load((ROOT / "workflow/presets/generations.yaml").read_text()))
    raw["studies"]["generations"]["seeds"] = 40
    loaded = config.load(raw)
    assert list(loaded.studies["generations"].students) == ["generation_1", "generation_2", "generation_3"]
    assert "left out are students generation_4, generation_5" in " ".join(loaded.notes)


@pytest.mark.parametrize("seeds", [1, 2, 3, 5, 12])
@pytest.mark.parametrize("preset", CONFIGS[1:], ids=lambda path: path.stem)
def test_whatever_names_students_may_have_too_few_seeds_for_them(default, preset, seeds):
    raw = merge(default, yaml.safe_load(preset.read_text()))
    studies = config.load(raw).studies if "sweeps" in raw else {}
    for one in raw["studies"].values():
        if one is not None:
            one["seeds"] = seeds
    loaded = config.load(raw)  # teachers that are not there would be an error
    assert loaded.sweeps.keys() == raw.get("sweeps", {}).keys()
    for sweep, one in loaded.sweeps.items():
        lacking = [
            (kind, point.value)
            for kind in ("distilled", "self_distilled")
            for point in one.points
            if getattr(point, kind) in studies[point.study].students.keys() - loaded.studies[point.study].students
        ]
        said = [
            note for note in loaded.notes if note.startswith(f"sweeps.{sweep}: for want of seeds there is no ")
        ]
        assert len(said) == bool(lacking)
        assert all(kind in said[0] and f"{value:g}" in said[0] for kind, value in lacking)


def test_students_of_fewer_students_are_fewer(default):
    raw = merge(default, yaml.safe_load((ROOT / "workflow/presets/fashion.yaml").read_text()))
    raw["studies"]["fashion"] |= {"seeds": 4}
    raw["studies"]["fashion"]["students"]["of_an_average"] = {"teacher": "self_distilled", "teachers": 3}
    loaded = config.load(raw)
    students = loaded.studies["fashion"].students
    assert (students["self_distilled"].students, students["second_generation"].students) == (4, 4)
    assert students["of_an_average"].teachers == 3
    (line,) = [note for note in loaded.notes if note.startswith("studies.fashion: ")]
    assert "second_generation" in line
    raw["studies"]["fashion"]["seeds"] = 1
    loaded = config.load(raw)
    assert list(loaded.studies["fashion"].students) == ["self_distilled", "single_longer", "second_generation"]
    raw["studies"]["fashion"] |= {"seeds": 20}
    raw["studies"]["fashion"]["students"]["second_generation"] = {"teacher": "self_distilled", "students": 21}
    with pytest.raises(config.ConfigError, match="second_generation: teachers at the positions"):
        config.load(raw)  # seeds are not what they lack


def test_a_study_that_names_students_has_these_alone(default):
    default["studies"]["other"] = {"based_on": "theory", "students": {"distilled_flat": {"students": 3}}}
    default["studies"]["all"] = {"based_on": "theory"}
    default["studies"]["none"] = {"based_on": "theory", "students": {}}
    loaded = config.load(default).studies
    (one,) = loaded["other"].students.values()
    assert (one.students, one.teachers, one.soft_labels) == (3, 40, "flat")
    assert loaded["all"].students.keys() == loaded["theory"].students.keys() and not loaded["none"].students


def test_the_machine_of_a_study_is_laid_over_that_of_all(default):
    default["machine"] = {"accelerator": "cpu", "seeds_per_job": 3}
    default["studies"]["digits"]["machine"] = {"seeds_per_job": 1}
    loaded = config.load(default)
    machines = {name: study.machine for name, study in loaded.studies.items()}
    assert {one.accelerator for one in machines.values()} == {"cpu"}
    assert (machines["theory"].seeds_per_job, machines["digits"].seeds_per_job) == (3, 1)
    assert machines["digits_linearised"].seeds_per_job == 5  # its own


def test_a_machine_that_is_wrong_is_said_once(default):
    default["machine"] = {"accelerator": "tpu"}
    with pytest.raises(config.ConfigError) as caught:
        config.load(default)
    assert str(caught.value).startswith("machine.accelerator: found 'tpu'") and "\n" not in str(caught.value)


def shown(name, *pairs, files=()):
    """What ``show`` prints: for each key its value and where it comes from."""
    text = command.shown(name, command.sources(list(files), list(pairs)))
    rows = [line.split(maxsplit=1) for line in text.splitlines() if not line.startswith("#")]
    return {key: rest for key, rest in rows}, text


def test_show_says_where_each_value_comes_from(monkeypatch):
    monkeypatch.chdir(ROOT)
    values, text = shown("theory_linearised", "data_seed=3")
    assert values["network.regime"].split() == ["linearised", "config.yaml"]
    assert values["dataset.dim"].split() == [str(config.Dataset.model_fields["dim"].default), "default"]
    assert values["dataset.mu"].endswith("config.yaml, based_on: studies.theory.dataset.mu")
    assert values["dataset.seed"].endswith("command line: data_seed")
    assert values["joint.training.step_size"].split(maxsplit=1) == ["80.0", "joint.networks * training.step_size"]
    assert values["students.distilled.training.step_size"].endswith(
        "config.yaml: studies.theory_linearised.distillation.training.step_size"
    )
    assert "# distilled: seeds 0 to 9, taught by the average of single, seeds 10 to 19" in text
    values, _ = shown("theory", files=["workflow/presets/quick.yaml"])
    assert values["dataset.test_single_samples"].split() == ["2000", "workflow/presets/quick.yaml"]
    values, text = shown("theory", "seeds=5")
    assert values["ensembles.sizes"].endswith("seeds is 5") and text.startswith("# studies.theory: seeds is 5, so")


def test_show_shows_every_value_of_every_study(monkeypatch, default):
    monkeypatch.chdir(ROOT)
    loaded = config.load(default).studies
    for name, study in loaded.items():
        values, _ = shown(name)
        assert yaml.safe_load(values["seeds"].split()[0]) == study.seeds
        assert values["network.kind"].split()[0] == study.network.kind
    assert command.shown(None, command.sources([], [])).splitlines() == list(loaded)


def test_show_refuses_what_is_wrong(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    for arguments, said in [
        (["show", "theori"], "found 'theori', but the studies are theory"),
        (["show", "theory", "--configfile", "no.yaml"], "no.yaml: expected a YAML file"),
        (["show", "theory", "--config", "seeds"], "expected KEY=VALUE, found 'seeds'"),
        (["show", "theory", "--config", "seeds=0"], "seeds: found 0"),
    ]:
        assert command.main(arguments) == 1
        assert said in capsys.readouterr().err
