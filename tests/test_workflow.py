"""The workflow as a user runs it: a tiny study from config to figures, changes, errors and crashes."""

import ast
import inspect
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
import venv

import browser
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml
from conftest import ROOT, make_tiny
from snakemake.scheduling.job_scheduler import JobScheduler

import readme
import runs
from multiview import config
from multiview.figures import registry
from multiview.store import artifacts, code
from multiview.training import full_batch_job

TABLES = (
    *("scores", "ensemble_errors", "lottery", "learned", "dark_knowledge"),
    *("fidelity", "averages", "measures"),
)
SCORES = ["verdicts.parquet", *(f"theory/evaluation/{table}.parquet" for table in TABLES)]
FIGURES = [
    *("samples", "race", "outcome", "ensemble_size", "lottery"),
    *("error_over_mu", "views_learned", "dark_knowledge", "student_race", "generations"),
]


def command(*arguments):
    return [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]


def run(folder, *arguments, check=True):
    """Run Snakemake in `folder`; return its output."""
    done = subprocess.run(command(*arguments), cwd=folder, capture_output=True, text=True)
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def jobs(output):
    """Count of jobs by rule, from the table that Snakemake prints."""
    lines = iter(output.splitlines())
    for line in lines:
        if line.startswith("job ") and "count" in line:
            break
    next(lines, None)
    counts = {}
    for line in lines:
        if line.startswith("total") or not line.strip():
            break
        name, number = line.split()
        counts[name] = int(number)
    return counts


def configure(folder, **changes):
    """Write the tiny study's config, with changes, as the config of a folder."""
    raw = yaml.safe_load((ROOT / "config.yaml").read_text())
    (folder / "config.yaml").write_text(yaml.safe_dump(make_tiny(raw, **changes)))


def checkout(folder):
    """What a clone holds, of the files that Snakemake needs."""
    for part in ("workflow", "envs", "profiles"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    shutil.copy2(ROOT / "Snakefile", folder)
    configure(folder)
    return folder


def score_tables(folder):
    return {name: (folder / "results" / name).read_bytes() for name in SCORES}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder in which the tiny study has been run, and what that printed."""
    folder = checkout(tmp_path_factory.mktemp("finished"))
    return folder, run(folder)


def test_a_run_leaves_every_table_and_figure_and_prints_the_verdicts(finished):
    folder, output = finished
    assert 'gpu=Resource("gpu", 1)' in output  # unless a profile says otherwise
    for name in FIGURES:
        assert (folder / f"results/theory/figures/{name}.svg").stat().st_size > 5000
        assert (folder / f"results/theory/figures/{name}.png").stat().st_size > 5000
        pdf = (folder / f"results/theory/figures/{name}.pdf").read_bytes()
        assert b"/FontFile2" in pdf and b"/Type3" not in pdf, name
        assert len(pd.read_csv(folder / f"results/theory/figures/{name}.csv")), name
    verdicts = artifacts.read(folder / "results/verdicts.parquet", "verdicts").pandas()
    assert set(verdicts["study"]) == {"theory"}
    assert set(verdicts["verdict"]) <= {"holds", "fails", "undecided", "premise not met"}
    for claim in verdicts["claim"]:
        assert claim in output
    assert output.count("networks and samples, one teacher") > 0  # the scope
    assert output.count("every network fits the training set") == 1  # the table is printed once
    page = (folder / "results/theory/summary.md").read_text()
    assert "| distilled | test_single | " in page and "average of logits" in page.replace("averages", "average")


def test_every_job_leaves_a_log_and_training_tells_its_progress(finished):
    folder, _ = finished
    logs = sorted(path.name for path in (folder / "logs/theory").iterdir())
    assert [name for name in logs if name.startswith("single")] == ["single_0-1.log", "single_2-3.log"]
    text = (folder / "logs/theory/single_0-1.log").read_text()
    assert "steps/s" in text
    assert "finished 2/2 seeds" in text


def test_tables_say_how_they_were_made(finished):
    folder, _ = finished
    logits = artifacts.read(folder / "results/theory/single/seeds_0-1/logits.parquet", "logits")
    samples = artifacts.read(folder / "results/theory/dataset/samples.parquet", "samples")
    assert logits.provenance["dataset"] == samples.provenance["dataset"]
    assert logits.provenance["seeds"] == [0, 1]
    assert logits.provenance["network"]["q"] == 3


def test_inputs_that_are_drawn_again_are_not_stored_and_checked(finished, tmp_path):
    folder = tmp_path / "other"
    shutil.copytree(finished[0], folder, copy_function=shutil.copy2)
    assert {path.name for path in (folder / "results/theory/dataset").iterdir()} == {
        *("samples.parquet", "patches.parquet", "views.parquet")
    }
    path = folder / "results/theory/dataset/samples.parquet"
    file = artifacts.read(path, "samples")
    config = file.provenance["config"] | {"seed": 17}
    columns = {name: file.numpy(name) for name in file.table.column_names}
    artifacts.write(path, "samples", columns, file.provenance | {"config": config})
    with pytest.raises(artifacts.ArtifactError, match=r"samples.parquet: expected that its config draws"):
        full_batch_job.read(path)


def test_the_ensemble_of_all_seeds_is_the_mean_of_their_logits(finished):
    folder, _ = finished
    tables = [
        artifacts.read(folder / f"results/theory/single/seeds_{chunk}/logits.parquet", "logits").numpy("logits")
        for chunk in ("0-1", "2-3")
    ]
    everyone = artifacts.read(folder / "results/theory/ensemble/logits.parquet", "logits").numpy("logits")
    singles = [half for table in tables for half in table.reshape(2, -1, 4)]
    assert abs(sum(singles) / 4 - everyone).max() < 1e-6


def test_a_second_run_has_nothing_to_do(finished):
    folder, _ = finished
    assert "Nothing to be done" in run(folder)


def test_a_key_of_the_figures_redraws_figures_only(finished):
    folder, _ = finished
    output = run(folder, "-n", "--config", "figures={font_size: 9}")
    names = set(jobs(output)) - {"all", "summary"}  # a summary is the page with a study's figures
    assert names == {"figures_theory"}


def test_a_single_figure_is_a_target_and_one_job_draws_all_of_a_study(finished, tmp_path):
    folder = tmp_path / "one"
    shutil.copytree(finished[0], folder, copy_function=shutil.copy2)
    for path in folder.glob("results/theory/figures/race.*"):
        path.unlink()
    assert jobs(run(folder, "-n", "results/theory/figures/race.pdf")) == {"figures_theory": 1}
    assert list(FIGURES) == [name for name in registry.FIGURES if name in FIGURES]


def test_the_order_of_keys_in_the_config_does_not_matter(finished):
    folder, _ = finished
    raw = yaml.safe_load((folder / "config.yaml").read_text())

    def turned(value):
        return {k: turned(v) for k, v in reversed(value.items())} if isinstance(value, dict) else value

    (folder / "turned.yaml").write_text(yaml.safe_dump(turned(raw), sort_keys=False))
    assert "Nothing to be done" in run(folder, "-n", "--configfile", "turned.yaml")


def test_five_more_seeds_train_five_seeds(finished, tmp_path):
    folder = tmp_path / "more"
    shutil.copytree(finished[0], folder, copy_function=shutil.copy2)
    output = run(folder, "--config", "seeds=9")
    assert jobs(output)["train"] == 3  # seeds 4-5, 6-7 and 8
    assert not {"dataset", "distil"} & set(jobs(output))
    scores = artifacts.read(folder / "results/theory/evaluation/scores.parquet", "scores").pandas()
    assert set(scores.loc[scores["predictor"] == "single", "n_seeds"]) == {9}
    assert set(scores.loc[scores["predictor"] == "distilled", "n_seeds"]) == {2}


def test_fewer_seeds_make_everything_smaller_and_say_so(finished, tmp_path):
    folder = tmp_path / "fewer"
    shutil.copytree(finished[0], folder, copy_function=shutil.copy2)
    output = run(folder, "results/theory/summary.md", "--config", "seeds=3")
    assert output.count("studies.theory: seeds is 3, so ensembles.sizes is [1, 2, 3], students are 1 of 2") == 1
    assert "train" in jobs(output) and "distil" in jobs(output)
    scores = artifacts.read(folder / "results/theory/evaluation/scores.parquet", "scores").pandas()
    assert {"single", "ensemble", "distilled", "self_distilled"} <= set(scores["predictor"])
    assert set(scores.loc[scores["predictor"] == "distilled", "n_seeds"]) == {1}


def test_a_change_of_the_machine_trains_nothing_again(finished, tmp_path):
    folder = tmp_path / "machine"
    shutil.copytree(finished[0], folder, copy_function=shutil.copy2)
    machine = {"accelerator": "cpu", "compile": False, "channels_last": False, "loggers": ["csv"]}
    configure(folder, machine=machine | {"block_samples": 8, "checkpoint_seconds": 1})
    assert set(jobs(run(folder, "-n"))) == {"all", "manifest"}  # which tell the config


def leave_checkpoints(finished, folder):
    """A copy of the finished study with the checkpoints that a run leaves which is killed before its end."""
    shutil.copytree(finished[0], folder, copy_function=shutil.copy2)
    assert not list(folder.glob("results/*/checkpoints/*/*"))
    left = [folder / f"results/theory/checkpoints/{name}/x/seed_0.pt" for name in ("distilled/0-1", "single/0-1")]
    for path in left:
        path.parent.mkdir(parents=True)
        path.touch()
    return left


@pytest.mark.parametrize("forced", ["--forceall", "--forcerun"])
def test_a_finished_checkpoint_is_no_cache(finished, tmp_path, forced):
    # What a first forced run trained and saved answers no second one, though that run was killed before its end.
    folder = tmp_path / "forced"
    shutil.copytree(finished[0], folder, copy_function=shutil.copy2)
    rules = ("train", "distil") if forced == "--forcerun" else ()
    stop = folder / "workflow/scripts/verdicts.py"
    whole = stop.read_text()
    stop.write_text("raise SystemExit(1)")
    assert jobs(run(folder, forced, *rules, check=False))["train"] == 2
    stop.write_text(whole)
    output = run(folder, forced, *rules)
    assert jobs(output)["train"] == 2
    assert not list(folder.glob("results/*/checkpoints/*/*"))
    logs = [path.read_text() for path in (folder / "logs/theory").glob("*.log")]
    assert logs and not any("is taken up from" in log for log in logs)
    assert score_tables(folder) == score_tables(finished[0])


def test_checkpoints_go_where_training_is_finished_and_stay_elsewhere(finished, tmp_path):
    folder = tmp_path / "part"
    distilled, single = leave_checkpoints(finished, folder)
    for path in folder.glob("results/theory/distilled/seeds_*/*"):
        path.unlink()
    # Neither is asked for; then what is there goes, and what is to be trained does not.
    run(folder, "results/theory/dataset/samples.parquet", "--forcerun", "dataset")
    assert distilled.exists() and single.exists()
    script = folder / "workflow/scripts/distil.py"
    script.write_text("raise SystemExit(1)")
    run(folder, check=False)
    assert distilled.exists() and not single.exists()


def test_snakemake_still_looks_for_jobs_ever_more_often_where_their_number_is_limited():
    """What `onstart` takes away; where this fails, look whether it is still needed."""
    loop = inspect.getsource(JobScheduler.schedule)
    limited = loop.index("if self.job_rate_limiter is not None:")
    assert "_schedule_reevalutation(self.job_rate_limiter.timespan)" in loop[limited:]
    assert "self.job_rate_limiter is None" in inspect.getsource(JobScheduler.job_selector)


WORDS = '"""Other words."""\n\n\n# A comment.\n'


def reword(path):
    """Change a comment, the docstring of a module and the layout of a file; change its time as a clone does."""
    text = path.read_text()
    if path.suffix == ".py":
        head = ast.parse(text).body[:1]
        body = head and isinstance(head[0], ast.Expr) and isinstance(head[0].value, ast.Constant)
        text = WORDS + "\n".join(text.splitlines()[head[0].end_lineno :] if body else text.splitlines())
        text = re.sub(r'^( +)"""(?=[A-Z])', r'\1"""So: ', text, flags=re.MULTILINE)
    path.write_text(f"{text}\n# The end.\n")


def test_words_in_any_file_of_code_run_nothing_again(finished, tmp_path):
    folder = tmp_path / "reworded"
    shutil.copytree(finished[0], folder, copy_function=shutil.copy2)
    files = [path for path in folder.rglob("workflow/**/*") if path.suffix in (".py", ".smk")]
    assert {"train.py", "two_layer.py", "jobs.py", "training.smk"} <= {path.name for path in files}
    for path in [*files, folder / "workflow/Snakefile"]:
        reword(path)
    assert "Nothing to be done" in run(folder, "-n")


@pytest.mark.parametrize(
    ("file", "old", "new", "runs", "leaves"),
    [
        (
            "scripts/evaluate.py",
            "trained = ",
            "trained = 0 or ",
            {"evaluate_theory"},
            {"train", "distil", "dataset"},
        ),
        (
            "multiview/measure/intervals.py",
            "FEW = 10",
            "FEW = 12",
            {"evaluate_theory"},
            {"train", "distil", "dataset"},
        ),
        ("multiview/figures/race.py", "import", "x = 1\nimport", {"figures_theory"}, {"evaluate_theory", "train"}),
        ("multiview/networks/two_layer.py", "REGIMES = {", "REGIMES = {1: 2, ", {"train", "distil"}, {"dataset"}),
        ("multiview/networks/frozen_two_layer.py", "REGIMES = {", "REGIMES = {1: 2, ", set(), {"train", "all"}),
        ("multiview/networks/plain.py", "import math", "import math, cmath", set(), {"train", "all"}),
        ("multiview/data/multi_view.py", "import", "x = 1\nimport", {"dataset"}, set()),
    ],
)
def test_an_edit_of_code_runs_what_uses_it_and_nothing_else(finished, tmp_path, file, old, new, runs, leaves):
    folder = tmp_path / "edited"
    shutil.copytree(finished[0], folder, copy_function=shutil.copy2)
    path = folder / "workflow" / file
    text = path.read_text()
    path.write_text(re.sub(rf"^{re.escape(old)}", new, text, count=1, flags=re.MULTILINE))
    assert path.read_text() != text
    counts = jobs(run(folder, "-n"))
    assert runs <= set(counts) and not leaves & set(counts)


# It writes the modules of this package that a script has imported, and pandas, to a file named after it.
SPY = """
import atexit, os, pathlib, sys

def note():
    used = [name for name in sys.modules if name.startswith("multiview.") or name == "pandas"]
    pathlib.Path(os.environ["SPY"], f"{os.getpid()}").write_text("\\n".join([sys.argv[0], *used]))

atexit.register(note)
"""


def counted(names):
    """Of some modules those of this package that decide numbers, as paths without their ending."""
    ours = [name.split(".") for name in names if name.startswith("multiview.")]
    return {"/".join(parts) for parts in ours if parts[1] not in code.DECIDES_NOTHING}


def known_to(script, by_name):
    """The modules whose code is in the digest of a script's, likewise."""
    files = code.closure([f"scripts/{script}.py", *by_name])
    return {file.removesuffix(".py").removesuffix("/__init__") for file in files}


def test_whatever_a_job_imports_is_in_the_digest_of_its_code(tmp_path, monkeypatch):
    folder = checkout(tmp_path / "study")
    (tmp_path / "sitecustomize.py").write_text(SPY)
    (tmp_path / "seen").mkdir()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("SPY", str(tmp_path / "seen"))
    study = config.load(yaml.safe_load((folder / "config.yaml").read_text())).studies["theory"]
    run(folder, "results/theory/summary.md")
    scripts = {}
    for path in (tmp_path / "seen").iterdir():
        script, *used = path.read_text().splitlines()
        name = re.search(r"\.(\w+)\.py$", script)
        if name and (ROOT / f"workflow/scripts/{name[1]}.py").exists():
            scripts[name[1]] = used
    assert {"dataset", "train", "distil", "evaluate", "figures", "summary"} <= set(scripts)
    by_name = [*code.networks(study.network), f"multiview/data/{study.dataset.module}.py"]
    by_name += registry.modules(registry.of_study(study))
    # The config takes names of kinds from this module, so every job loads it; those that compute by it import it.
    of_config = {"multiview/soft_labels"}
    listing = "import sys, multiview.config; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, check=True).stdout
    assert not counted(loaded.split()) - of_config
    assert of_config <= known_to("distil", [])
    for script, used in scripts.items():
        unknown = counted(used) - known_to(script, by_name) - of_config
        assert not unknown, script
        frames = "frames=False" not in (ROOT / f"workflow/scripts/{script}.py").read_text()
        assert ("pandas" in used) == frames, script


def test_an_edit_of_a_statements_words_or_range_judges_again_and_does_nothing_else(finished, tmp_path):
    folder = tmp_path / "reworded"
    shutil.copytree(finished[0], folder, copy_function=shutil.copy2)
    path = folder / "workflow/multiview/claims/claims.yaml"
    text = path.read_text()
    path.write_text(text.replace("words: half of the single-view", "words: a half of the single-view"))
    counts = jobs(run(folder, "-n"))
    assert set(counts) == {"all", "summary", "verdicts", "manifest"} and sum(counts.values()) < 10
    path.write_text(text.replace("range: [0.49, 0.51]", "range: [0.0, 1.0]"))
    output = run(folder, "results/verdicts.parquet")
    assert set(jobs(output)) == {"verdicts"} and "error_s: half of the single-view samples are errors" in output
    path.write_text(text.replace("about: best\n", "about: best\n    terms: {best: 1, single: -1}\n", 1))
    assert jobs(run(folder, "-n"))["evaluate_theory"] == 1


def test_a_single_target_prints_no_table_of_an_earlier_run(finished, tmp_path):
    folder = tmp_path / "single"
    shutil.copytree(finished[0], folder, copy_function=shutil.copy2)
    assert (folder / "results/verdicts.parquet").exists()
    assert "every network fits" not in run(folder, "--forcerun", "summary", "--", "results/theory/summary.md")


def test_the_log_of_an_attempt_that_failed_outlives_its_retry(finished, tmp_path):
    folder = tmp_path / "retried"
    shutil.copytree(finished[0], folder, copy_function=shutil.copy2)
    script = folder / "workflow/scripts/evaluate.py"
    trap = "if not Path('failed').exists(): Path('failed').touch(); raise ValueError('the first attempt')\n"
    script.write_text(script.read_text().replace("jobs.end()", f"from pathlib import Path\n{trap}jobs.end()"))
    run(folder, "results/theory/evaluation/scores.parquet", "--retries", "1")
    assert "ValueError: the first attempt" in (folder / "logs/theory/evaluate.log.1").read_text()
    assert "the first attempt" not in (folder / "logs/theory/evaluate.log").read_text()


def test_a_study_based_on_another(finished, tmp_path):
    folder = tmp_path / "two"
    shutil.copytree(finished[0], folder, copy_function=shutil.copy2)
    configure(folder, studies={"other": {"based_on": "theory", "dataset": {"seed": 5}, "seeds": 4}})
    counts = jobs(run(folder, "-n"))
    assert counts["train"] == 2
    assert counts["dataset"] == 1


def test_broken_config_is_one_error_before_any_job(tmp_path):
    folder = checkout(tmp_path)
    output = run(folder, "--config", "sedes=3", check=False)
    assert "sedes: unknown key; did you mean 'seeds'?" in output
    assert "Traceback" not in output
    assert not (folder / "results").exists()


def test_damaged_artifact_is_one_error_that_names_it(finished, tmp_path):
    folder = tmp_path / "damaged"
    shutil.copytree(finished[0], folder, copy_function=shutil.copy2)
    path = folder / "results/theory/single/seeds_0-1/logits.parquet"
    before = path.stat()
    table = pq.read_table(path)
    pq.write_table(table.slice(0, 100), path)
    os.utime(path, (before.st_atime, before.st_mtime))
    output = run(folder, "--forcerun", "evaluate_theory", check=False)
    assert "ArtifactError: results/theory/single/seeds_0-1/logits.parquet: expected" in output
    assert "Traceback" not in output


@pytest.mark.parametrize(
    "style",
    [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["snakefmt", "--check", "Snakefile", "workflow"]],
)
def test_code_is_in_the_style_that_make_lint_asks_for(style):
    done = subprocess.run([sys.executable, "-m", *style], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_rule_passes_lint():
    done = subprocess.run(command("--lint"), cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_students_say_who_taught_them(finished):
    folder, _ = finished
    for name, teachers in (("distilled", [[2, 3], [2, 3]]), ("self_distilled", [[2], [3]])):
        file = artifacts.read(folder / f"results/theory/{name}/seeds_0-1/logits.parquet", "logits")
        assert list(file.provenance["teachers"].values()) == teachers
        assert (file.provenance["teacher"], file.provenance["start"]) == ("single", "warm")
        assert set(file.numpy("predictor")) == {name}
        # The first step is taken from where the hard-label training ended and fresh weights.
        strengths = artifacts.read(
            folder / f"results/theory/{name}/seeds_0-1/strengths.parquet", "strengths"
        ).pandas()
        first = strengths[strengths["step"] == 0].sort_values(["seed", "class", "view"])
        weights = artifacts.read(folder / "results/theory/single/seeds_0-1/weights.parquet", "weights")
        views = artifacts.read(folder / "results/theory/dataset/views.parquet", "views").pandas()
        v = np.stack(views.sort_values(["class", "view"])["v"])
        for seed, rows in first.groupby("seed"):
            w = weights.numpy("w")[weights.numpy("seed") == seed]
            w = (
                w
                + full_batch_job.fresh(
                    seed, w.shape, file.provenance["init_std"], 4, file.provenance["centred"]
                ).numpy()
            )
            phi = np.maximum(w @ v.T, 0).reshape(4, -1, 4, 2).sum(axis=1)
            assert rows["phi"].to_numpy() == pytest.approx(phi[range(4), range(4)].ravel(), rel=1e-4)


def test_another_temperature_trains_students_only(finished):
    folder, _ = finished
    configured = "studies={theory: {distillation: {objective: {hinton: {temperature: 4}}}}}"
    counts = jobs(run(folder, "-n", "--config", configured))
    assert "train" not in counts
    assert counts["distil"] == 2


def test_a_teacher_of_another_dataset_is_refused_by_name(finished, tmp_path):
    folder = tmp_path / "foreign"
    shutil.copytree(finished[0], folder, copy_function=shutil.copy2)
    path = folder / "results/theory/single/seeds_2-3/logits.parquet"
    before = path.stat()
    file = artifacts.read(path, "logits")
    columns = {name: file.numpy(name) for name in file.table.column_names}
    artifacts.write(path, "logits", columns, file.provenance | {"dataset": "of another study"})
    os.utime(path, (before.st_atime, before.st_mtime))
    output = run(folder, "--forcerun", "distil", check=False)
    assert "single/seeds_2-3/logits.parquet: expected an artifact whose dataset is" in output
    assert "Traceback" not in output


def test_generations_and_sweeps_are_drawn(finished, tmp_path):
    folder = tmp_path / "more"
    shutil.copytree(finished[0], folder, copy_function=shutil.copy2)
    born_again = {"teacher": "self_distilled", "students": 1, "start": "scratch", "stop": "last"}
    points = [
        {"value": 1, "study": "theory"},
        {"value": 2, "study": "theory", "distilled": "self_distilled", "self_distilled": "distilled"},
    ]
    configure(
        folder,
        studies={"theory": {"students": {"born_again": born_again}}},
        sweeps={name: {"label": "$x$", "points": points} for name in ("one", "two", "three")},
    )
    run(folder)
    verdicts = artifacts.read(folder / "results/verdicts.parquet", "verdicts").pandas()
    assert "its teacher's error_s minus its" in set(
        verdicts.loc[verdicts["predictor"] == "born_again", "quantity"]
    )
    assert (folder / "results/sweep.svg").stat().st_size > 5000


def test_results_do_not_depend_on_the_chunks(finished, tmp_path):
    folder = checkout(tmp_path)
    configure(folder, machine={"seeds_per_job": 4})
    run(folder, "results/theory/evaluation/scores.parquet")
    one, other = (
        artifacts.read(f / "results/theory/evaluation/scores.parquet", "scores").table
        for f in (finished[0], folder)
    )
    assert one.equals(other)


def kill_tree(process):
    """kill -9 of Snakemake and everything that it started."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.mark.parametrize("moment", range(3))
def test_kill_9_loses_no_finished_work_and_changes_no_number(finished, tmp_path, moment):
    folder = checkout(tmp_path)
    configure(folder, machine={"checkpoint_seconds": 0.05})
    # Random moments, but of this test's own seed: one early, one in training, one late.
    delay = random.Random(moment).uniform(3, 6) + 4 * moment
    process = subprocess.Popen(
        command(), cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    time.sleep(delay)
    kill_tree(process)
    # A training job had started, so the dataset's job had ended: its files must outlive the kill.
    kept = {}
    if any(folder.glob("logs/theory/single_*.log")):
        kept = {path: path.stat().st_mtime_ns for path in folder.glob("results/theory/dataset/*.parquet")}
        assert len(kept) == 3
    run(folder)
    reference = finished[0]
    for name in SCORES:
        assert (folder / "results" / name).read_bytes() == (reference / "results" / name).read_bytes(), name
    assert all(path.stat().st_mtime_ns == written for path, written in kept.items())


def test_a_second_run_beside_a_living_one_is_refused(tmp_path):
    folder = checkout(tmp_path)
    process = subprocess.Popen(
        command(), cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        deadline = time.monotonic() + 600
        while not (folder / ".snakemake/locks").is_dir() or not any((folder / ".snakemake/locks").iterdir()):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert "cannot be locked" in run(folder, check=False)
        assert process.poll() is None
    finally:
        kill_tree(process)


def test_the_report_tells_the_story_in_order_in_a_browser_without_a_network(finished, tmp_path):
    folder, _ = finished
    run(folder, "--report", str(tmp_path / "report.html"))
    found = browser.check(tmp_path / "report.html", tmp_path)
    assert found["categories"] == [
        *("1 Verdicts", "2 The data", "3 The race", "4 Ensembles", "5 Students", "8 The run")
    ]
    assert "Begin with 1 Verdicts" in found["landing"]
    seen = {one["path"]: one for one in found["seen"]}
    assert {f"results/theory/figures/{name}.svg" for name in FIGURES} <= set(seen)
    verdicts, run_ = found["seen"][0], found["seen"][-1]
    assert verdicts["path"] == "results/verdicts.html" and run_["path"] == "results/manifest.html"
    for claim in artifacts.read(folder / "results/verdicts.parquet", "verdicts").table.column("claim").to_pylist():
        assert claim in verdicts["text"]
    # Of the config also what it took by default, and of the run its versions and jobs.
    for text in ("classes: 4", "learned_ratio: 0.3", "pytorch-lightning", "theory/single_0-1"):
        assert text in run_["text"], text


def test_a_fault_of_a_report_would_be_seen(finished, tmp_path):
    folder, _ = finished
    run(folder, "--report", str(tmp_path / "report.html"))
    text = (tmp_path / "report.html").read_text()
    uri = re.search(r'"data_uri": "(data:image/svg[^"]+)"', text)[1]
    fault = "<script>no_such_thing()</script></body>"
    (tmp_path / "faulty.html").write_text(fault.join(text.replace(uri, uri[:200]).rsplit("</body>", 1)))
    found = browser.walk(tmp_path / "faulty.html", tmp_path)
    assert "no_such_thing" in "".join(found["errors"])
    assert sum(one.get("width") == 0 for one in found["seen"]) == 1


def test_the_verdicts_are_a_page(finished):
    folder, _ = finished
    page = (folder / "results/verdicts.html").read_text()
    table = artifacts.read(folder / "results/verdicts.parquet", "verdicts").table
    assert page.count("<tr>") == table.num_rows + 1


def test_the_numbers_of_a_run_can_be_taken_into_the_pages(finished, tmp_path):
    folder, _ = finished
    preset = tmp_path / "preset.yaml"
    preset.write_text("studies: {theory: {}, not_run: {}}")
    runs.take(folder / "results", tmp_path, preset)
    cost = json.loads((tmp_path / "preset/run.json").read_text())
    assert (
        0 <= cost["minutes"] < 60 and 0.1 < cost["memory"] < 4 and not (tmp_path / "preset/headline.md").exists()
    )
    text = "<!-- statements theory preset -->\n<!-- end -->"
    verdicts = artifacts.read(folder / "results/verdicts.parquet", "verdicts").table
    assert readme.fill(text, tmp_path).count("\n") == verdicts.num_rows + 3
    assert "T 32" in json.loads((tmp_path / "preset/chosen.json").read_text())["theory"]["distilled"]


def test_the_manifest_says_what_ran(finished):
    folder, _ = finished
    manifest = json.loads((folder / "results/manifest.json").read_text())
    jobs_ = {entry["job"]: entry for entry in manifest["jobs"]}
    assert {"theory/single_0-1", "theory/single_2-3", "theory/evaluate", "verdicts"} <= set(jobs_)
    assert jobs_["theory/single_0-1"]["seconds"] > 0 and manifest["seeds"]["theory"] == [0, 3]
    assert manifest["config"]["studies"]["theory"]["dataset"]["classes"] == 4


def test_another_workflow_can_take_it_as_a_module(tmp_path):
    (tmp_path / "multiview").mkdir()
    checkout(tmp_path / "multiview")
    raw = make_tiny(yaml.safe_load((ROOT / "config.yaml").read_text()))
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"ours": raw}))
    (tmp_path / "Snakefile").write_text(
        """
configfile: "config.yaml"


module multiview:
    snakefile: "multiview/workflow/Snakefile"
    config: config["ours"]
    prefix: "paper"


use rule * from multiview as multiview_*


rule table:
    input: "paper/results/theory/dataset/samples.parquet"
    output: "copy.parquet"
    resources: gpu=4
    shell: "echo {resources.gpu} > gpus.txt; cp {input} {output}"
"""
    )
    run(tmp_path, "table")
    assert (tmp_path / "gpus.txt").read_text().strip() == "4"  # the one GPU of a run of ours is no limit to others
    assert (tmp_path / "copy.parquet").exists()
    # The package is that of the module, whatever is installed.
    record = json.loads(pq.read_schema(tmp_path / "copy.parquet").metadata[artifacts.METADATA_KEY])
    assert record["revision"] == "unknown"  # the copy is no checkout


def python_in(folder):
    """An environment in a folder, with everything that this one has."""
    venv.create(folder / ".venv", symlinks=True)
    (packages,) = (folder / ".venv").glob("lib/*/site-packages")
    (packages / "all.pth").write_text(sysconfig.get_path("purelib"))
    return folder / ".venv/bin/python"


@pytest.mark.parametrize("name", ["my thesis", "$HOME's 100 % (ünï) & `co`; #1"])
def test_a_clone_and_its_environment_may_lie_in_any_folder(name, tmp_path):
    folder = checkout(tmp_path / name)
    arguments = ["-m", "snakemake", "--cores", "2", "results/theory/single/seeds_0-1/logits.parquet"]
    done = subprocess.run([python_in(folder), *arguments], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (folder / "results/theory/single/seeds_0-1/logits.parquet").exists()


def test_results_are_taken_up_where_the_clone_was_moved_or_copied_to(finished, tmp_path):
    moved = tmp_path / "moved"
    shutil.copytree(finished[0], moved, copy_function=shutil.copy2)
    assert "Nothing to be done" in run(moved, "-n")
    # To another machine: a fresh clone with the results, and without what Snakemake remembers.
    fresh = checkout(tmp_path / "fresh")
    subprocess.run(["cp", "-a", finished[0] / "results", fresh], check=True)
    assert "Nothing to be done" in run(fresh, "-n")


@pytest.mark.parametrize("elsewhere", [False, True])
def test_make_clean_deletes_what_is_drawn_again_alone(finished, tmp_path, elsewhere):
    folder = tmp_path / "cleaned"
    shutil.copytree(finished[0], folder, copy_function=shutil.copy2)
    if elsewhere:  # results lie on a larger disk, as on many clusters
        (folder / "results").rename(tmp_path / "large")
        (folder / "results").symlink_to(tmp_path / "large")
    subprocess.run(["make", "-f", ROOT / "Makefile", "clean"], cwd=folder, check=True)
    assert set(jobs(run(folder, "-n"))) == {"figures_theory", "summary", "all"}
    subprocess.run(["make", "-f", ROOT / "Makefile", "clean-results"], cwd=folder, check=True)
    left = {path.name for path in folder.iterdir()} & {"results", "logs", "benchmarks", "config.yaml"}
    assert left == {"config.yaml", "results"} if elsewhere else {"config.yaml"}
    assert not elsewhere or not any((tmp_path / "large").iterdir())


def test_names_of_studies_may_be_those_of_other_figures(tmp_path):
    names = ("sweep", "sweeps", "family_gaussian", "comparison_features_in_theory", "gaussian_normal_mlp_cnn")
    changes = {"studies": {name: {"based_on": "theory"} for name in names}}
    changes["sweeps"] = {"x": {"label": "$x$", "points": [{"value": 1, "study": "theory"}]}}
    (tmp_path / "named.yaml").write_text(yaml.safe_dump(changes))
    files = ("--configfile", str(ROOT / "config.yaml"), "named.yaml")
    run(tmp_path, "--snakefile", str(ROOT / "workflow/Snakefile"), "-n", *files)


@pytest.mark.parametrize("preset", sorted((ROOT / "workflow/presets").glob("*.yaml")), ids=lambda path: path.name)
def test_every_preset_passes_a_dry_run(preset, tmp_path):
    folder = tmp_path / "data/fashion_mnist"  # what a preset tells to make first
    folder.mkdir(parents=True)
    for name in ("train", "test"):
        (folder / f"{name}.parquet").touch()
    files = ("--configfile", str(ROOT / "config.yaml"), str(preset))
    run(tmp_path, "--snakefile", str(ROOT / "workflow/Snakefile"), "-n", "--quiet", *files)
