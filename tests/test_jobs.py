"""What jobs leave of themselves, and how they take GPUs."""

import errno
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tomllib

import psutil
import pytest
import torch
from conftest import ROOT
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from snakemake.cli import parse_args

from multiview.config import ConfigError
from multiview.runtime import devices, locks, manifest, slurm


def test_a_log_says_where_its_job_ran_and_the_manifest_repeats_it(tmp_path):
    code = """
from types import SimpleNamespace
from multiview.runtime import jobs
jobs.start(SimpleNamespace(log=["logs/a/single_0-1.log"], resources={}))
print("hello")
"""
    (tmp_path / "logs/a").mkdir(parents=True)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/scontrol").write_text("#!/bin/sh\necho '   Requeue=1 Restarts=2 BatchFlag=1'\n")
    (tmp_path / "bin/scontrol").chmod(0o755)
    environment = {"SLURM_JOB_ID": "12", devices.SCHEDULED: "1", "PATH": f"{tmp_path}/bin:/usr/bin:/bin"}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, env=environment)
    (tmp_path / "logs/other.log").write_text("not ours\n")
    (tmp_path / "benchmarks/a").mkdir(parents=True)
    (tmp_path / "benchmarks/a/single_0-1.tsv").write_text("s\th:m:s\tmax_rss\n3.5\t0:00:03\tNA\n")
    (entry,) = manifest.jobs(tmp_path / "logs", tmp_path / "benchmarks")
    assert (entry["job"], entry["slurm_job"], entry["seconds"], entry["max_rss_mb"]) == (
        "a/single_0-1",
        "12",
        3.5,
        None,
    )
    lines = (tmp_path / "logs/a/single_0-1.log").read_text().splitlines()
    assert entry["restarts"] == 2 and "SLURM put this job back into its queue" in lines[1] and lines[2] == "hello"
    whole = manifest.make({"x": 1}, {"a": [0, 1]}, tmp_path / "logs", tmp_path / "benchmarks")
    assert whole["hosts"] == [entry["host"]] and json.loads(json.dumps(whole)) == whole


@pytest.mark.parametrize(("kind", "frames"), [("two_layer", False), ("file", True)])
def test_a_network_of_the_users_may_make_data_frames_and_no_other(tmp_path, kind, frames):
    code = f"""
import json, sys
from types import SimpleNamespace
from multiview.runtime import jobs
params = {{"network": json.dumps({{"kind": "{kind}"}})}}
jobs.start(SimpleNamespace(log=["a.log"], resources={{}}, params=params), frames=False)
import pyarrow
pyarrow.array([1])
assert ("pandas" in sys.modules) == {frames}
"""
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)


@pytest.mark.parametrize(("at", "requeued"), [("1000000050", True), ("None", False)])
def test_a_preempted_job_goes_back_into_the_queue_and_no_other(tmp_path, monkeypatch, at, requeued):
    scontrol = tmp_path / "scontrol"
    scontrol.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/called\necho "   PreemptTime={at}"\n')
    scontrol.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    assert not slurm.requeue_if_preempted()
    monkeypatch.setenv("SLURM_JOB_ID", "12")
    assert slurm.requeue_if_preempted() == requeued
    assert ("requeue 12" in (tmp_path / "called").read_text()) == requeued


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(locks, "_held", [])
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,5")
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    return tmp_path


def taking(*arguments, **environment):
    """A process that takes a GPU, in whatever folder it runs, and keeps it; and which one it has got."""
    code = "import sys; from multiview.runtime.devices import take; print(take(*sys.argv[1:]), flush=1); input()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    )
    return process, process.stdout.readline().strip()


def test_each_job_takes_a_gpu_of_its_own_and_waits_until_one_is_free(folder, monkeypatch):
    assert devices.visible() == ["2", "5"]
    holder, first = taking(folder)
    assert (first, devices.take(folder)) == ("2", "5")
    assert devices.visible() == ["5"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,5")

    def ends(seconds):
        holder.kill()  # what it held is free at once, however it ends
        holder.wait()

    monkeypatch.setattr(devices.time, "sleep", ends)
    assert devices.take(folder) == "2"


def test_two_clones_share_the_gpus_of_a_machine(folder):
    # Without a folder the locks are the machine's: another clone's job, in another folder, sees them.
    one, first = taking(TMPDIR=str(folder))
    two, second = taking(TMPDIR=str(folder))
    assert {first, second} == {"2", "5"}
    # Allocations of a cluster have GPUs of their own: two on one node may both count from 0.
    other, third = taking(TMPDIR=str(folder), SLURM_JOB_ID="7")
    assert third == "2"
    for process in (one, two, other):
        process.kill()
        process.wait()


def test_the_end_of_a_job_leaves_out_nothing_that_is_due_at_exit(tmp_path):
    code = """
import atexit, logging, weakref
atexit.register(print, "registered before the job began")
from types import SimpleNamespace
from multiview.runtime import jobs
jobs.start(SimpleNamespace(log=["job.log"], resources={}))
class Kept:
    pass
kept = Kept()
weakref.finalize(kept, print, "finalized")
atexit.register(print, "registered by the job")
logging.info("logged")
print("written, without a new line", end="")
jobs.end()
"""
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    text = (tmp_path / "job.log").read_text()
    due = ("before the job began", "finalized", "by the job", "logged", "without a new line")
    assert all(text.count(words) == 1 for words in due)
    assert not (tmp_path / "job.log.1").exists()


def test_every_script_is_a_job_from_its_first_line_to_its_last():
    for path in (ROOT / "workflow/scripts").glob("*.py"):
        lines = path.read_text().splitlines()
        calls = [line for line in lines if line.startswith("jobs.")]
        assert calls[0].startswith("jobs.start(snakemake") and calls[-1] == lines[-1] == "jobs.end()", path


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("0, 1", ["0", "1"]),
        ("0,-1,1", ["0"]),
        ("-1", []),
        ("NoDevFiles", []),
        ("GPU-8932f937,MIG-GPU-8932f937/1/0", ["GPU-8932f937", "MIG-GPU-8932f937/1/0"]),
    ],
)
def test_the_gpus_are_those_that_cuda_sees(folder, monkeypatch, text, names):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", text)
    assert devices.visible() == names
    for name in names:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", text)
        assert devices.take(folder) == name


def test_where_there_can_be_no_locks_that_is_one_error_and_no_endless_wait(folder, monkeypatch):
    def waits(seconds):
        raise TimeoutError("it waits")

    def refuses(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(devices.time, "sleep", waits)
    (folder / "file").touch()
    with pytest.raises(ConfigError, match=r"locks in .*Not a directory.*TMPDIR"):
        devices.take(folder / "file/gpus")
    monkeypatch.setattr(locks.fcntl, "flock", refuses)
    with pytest.raises(ConfigError, match=r"locks in .*No locks available.*TMPDIR"):
        devices.take(folder)
    assert locks.clear_if_stale(folder) is None


@pytest.mark.parametrize(
    ("partition", "rows", "minutes"),
    [
        ("short,long", ("long|7-00:00:00", "short|12:00"), 12),
        ("short,any", ("any|infinite", "short|12:00"), 12),
        ("any", ("any|infinite",), None),
        (None, ("long|7-00:00:00", "short*|12:00"), 12),
    ],
)
def test_the_shortest_of_several_partitions_decides(tmp_path, monkeypatch, partition, rows, minutes):
    sinfo = tmp_path / "sinfo"
    sinfo.write_text("#!/bin/sh\n" + "".join(f"echo '{row}'\n" for row in rows))
    sinfo.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert slurm.longest(partition) == minutes


def test_a_machine_without_gpus_is_told_so(folder, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(ConfigError, match="this machine has no GPU"):
        devices.take(folder)


@pytest.mark.parametrize(
    ("environment", "taken"),
    [
        ({}, True),
        ({"SLURM_JOB_ID": "7"}, True),  # the run itself is in an allocation of several GPUs
        ({"SLURM_JOB_ID": "7", devices.SCHEDULED: "1"}, False),  # the job was submitted
    ],
)
def test_a_job_takes_a_gpu_unless_a_scheduler_has_given_it_one(folder, environment, taken):
    code = """
from types import SimpleNamespace
from multiview.runtime import jobs
jobs.start(SimpleNamespace(log=["a.log"], resources={"gpu": 1}))
"""
    path = {"TMPDIR": str(folder), "CUDA_VISIBLE_DEVICES": "2,5", "PATH": "/usr/bin:/bin"}
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=True, env=path | environment)
    assert ("takes GPU 2 of this machine" in (folder / "a.log").read_text()) == taken


def test_auto_is_resolved_once_for_scheduling_and_training(folder, monkeypatch):
    monkeypatch.setattr(devices, "count", lambda: 2)
    monkeypatch.setenv(devices.GPUS, "unset")  # restored afterwards
    assert devices.begin_run() == 2
    monkeypatch.setattr(devices, "count", lambda: pytest.fail("counted again"))
    assert [devices.resolve(one) for one in ("auto", "cpu", "gpu")] == ["gpu", "cpu", "gpu"]
    monkeypatch.delenv(devices.GPUS)
    monkeypatch.setenv(devices.SCHEDULED, "unset")
    devices.begin_scheduled_job()  # of a cluster that passes no variables on
    assert devices.resolve("auto") == "cpu"


def test_a_gpu_that_this_pytorch_cannot_use_counts_as_none(folder):
    # CUDA_VISIBLE_DEVICES names two, and the machine of these tests has none.
    assert devices.count() == torch.cuda.device_count()


LOG = """
from types import SimpleNamespace
from multiview.runtime import jobs
jobs.start(SimpleNamespace(log=["a.log"], resources={}))
print("attempt", NUMBER)
END
"""


def test_a_retry_keeps_the_log_of_the_attempt_that_failed(tmp_path):
    ends = ["raise ValueError('first')", "import os; os.kill(os.getpid(), 9)", "", ""]
    for number, end in enumerate(ends):
        (tmp_path / "a.log").unlink(missing_ok=True)  # as Snakemake does before it starts a job
        code = LOG.replace("NUMBER", str(number)).replace("END", end)
        subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True)
        names = sorted(path.name for path in tmp_path.glob("a.log*"))
        assert names == ["a.log", "a.log.1", "a.log.2"][: number + 2]  # killed ones too
        assert f"attempt {number}" in (tmp_path / "a.log").read_text()
    assert "ValueError: first" in (tmp_path / "a.log.1").read_text()
    assert "attempt 1" in (tmp_path / "a.log.2").read_text()


def owner(**changes):
    return {"host": platform.node(), "process": os.getpid(), "began": psutil.Process().create_time()} | changes


DEAD = 2**22 + 1  # above the largest number of a process


@pytest.mark.parametrize(
    ("record", "cleared"),
    [
        (owner(process=DEAD), True),  # killed, on this host
        (owner(began=1.0), True),  # another process has its number by now
        (owner(), False),  # alive, where the file system's locks are of no use
        (owner(host="another"), False),  # of another login node
        (owner(host="another", process=DEAD), False),
        (None, False),  # nobody knows
        ("{", False),
    ],
)
def test_only_the_host_of_a_run_that_is_dead_takes_its_lock_away(folder, record, cleared):
    (folder / "locks").mkdir()
    (folder / "locks/0.input.lock").touch()
    if record is not None:
        (folder / "multiview.run.json").write_text(record if isinstance(record, str) else json.dumps(record))
    message = locks.clear_if_stale(folder)
    assert (folder / "locks").exists() != cleared
    if cleared:
        assert "was killed; this one carries it on" in message
        assert json.loads((folder / "multiview.run.json").read_text()) == owner()
    elif record is None or record == "{" or record["host"] == "another":
        assert "snakemake --unlock" in message and ("on another" in message) == isinstance(record, dict)
    else:
        assert message is None


def pins(text):
    """Library and version of lines such as ``torch==2.13.0``."""
    pairs = re.findall(r"^[ -]*([A-Za-z][\w.-]*)==([\w.]+)", text, re.MULTILINE)
    return {name.lower().replace("_", "-"): version for name, version in pairs}


def test_environments_have_versions_of_the_range_of_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [*project["optional-dependencies"]["slurm"], *project["optional-dependencies"]["test"]]
    ours = [Requirement(line) for line in [*project["dependencies"], *extras] if "[" not in line]
    texts = {name: (ROOT / "envs" / name).read_text() for name in ("lock.txt", "torch.txt", "multiview.yaml")}
    locked = pins(texts["lock.txt"]) | pins(texts["torch.txt"])
    for one in ours:
        if one.marker is not None and not one.marker.evaluate():
            continue
        assert locked[one.name.lower()] in one.specifier, one.name
        assert one.specifier, f"{one.name}: any version at all"
    # Hashes of everything, but for PyTorch, which comes in several builds.
    blocks = re.split(r"\n(?=\S)", texts["lock.txt"].strip())
    assert len(blocks) > 100 and all("--hash=sha256:" in block for block in blocks)
    assert "torch" not in pins(texts["lock.txt"])

    conda = pins(texts["multiview.yaml"])
    assert set(conda) == {Requirement(line).name.lower() for line in project["dependencies"]}
    assert conda.items() <= locked.items()
    image = (ROOT / "envs/apptainer.def").read_text()
    for python in (re.search(r"- python=(\S+)", texts["multiview.yaml"])[1], re.search(r"python:(.+)-", image)[1]):
        assert SpecifierSet(project["requires-python"]).contains(f"{python}.0")
    assert "--require-hashes --requirement /opt/multiview/lock.txt" in image and not pins(image)
    copied = dict(line.split() for line in image.split("%files")[1].split("%post")[0].strip().splitlines())
    assert copied["envs/lock.txt"] == "/opt/multiview/lock.txt"
    assert all((ROOT / path).exists() for path in copied)


def chosen_python(tmp_path, *there, **variables):
    """The interpreter that the Makefile chooses where only some are there, each of which says its version."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, version in there:
        python = folder / name
        # As Debian's without python3-venv, a shim that leads nowhere, or a real one.
        code = (
            f'exec {sys.executable} -c "import sys; sys.version_info = {version}; $2"' if version else "exit 127"
        )
        python.write_text(f"#!/bin/sh\n{code}\n")
        python.chmod(0o755)
    for tool in ("sh", "cat", "pwd", "grep"):
        (folder / tool).symlink_to(shutil.which(tool))
    command = [shutil.which("make"), "-n", "-f", ROOT / "Makefile", "-f", "-", "moved"]
    recipe = "$(info $(PYTHON))\n"
    environment = {"PATH": str(folder)} | variables
    done = subprocess.run(command, input=recipe, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[0]


@pytest.mark.parametrize(
    ("there", "chosen"),
    [
        ([("python3.11", (3, 11, 7)), ("python3.13", (3, 13, 0))], "python3.11"),
        ([("python3.12", (3, 12, 1)), ("python3", (3, 12, 1))], "python3.12"),
        ([("python3.11", None), ("python3.13", (3, 13, 0))], "python3.13"),
        ([("python3", (3, 14, 0))], "python3"),
        ([("python3", (3, 10, 4)), ("python", (3, 12, 0))], "python"),
        ([("python3", (3, 15, 0))], ""),
        ([], ""),
    ],
)
def test_the_makefile_takes_the_python_that_is_there(tmp_path, there, chosen):
    assert chosen_python(tmp_path, *there) == chosen


def test_an_environment_that_was_moved_is_made_anew(tmp_path):
    old, new = tmp_path / "old folder", tmp_path / "new $folder"
    (old / ".venv").mkdir(parents=True)
    for name in ("envs", "pyproject.toml", "Makefile"):
        (old / name).symlink_to(ROOT / name)
    (old / ".venv/locked").write_text(f"{old}\n")
    (old / ".venv/installed").touch()
    (old / ".venv/bin").mkdir()
    python = old / ".venv/bin/python"
    command = ["make", "-n", ".venv/installed"]

    def said(folder):
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout

    # The Python that made it is of another version since, which does not see its libraries; or it is gone.
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    assert "venv --clear" in said(old)
    python.unlink()
    python.symlink_to(tmp_path / "gone")
    assert "venv --clear" in said(old)
    python.unlink()
    python.write_text("#!/bin/sh\nexit 0\n")
    python.chmod(0o755)
    assert "up to date" in said(old)
    old.rename(new)
    assert "venv --clear" in said(new)


def test_libraries_go_into_the_environment_whatever_pips_own_settings_are(tmp_path):
    # Many clusters set PIP_USER, with which pip refuses to install into an environment.
    command = ["make", "-s", "-f", ROOT / "Makefile", "-f", "-", "said"]
    environment = os.environ | {"PIP_USER": "1"}
    done = subprocess.run(
        command,
        input="said:\n\t@echo user: $$PIP_USER\n",
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines()[-1] == "user: 0"


@pytest.mark.parametrize(("profile", "gpus"), [("local-gpu", 2), ("slurm", 200)])
def test_a_profile_says_how_many_gpus_there_are(profile, gpus, monkeypatch):
    # profiles/default is laid over it, and must not say otherwise.
    monkeypatch.chdir(ROOT)
    _, said = parse_args(["--profile", f"profiles/{profile}"])
    assert said.resources["gpu"].value == gpus
