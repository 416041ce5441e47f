"""A tiny study on a real SLURM, undisturbed and with everything that goes wrong on a cluster."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
import slurm_cluster
import yaml
from conftest import ROOT, make_tiny
from test_workflow import checkout, run

pytestmark = pytest.mark.skipif(
    bool(slurm_cluster.missing()),
    reason=f"SLURM is not installed (Debian: slurm-wlm, munge): no {', '.join(slurm_cluster.missing())}",
)

STEPS = 6000
"""Of each seed: ten seconds or so, long enough for something to happen to a job."""

CHUNKS = ("0-1", "2-3")
TRAINED = [f"results/theory/single/seeds_{chunk}/logits.parquet" for chunk in CHUNKS]
TABLES = [
    f"results/theory/evaluation/{name}.parquet" for name in ("scores", "ensemble_errors", "lottery", "verdicts")
]
IMPATIENT = [
    *("--slurm-status-command", "squeue", "--slurm-init-seconds-before-status-checks", "2"),
    *("--seconds-between-status-checks", "2", "--latency-wait", "10"),
]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    one = slurm_cluster.Cluster(tmp_path_factory.mktemp("slurm"))
    yield one
    one.close()


def configure(folder, **changes):
    raw = yaml.safe_load((ROOT / "config.yaml").read_text())
    raw = make_tiny(raw, **changes)
    study = raw["studies"]["theory"]
    study |= {"students": {}, "joint": None}
    study["training"] |= {"loss_threshold": None, "max_steps": STEPS, "checkpoint_seconds": 1}
    (folder / "config.yaml").write_text(yaml.safe_dump(raw))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The study, run here without a cluster."""
    folder = checkout(tmp_path_factory.mktemp("undisturbed"))
    configure(folder)
    run(folder, *TABLES)
    return folder


@pytest.fixture
def folder(undisturbed, tmp_path):
    """The study, with its data alone."""
    folder = tmp_path / "study"
    shutil.copytree(undisturbed, folder, copy_function=shutil.copy2)
    for name in ("single", "checkpoints", "ensemble", "evaluation"):
        shutil.rmtree(folder / "results/theory" / name)
    return folder


def submitting(cluster, folder, *arguments):
    """Snakemake with the profile for SLURM, running."""
    command = [sys.executable, "-m", "snakemake", "--profile", "profiles/slurm", *IMPATIENT, *arguments]
    output = (folder / "output.txt").open("a")
    return subprocess.Popen(command, cwd=folder, env=cluster.env, stdout=output, stderr=output)


def finish(process, folder, code=0):
    """Wait for its end; return what it printed."""
    try:
        process.wait(timeout=420)
    finally:
        process.kill()
    output = (folder / "output.txt").read_text()
    assert process.returncode == code, output
    return output


def training(cluster, folder, chunk, seen=()):
    """Wait until a chunk is being trained and has been saved; return the number of its job."""
    first, last = chunk.split("-")

    def running():
        jobs = cluster.jobs("R")
        return [n for n, name in jobs.items() if name.endswith(f"train_wildcards_theory_{first}_{last}")]

    cluster.wait_for(lambda: set(running()) - set(seen), f"a job that trains {chunk}")
    saved = f"results/theory/checkpoints/*/seed_{first}.pt"
    cluster.wait_for(lambda: list(folder.glob(saved)), "a checkpoint")
    return (set(running()) - set(seen)).pop()


def same_tables(folder, undisturbed):
    """Evaluate what was trained, and hold it against the undisturbed run."""
    run(folder, *TABLES)
    for table in TABLES:
        assert (folder / table).read_bytes() == (undisturbed / table).read_bytes(), table


def resumed(folder, chunk):
    """Whether the last job of a chunk took up what an earlier one had saved."""
    log = (folder / f"logs/theory/train_{chunk}.log").read_text()
    return "is taken up from" in log


def test_a_dry_run_with_the_profile_needs_no_slurm(undisturbed):
    configure(undisturbed, studies={"theory": {"training": {"accelerator": "gpu"}}})
    output = run(undisturbed, "--profile", "profiles/slurm", "-n", "--forcerun", "train")
    configure(undisturbed)
    assert "gpu=1" in output and "runtime=60" in output


def test_a_study_through_slurm_has_the_tables_of_a_local_run(cluster, folder, undisturbed):
    # There is no GPU, but SLURM has some to give: the request is what counts.
    process = submitting(cluster, folder, "--set-resources", "train:gpu=1", "--", *TABLES)
    job = training(cluster, folder, CHUNKS[0])
    assert "gpu:1" in cluster.call("scontrol", "show", "job", job)
    finish(process, folder)
    same_tables(folder, undisturbed)
    submitted = [name for name in cluster.jobs().values() if "train_wildcards_theory" in name]
    assert len(submitted) == len(CHUNKS)


def test_jobs_that_are_cancelled_or_out_of_time_are_submitted_again(cluster, folder, undisturbed):
    process = submitting(cluster, folder, *TRAINED)
    one, other = (training(cluster, folder, chunk) for chunk in CHUNKS)
    cluster.call("scancel", one)
    (stuck,) = cluster.processes("python", f"JOB_ID={other}", "train.py")
    os.kill(stuck, signal.SIGSTOP)  # it hangs until its time is over; a minute is the least that SLURM knows
    cluster.call("scontrol", "update", f"JobId={other}", "TimeLimit=1")
    output = finish(process, folder)
    assert "CANCELLED" in output and "TIMEOUT" in output
    assert "SIGTERM at step" in output
    assert resumed(folder, CHUNKS[0]) and resumed(folder, CHUNKS[1])
    same_tables(folder, undisturbed)


def test_a_job_that_needs_more_memory_gets_it(cluster, folder, undisturbed):
    process = submitting(cluster, folder, "--set-resources", "train:mem_mb=attempt**4*130", "--", *TRAINED)
    output = finish(process, folder)
    assert "Trying to restart job" in output
    same_tables(folder, undisturbed)


def test_a_preempted_job_saves_what_it_has_and_carries_on(cluster, folder, undisturbed):
    process = submitting(cluster, folder, TRAINED[0])
    job = training(cluster, folder, CHUNKS[0])
    cluster.call("sbatch", "-p", "urgent", "-n4", "--mem=100", "-o", "/dev/null", "--wrap", "sleep 3")
    cluster.wait_for(lambda: job not in cluster.jobs("R"), "the end of the preempted job")
    finish(process, folder)
    assert resumed(folder, CHUNKS[0])
    run(folder, *TRAINED)
    same_tables(folder, undisturbed)


def test_a_node_that_is_lost_costs_nothing_that_was_saved(cluster, folder, undisturbed):
    process = submitting(cluster, folder, TRAINED[0])
    training(cluster, folder, CHUNKS[0])
    cluster.kill_node()
    time.sleep(2)
    cluster.start_node()
    finish(process, folder)
    assert resumed(folder, CHUNKS[0])
    run(folder, *TRAINED)
    same_tables(folder, undisturbed)


def test_snakemake_killed_and_started_again_while_jobs_run(cluster, folder, undisturbed):
    process = submitting(cluster, folder, *TRAINED)
    training(cluster, folder, CHUNKS[0])
    process.send_signal(signal.SIGKILL)
    process.wait()
    finish(submitting(cluster, folder, *TRAINED), folder)
    same_tables(folder, undisturbed)


def test_a_second_run_in_the_same_folder_is_refused(cluster, folder):
    process = submitting(cluster, folder, TRAINED[0])
    training(cluster, folder, CHUNKS[0])
    output = run(folder, *TRAINED, check=False)
    assert "lock" in output.lower()
    finish(process, folder)
    assert (folder / TRAINED[0]).exists()


def test_chunks_are_jobs(undisturbed, tmp_path):
    folder = tmp_path / "many"
    shutil.copytree(undisturbed, folder)
    configure(folder, seeds=50, seeds_per_job=4)
    output = run(folder, "--profile", "profiles/slurm", "-n", *TABLES)
    counts = [line.split()[1] for line in output.splitlines() if line.startswith("train ")]
    assert counts[0] == "13"  # 12 of four seeds, one of two
