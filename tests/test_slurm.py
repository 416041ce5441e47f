"""A tiny study on a real SLURM, undisturbed and with everything that goes wrong on a cluster."""

import collections
import json
import os
import re
import shutil
import signal
import subprocess
import sys

import pytest
import slurm_cluster
import yaml
from conftest import ROOT, make_tiny
from test_workflow import checkout, run

from multiview.runtime import slurm

pytestmark = pytest.mark.skipif(
    bool(slurm_cluster.missing()),
    reason=f"SLURM is not installed (Debian: slurm-wlm, munge): no {', '.join(slurm_cluster.missing())}",
)

STEPS = 3000
"""Of each seed: some seconds, long enough for a job to be held before it ends."""

CHUNKS = ("0-1", "2-3")
TRAINED = [f"results/theory/single/seeds_{chunk}/logits.parquet" for chunk in CHUNKS]
TABLES = [
    f"results/theory/evaluation/{name}.parquet" for name in ("scores", "ensemble_errors", "lottery", "measures")
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


def configure(folder, steps=STEPS, **changes):
    raw = yaml.safe_load((ROOT / "config.yaml").read_text())
    raw = make_tiny(raw, **changes)
    study = raw["studies"]["theory"]
    study |= {"students": {}, "joint": None}
    study["training"] = {"loss_threshold": None, "max_steps": steps}
    raw["machine"] |= {"checkpoint_seconds": 1}
    (folder / "config.yaml").write_text(yaml.safe_dump(raw))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The study, run here without a cluster."""
    folder = checkout(tmp_path_factory.mktemp("undisturbed"))
    configure(folder)
    run(folder, *TABLES)
    return folder


def with_data_alone(undisturbed, folder):
    """A copy of the study, without what was trained."""
    shutil.copytree(undisturbed, folder, copy_function=shutil.copy2, dirs_exist_ok=True)
    for name in ("single", "ensemble", "evaluation"):
        shutil.rmtree(folder / "results/theory" / name)
    return folder


@pytest.fixture
def folder(undisturbed, tmp_path):
    """The study, with its data alone."""
    return with_data_alone(undisturbed, tmp_path / "study")


def submitting(cluster, folder, *arguments):
    """Snakemake with the profile for SLURM, running; what it prints is in output.txt beside its folder."""
    command = [sys.executable, "-m", "snakemake", "--profile", "profiles/slurm", *IMPATIENT, *arguments]
    output = (folder.parent / "output.txt").open("w")
    return subprocess.Popen(command, cwd=folder, env=cluster.env, stdout=output, stderr=output)


def finish(process, folder, succeeds=True):
    """Wait for its end; return what it printed."""
    try:
        process.wait(timeout=1800)
    finally:
        process.kill()
    output = (folder.parent / "output.txt").read_text()
    assert (process.returncode == 0) == succeeds, output
    return output


def held(cluster, what, moment, chunks=CHUNKS):
    """Wait until the jobs of some chunks are at some moment; return their numbers.

    The training of each is stopped as soon as it is there, so that none has ended when something happens to all.
    SLURM lets it go on when it tells the job to end, and so does `released`.
    """
    numbers = {}

    def all_held():
        jobs = {name: number for number, name in cluster.jobs("R").items()}
        for chunk in set(chunks) - set(numbers):
            first, last = chunk.split("-")
            names = [name for name in jobs if name.endswith(f"train_wildcards_theory_single_{first}_{last}")]
            if names and moment(chunk):
                numbers[chunk] = jobs[names[0]]
                for process in cluster.processes("python", f"JOB_ID={numbers[chunk]}", "train.py"):
                    os.kill(process, signal.SIGSTOP)
        return len(numbers) == len(chunks)

    cluster.wait_for(all_held, what)
    return [numbers[chunk] for chunk in chunks]


def released(cluster, *numbers):
    """Let jobs that are held go on."""
    for number in numbers:
        for process in cluster.processes("python", f"JOB_ID={number}", "train.py"):
            os.kill(process, signal.SIGCONT)


def saved(folder, chunk):
    """Whether a chunk is being trained and has been saved."""
    return bool(list(folder.glob(f"results/theory/checkpoints/single/{chunk}/*/seed_{chunk.split('-')[0]}.pt")))


def training(cluster, folder, *chunks):
    """Wait until chunks are being trained and have been saved; return the numbers of their jobs, held."""
    return held(cluster, f"jobs that train {chunks}", lambda chunk: saved(folder, chunk), chunks)


def log_of(folder, chunk):
    path = folder / f"logs/theory/single_{chunk}.log"
    return path.read_text() if path.exists() else ""


def resumed(folder, chunk):
    """Whether the last job of a chunk took up what an earlier one had saved."""
    return "is taken up from" in log_of(folder, chunk)


def put_back(folder, chunk):
    """How often SLURM has put the job of a chunk back into its queue, as the job says."""
    log = log_of(folder, chunk)
    if "SLURM put this job back into its queue" not in log:
        return 0
    return json.loads(log.splitlines()[0].removeprefix("job "))["restarts"]


def same_tables(folder, undisturbed):
    """Evaluate what was trained, and hold it against the undisturbed run."""
    run(folder, *TABLES)
    for table in TABLES:
        assert (folder / table).read_bytes() == (undisturbed / table).read_bytes(), table


def test_a_dry_run_with_the_profile_needs_no_slurm(undisturbed):
    configure(undisturbed, machine={"accelerator": "gpu"})
    output = run(undisturbed, "--profile", "profiles/slurm", "-n", "--forcerun", "train")
    configure(undisturbed)
    assert "gpu=1" in output and re.search(r"runtime=[1-5][0-9],", output)


def edited(folder, *lines):
    """Edit the profile of a folder as its comments say: uncomment lines, or change their values."""
    profile = folder / "profiles/slurm/config.yaml"
    text = profile.read_text()
    for line in lines:
        key = line.split("=")[0]
        text, number = re.subn(rf"^  (# )?- {key}=\S+", f"  - {line}", text, flags=re.MULTILINE)
        assert number == 1, line
    profile.write_text(text)


def test_jobs_ask_for_no_more_than_the_partition_allows_in_the_way_that_the_cluster_knows(
    cluster, undisturbed, tmp_path
):
    folder = with_data_alone(undisturbed, tmp_path / "l'été of my thesis")
    configure(folder, machine={"accelerator": "gpu"})
    edited(folder, "slurm_partition=short", "gpu_gres=gpu:a100:1")
    before = set(cluster.jobs())
    process = submitting(cluster, folder, "--retries", "0", "--", TRAINED[0])
    output = finish(process, folder, succeeds=False)
    assert "runtime: jobs ask for at most 12 minutes" in output and "runtime_ceiling" in output
    (number,) = set(cluster.jobs()) - before
    asked = cluster.call("scontrol", "show", "job", number)
    assert "TresPerNode=gres:gpu:a100:1" in asked and "TresPerJob" not in asked  # --gres, not --gpus
    assert "TimeLimit=00:12:00" in asked and "Partition=short" in asked
    # It ran, and there is no GPU that PyTorch can use.
    assert "ConfigError: machine.accelerator is gpu, but PyTorch" in output
    # The log of the attempt is kept where the next one begins.
    configure(folder, steps=20)
    finish(submitting(cluster, folder, "--", TRAINED[0]), folder)
    assert "ConfigError" in (folder / f"logs/theory/single_{CHUNKS[0]}.log.1").read_text()
    assert "ConfigError" not in log_of(folder, CHUNKS[0])


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("30:00", 30),
        ("1:00:00", 60),
        ("2-12:00:00", 3600),
        ("infinite", None),
        ("n/a", None),
    ],
)
def test_times_of_slurm(text, minutes):
    assert slurm._minutes(text) == minutes


def test_fifty_seeds_are_thirteen_jobs_and_have_the_tables_of_a_local_run(cluster, undisturbed, tmp_path):
    local = with_data_alone(undisturbed, tmp_path / "local")
    configure(local, steps=20, seeds=50, machine={"seeds_per_job": 50})
    run(local, *TABLES)

    folder = with_data_alone(undisturbed, tmp_path / "study")
    configure(folder, steps=20, seeds=50, machine={"seeds_per_job": 4})
    edited(folder, "slurm_partition=main", "gpu_model=a100")
    before = set(cluster.jobs())
    # There is no GPU, but SLURM has two to give: the request is what counts.
    gpus = ("--set-resources", "train:gpu=1")
    process = submitting(cluster, folder, *gpus, "--", *TABLES, "results/manifest.json")
    cluster.wait_for(lambda: len(cluster.jobs("R")) == 2, "two jobs with a GPU each")
    finish(process, folder)

    submitted = {number: name for number, name in cluster.jobs().items() if number not in before}
    rules = collections.Counter(name.split("_wildcards")[0] for name in submitted.values())
    assert rules == {"rule_train": 13, "rule_evaluate_theory": 1}  # 12 of four seeds, one of two
    for number, name in submitted.items():
        asked = cluster.call("scontrol", "show", "job", number)
        assert f"TresPerJob=gres:gpu:a100:{int('rule_train' in name)}" in asked
        assert "Partition=main" in asked
    for table in TABLES:
        assert (folder / table).read_bytes() == (local / table).read_bytes(), table

    manifest = json.loads((folder / "results/manifest.json").read_text())
    assert len([job for job in manifest["jobs"] if job["slurm_job"] in submitted and "single" in job["job"]]) == 13


def test_jobs_that_are_cancelled_or_out_of_time_are_submitted_again(cluster, folder, undisturbed):
    process = submitting(cluster, folder, *TRAINED)
    cancelled, stuck = training(cluster, folder, *CHUNKS)
    cluster.call("scancel", cancelled)
    cluster.call("scontrol", "update", f"JobId={stuck}", "EndTime=now+1")  # it hangs until its time is over
    output = finish(process, folder)
    assert "CANCELLED" in output and "TIMEOUT" in output
    assert "SIGTERM at step" in output
    assert resumed(folder, CHUNKS[0]) and resumed(folder, CHUNKS[1])
    same_tables(folder, undisturbed)


def test_a_job_that_needs_more_memory_gets_it(cluster, folder, undisturbed):
    # Enough for Python to begin, not for PyTorch. Of a job without a line in its log Snakemake does not show
    # SLURM's.
    process = submitting(cluster, folder, "--set-resources", "train:mem_mb=attempt**3*320", "--", *TRAINED)
    output = finish(process, folder)
    assert "exceeded memory limit" in output
    assert "Trying to restart job" in output and "mem_mb=2560" in output
    same_tables(folder, undisturbed)


def preempt(cluster):
    """Submit a job that needs the whole node: SLURM tells the others to end, and gives them time to save."""
    jobs = set(cluster.jobs("R"))
    cluster.call("sbatch", "-p", "urgent", "-n4", "--mem=100", "-o", "/dev/null", "--wrap", "sleep 1")
    cluster.wait_for(lambda: not jobs & set(cluster.jobs("R")), "the end of the preempted jobs")


def test_jobs_of_a_lost_node_and_preempted_ones_carry_on(cluster, folder, undisturbed):
    process = submitting(cluster, folder, *TRAINED)
    training(cluster, folder, *CHUNKS)
    cluster.kill_node()
    cluster.start_node()
    # They are preempted three times: as Snakemake starts in them, as the script imports, as it trains.
    cluster.wait_for(lambda: len(cluster.steps()) == len(CHUNKS), "the second start")
    preempt(cluster)
    output = folder.parent / "output.txt"
    for restarts, moment in ((2, put_back), (3, resumed)):

        def started(chunk, restarts=restarts, moment=moment):
            assert "Trying to restart" not in output.read_text()  # none of the retries is used up
            return put_back(folder, chunk) == restarts and moment(folder, chunk)

        held(cluster, f"start {restarts + 1}", started)
        preempt(cluster)
    assert "Trying to restart" not in finish(process, folder)
    assert all(put_back(folder, chunk) >= 3 and resumed(folder, chunk) for chunk in CHUNKS)
    same_tables(folder, undisturbed)


def test_a_second_run_is_refused_and_one_that_is_killed_is_carried_on(cluster, folder, undisturbed):
    process = submitting(cluster, folder, *TRAINED)
    (number,) = training(cluster, folder, CHUNKS[0])  # it must not be done before the second run looks
    assert "cannot be locked" in run(folder, *TRAINED, check=False)
    released(cluster, number)
    assert process.poll() is None
    process.kill()  # the jobs that it has submitted run on
    process.wait()
    output = finish(submitting(cluster, folder, *TRAINED), folder)
    assert "An earlier run in this folder was killed" in output
    same_tables(folder, undisturbed)


def test_a_disk_that_fills_up_costs_nothing_that_was_saved(cluster, undisturbed, tmp_path):
    disk = tmp_path / "study"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=50m", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("no right to mount a file system")
    try:
        folder = with_data_alone(undisturbed, disk)
        process = submitting(cluster, folder, "--retries", "0", "--", *TRAINED)
        numbers = training(cluster, folder, *CHUNKS)
        try:
            with (disk / "full").open("wb") as file:
                while True:
                    file.write(bytes(2**16))
        except OSError:
            pass
        released(cluster, *numbers)
        output = finish(process, folder, succeeds=False)
        assert "No space left on device" in output
        (disk / "full").unlink()
        same_tables(folder, undisturbed)
        for chunk in CHUNKS:
            assert resumed(folder, chunk)
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)
