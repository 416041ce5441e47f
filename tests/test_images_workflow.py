"""Studies on images as a user runs them: digits from config to figures, faults, a cut of the paper's preset."""

import hashlib
import io
import os
import re
import shutil
import subprocess
import sys

import browser
import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
import yaml
from conftest import ROOT, merge
from hub import serving
from test_workflow import checkout, command, jobs, run

import idx
from multiview.data import hub
from multiview.predictors.logits import negative_log_likelihood
from multiview.store import artifacts

TINY = {
    "seeds": 4,
    "machine": {"seeds_per_job": 2, "loggers": ["csv"]},
    "dataset": {"train_samples": 120, "validation_samples": 60, "test_samples": 200},
    "network": {"kind": "cnn", "channels": [4, 8], "depth": None, "width": None},
    "training": {"epochs": 3, "batch_size": 32},
    "ensembles": {"sizes": [1, 2, 4]},
    "distillation": {"grid": {"alpha": [0.5, 0.9], "temperature": [4.0], "students": 1}},
    "copies": 3,
    "students": {
        "distilled": {"teachers": 4, "students": 2},
        "self_distilled": {"students": 2, "distance": 4, "grid": None},
    },
    "joint": {"networks": 2, "runs": 1},
    "features": {"seeds": 2, "images": 2, "steps": 5},
}
TABLES = [
    *(f"results/digits/evaluation/{name}.parquet" for name in ("scores", "ensemble_errors", "agreement")),
    "results/digits/evaluation/measures.parquet",
    "results/headline.parquet",
]


def configure(folder, **changes):
    """Write a config with a tiny study on digits alone."""
    raw = yaml.safe_load((ROOT / "config.yaml").read_text())
    study = merge(merge(raw["studies"]["digits"], TINY), changes)
    for section in [study["network"], study["dataset"]]:
        for key in [key for key, value in section.items() if value is None]:
            del section[key]
    raw |= {"families": {}, "comparisons": {}}
    raw |= {"studies": {"digits": study}, "evaluation": {"bootstrap": 200}, "figures": {"dpi": 60}}
    (folder / "config.yaml").write_text(yaml.safe_dump(raw))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = checkout(tmp_path_factory.mktemp("digits"))
    configure(folder)
    return folder, run(folder)


def copied(finished, folder):
    shutil.copytree(finished[0], folder, copy_function=shutil.copy2)
    return folder


def test_a_run_leaves_every_table_and_figure(finished):
    folder, output = finished
    for name in ("accuracy", "accuracy_over_size", "agreement", "disputed", "choice", "similarity", "exciting"):
        assert (folder / f"results/digits/figures/{name}.svg").stat().st_size > 4000
        assert "..." not in (folder / f"results/digits/figures/{name}.csv").read_text(), name
    scores = artifacts.read(folder / "results/digits/evaluation/scores.parquet", "scores").pandas()
    assert set(scores["predictor"]) == {
        *("single", "ensemble", "best", "joint", "teacher_of_distilled"),
        *("distilled", "ensemble_of_distilled", "self_distilled", "ensemble_of_self_distilled"),
    }
    assert "ensemble, accuracy minus single's, L = 4" in output
    text = (folder / "results/headline.md").read_text()
    assert "| single model |" in text and "| 96.70 ± 0.21 |" in text
    summary = (folder / "results/digits/summary.md").read_text()
    assert "| verdict |" in summary and "](figures/accuracy.png)" in summary
    # A few epochs do not fit the training images: that is said first, with the key to change.
    assert summary.splitlines()[2].startswith("Premise not met in digits: networks have ")
    assert "raise studies.digits.training.epochs" in summary.splitlines()[2]
    table = artifacts.read(folder / "results/verdicts.parquet", "verdicts").pandas()
    assert set(table["verdict"]) == {"premise not met"} and "Premise not met in digits" in output
    assert "Raise studies.digits.training.epochs" in (folder / "logs/digits/evaluate.log").read_text()
    assert list((folder / "logs/digits/lightning").rglob("metrics.csv"))
    assert "images/s" in (folder / "logs/digits/single_0-1.log").read_text()
    assert "Nothing to be done" in run(folder)


def test_images_are_in_the_report(finished, tmp_path):
    run(finished[0], "--report", str(tmp_path / "report.html"))
    found = browser.check(tmp_path / "report.html", tmp_path)
    (table,) = (one for one in found["seen"] if one["path"] == "results/headline.html")
    assert "single model" in table["text"] and "96.70 ± 0.21" in table["text"]
    assert {"results/digits/figures/exciting.svg", "results/digits/figures/disputed.svg"} < set(found["known"])


def test_students_use_what_was_chosen_on_the_validation_split(finished):
    folder, _ = finished
    choice = artifacts.read(folder / "results/digits/distilled/choice.parquet", "choice").pandas()
    chosen = choice[choice["chosen"]].iloc[0]
    logits = artifacts.read(folder / "results/digits/distilled/seeds_4-5/logits.parquet", "logits")
    hinton = logits.provenance["objective"]["hinton"]
    assert hinton == {"alpha": chosen["alpha"], "temperature": chosen["temperature"]}
    # Each pair that was tried has Lightning's logs to itself.
    tried = folder / "logs/digits/lightning/distilled"
    assert sorted(path.name for path in tried.iterdir()) == [
        f"hinton_alpha_{alpha}_temperature_4_teacher_scale_1" for alpha in (0.5, 0.9)
    ]
    # The first student is the network that was tried with the chosen pair, and is not trained a second time.
    log = (folder / "logs/digits/distilled_4-5.log").read_text()
    assert "seed 4 is taken up from results/digits/checkpoints/distilled/trials_0-1/" in log
    assert log.count("is taken up") == 1
    samples = artifacts.read(folder / "results/digits/dataset/samples.parquet", "samples").pandas()
    samples = samples[samples["split"] == "validation"].set_index("sample")
    said = logits.pandas().query("member == 4 and split == 'validation'")
    said = np.stack(said.set_index("sample").loc[samples.index, "logits"])
    (trials,) = (folder / "results/digits/distilled/trials").iterdir()
    trials = artifacts.read(trials, "trials").pandas()
    tried = trials.query("alpha == @chosen.alpha and temperature == @chosen.temperature and seed == 4")
    label = samples["label"].to_numpy()
    assert tried["nll"].item() == float(negative_log_likelihood(said, label).mean())
    assert tried["accuracy"].item() == (said.argmax(axis=1) == label).mean()
    # The other kind of students has no grid: the config's objective.
    other = artifacts.read(folder / "results/digits/self_distilled/seeds_4-5/logits.parquet", "logits")
    assert other.provenance["objective"]["hinton"] == {"alpha": 0.9, "temperature": 4.0}


def test_a_student_that_was_a_trial_is_what_it_is_without_it(finished, tmp_path):
    # A job that is forced trains all its students, to the same bits, even if a killed run has left a trial.
    folder, at = copied(finished, tmp_path / "forced"), "results/digits/distilled/seeds_4-5"
    log = folder / "logs/digits/distilled_4-5.log"
    left = folder / re.search("is taken up from (.*), finished", log.read_text())[1]
    left.parent.mkdir(parents=True)
    state = torch.load(folder / at / "networks.pt", weights_only=True)["states"][4]
    torch.save({"epoch": None, "state_dict": state, "record": {"history": [], "seconds": 0.0}}, left)
    assert jobs(run(folder, f"{at}/logits.parquet", "--forcerun", "distil_images"))["distil_images"] == 1
    assert "is taken up" not in log.read_text() and not left.parent.exists()
    for kind in ("logits", "history", "outcome"):
        one, other = (artifacts.read(place / at / f"{kind}.parquet", kind) for place in (finished[0], folder))
        assert one.table.equals(other.table), kind
        assert one.provenance | {"seconds": None} == other.provenance | {"seconds": None}
    one, other = (torch.load(place / at / "networks.pt", weights_only=True) for place in (finished[0], folder))
    assert one["dataset"] == other["dataset"] and list(one["states"]) == list(other["states"]) == [4, 5]
    for seed, state in one["states"].items():
        assert all(torch.equal(tensor, other["states"][seed][name]) for name, tensor in state.items())


def test_networks_load_without_unpickling_and_say_what_their_logits_say(finished):
    folder, _ = finished
    file = torch.load(folder / "results/digits/single/seeds_0-1/networks.pt", weights_only=True)
    assert sorted(file["states"]) == [0, 1]


def test_results_do_not_depend_on_the_chunks(finished, tmp_path):
    folder = checkout(tmp_path)
    configure(folder, machine={"seeds_per_job": 4})
    run(folder, "results/headline.parquet", TABLES[3])
    for name in TABLES:
        kind = {"headline": "headline", "measures": "measures"}.get(name.split("/")[-1][:-8])
        kind = kind or name.split("/")[-1][:-8]
        one, other = (artifacts.read(at / name, kind).table for at in (finished[0], folder))
        assert one.equals(other), name


def test_a_killed_job_carries_on_and_changes_no_number(finished, tmp_path):
    folder = checkout(tmp_path)
    configure(folder, machine={"checkpoint_seconds": 0})
    script = folder / "workflow/scripts/train_images.py"
    text = script.read_text()
    # The second seed of a job dies as a kill -9 would have it, after its second epoch.
    trap = (
        "import os, signal\nfrom multiview.training.minibatch import EpochCheckpoint as E\n"
        "after = E.after_epoch\n"
        "def die(self, task, save):\n    after(self, task, save)\n"
        "    if task.run.seed == 1 and task.current_epoch == 1: os.kill(os.getpid(), signal.SIGKILL)\n"
        "E.after_epoch = die\n"
    )
    script.write_text(text.replace("runs = job", trap + "runs = job"))
    target = "results/digits/single/seeds_0-1/logits.parquet"
    run(folder, target, check=False)
    assert not (folder / target).exists()
    script.write_text(text)
    run(folder, *TABLES)
    log = (folder / "logs/digits/single_0-1.log").read_text()
    assert "seed 0 is taken up" in log and "finished" in log
    assert "seed 1 is taken up" in log and "after epoch 2" in log
    for name in TABLES[:3]:
        kind = name.split("/")[-1][:-8]
        one, other = (artifacts.read(at / name, kind).table for at in (finished[0], folder))
        assert one.equals(other), name


def test_a_missing_folder_is_one_error_before_any_job(tmp_path):
    folder = checkout(tmp_path)
    configure(folder, dataset={"kind": "parquet", "path": "nowhere", "classes": 4}, features=None)
    output = run(folder, "-n", check=False)
    assert "studies.digits.dataset.path: expected train*.parquet in nowhere, found no such folder" in output
    assert "Traceback" not in output


def test_a_users_own_images(tmp_path):
    folder = checkout(tmp_path)
    rng = np.random.default_rng(0)
    (folder / "mine").mkdir()
    for split, n in (("train", 90), ("test", 60)):
        images = rng.integers(256, size=(n, 9, 7, 3), dtype=np.uint8)
        table = idx.hub_table(images, np.arange(n) % 3).rename_columns(["picture", "kind"])
        pq.write_table(table, folder / f"mine/{split}.parquet")
    columns = {"image_column": "picture", "label_column": "kind"}
    sizes = {"train_samples": None, "validation_samples": 30, "test_samples": None}
    dataset = {"kind": "parquet", "path": "mine", "classes": 3} | columns | sizes
    configure(folder, dataset=dataset)  # the classes whose features are shown are still those of digits
    output = run(folder, "results/digits/evaluation/scores.parquet", check=False)
    assert "studies.digits: features.classes is [3, 8], but the dataset has 3: 0 to 2 are allowed" in output
    configure(folder, dataset=dataset, features={"classes": [0, 2]})
    run(folder, "results/digits/evaluation/scores.parquet", "results/digits/evaluation/exciting.parquet")
    samples = artifacts.read(folder / "results/digits/dataset/samples.parquet", "samples")
    assert samples.provenance["classes"] == 3 and samples.provenance["shape"] == [3, 9, 7]
    # A label that is out of range is one error, with the file and the row.
    bad = pq.read_table(folder / "mine/train.parquet")
    pq.write_table(bad.set_column(1, "kind", [np.arange(90) % 4]), folder / "mine/train.parquet")
    output = run(folder, "results/digits/evaluation/scores.parquet", check=False)
    assert "DataError: mine/train.parquet: expected labels 0 to 2, found 3 in row 3" in output


def test_the_examples_of_ones_own_network_and_images_run(tmp_path):
    folder = checkout(tmp_path)
    configure(folder)
    shutil.copytree(ROOT / "examples", folder / "examples")
    subprocess.run([sys.executable, "examples/my_images.py"], cwd=folder, check=True)
    for study, example in (("mine", "my_network"), ("my_images", "my_images")):
        logits = f"results/{study}/single/seeds_0-1/logits.parquet"
        run(folder, logits, "--configfile", f"examples/{example}.yaml")
        found = artifacts.read(folder / logits, "logits")
        assert found.table.column("logits").type.list_size == {"mine": 10, "my_images": 5}[study]


def preset(*more):
    return ["--configfile", "workflow/presets/paper.yaml", *more]


def test_the_papers_preset_passes_a_dry_run(tmp_path):
    folder = checkout(tmp_path)
    shutil.copy(ROOT / "config.yaml", folder / "config.yaml")
    targets = ["results/cifar10/summary.md", "results/cifar100/summary.md"]
    done = subprocess.run(
        command("-n", *targets, *preset()), cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    counts = jobs(done.stdout + done.stderr)
    # For each of two datasets: 10 seeds and 1 joint; 2 kinds of students with 6 pairs and 10 students each.
    assert counts["train_images"] == 2 * 11
    assert counts["try_objectives"] == 2 * 2 * 6
    assert counts["distil_images"] == 2 * 2 * 10


def test_a_cut_of_the_papers_preset_from_a_hub(tmp_path):
    folder = checkout(tmp_path)
    shutil.copy(ROOT / "config.yaml", folder / "config.yaml")
    rng, files, sums = np.random.default_rng(0), {}, {}
    source = hub.SOURCES["cifar10"]
    for split, n in (("train", 80), ("test", 60)):
        images = rng.integers(256, size=(n, 32, 32, 3), dtype=np.uint8)
        file = io.BytesIO()
        pq.write_table(idx.hub_table(images, np.arange(n) % 10).rename_columns(["img", "label"]), file)
        files[f"{source.repository}/{source.files[split]}"] = file.getvalue()
        sums[split] = hashlib.sha256(file.getvalue()).hexdigest()
    students = {"students": 2}
    cut = {
        "seeds": 2,
        "machine": {"accelerator": "cpu"},
        "dataset": {"validation_samples": 20, "sha256": sums},
        "network": {"depth": 10, "width": 1},
        "training": {"epochs": 2, "batch_size": 32},
        "ensembles": {"sizes": [1, 2]},
        "distillation": {"grid": {"alpha": [0.9], "temperature": [4.0]}},
        "copies": 2,
        "students": {"distilled": students | {"teachers": 2}, "self_distilled": students},
        "joint": {"networks": 2},
        "features": {"seeds": 2},
    }
    (folder / "cut.yaml").write_text(yaml.safe_dump({"studies": {"cifar10": cut}}))
    target = "results/cifar10/summary.md"
    with serving(files) as server:
        environment = os.environ | {
            "HF_ENDPOINT": server.url,
            "HF_HOME": str(tmp_path / "cache"),
            "HF_HUB_OFFLINE": "0",
            "NO_PROXY": "127.0.0.1",
        }
        done = subprocess.run(
            command(target, *preset("cut.yaml")), cwd=folder, capture_output=True, text=True, env=environment
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert {key for method, key, _ in server.requests if method == "GET"} >= set(files)
    scores = artifacts.read(folder / "results/cifar10/evaluation/scores.parquet", "scores").pandas()
    assert {"joint", "distilled", "self_distilled", "ensemble"} <= set(scores["predictor"])
    assert "| verdict |" in (folder / target).read_text()
