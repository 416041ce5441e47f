"""What the doctor says of a machine: that all is well, or what is missing and what mends it."""

import os
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT

import doctor


def ask(*arguments, python=sys.executable, **environment):
    """Ask it as `make doctor` does; return whether a run can begin, and what it said."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow")} | environment
    command = [python, "tools/doctor.py", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode == 0, done.stdout


def test_it_says_what_there_is_and_what_will_run_where():
    well, text = ask()
    assert well and "Nothing that a run needs is missing." in text
    assert f"cores        {doctor.cores()}\n" in text
    for what in ("Python", "memory", "disk", "GPUs", "compiler", "SLURM", "studies", "time", "network"):
        assert f"\n{what} " in f"\n{text}", what
    assert "jobs for single networks and students" in text and "minutes on" in text


def test_it_can_be_asked_before_anything_is_installed(tmp_path):
    # Python alone, without this environment's libraries.
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    well, text = ask(python=str(tmp_path / "bare/bin/python"))
    assert not well and "libraries: make run" in text


@pytest.mark.parametrize(
    ("environment", "command"),
    [
        ({"PATH": "/nowhere"}, "apt-get install g++ python3-dev"),
        ({"XDG_CACHE_HOME": "/proc/nowhere"}, "export XDG_CACHE_HOME="),
    ],
)
def test_what_is_missing_has_a_command_that_mends_it(environment, command):
    _, text = ask(**environment)
    assert command in text.split("Missing", 1)[1]


def test_a_user_without_a_home_is_told_so(monkeypatch):
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("HOME", raising=False)

    def unknown(_):
        raise KeyError("uid not found")

    monkeypatch.setattr("pwd.getpwuid", unknown)
    report = doctor.Report()
    doctor._machine(report)
    assert any("export HOME=$PWD USER=" in line for line in report.needed)


def test_a_preset_for_gpus_asks_for_them():
    well, text = ask("workflow/presets/paper.yaml", HF_HUB_OFFLINE="1")
    assert not well and "GPU: snakemake --profile profiles/slurm" in text and "cifar10" in text


def test_too_little_disk_and_memory_are_said(monkeypatch, capsys):
    monkeypatch.setattr(doctor, "memory_gb", lambda: 1.5)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(2e9, 1e9, 1e9))
    report = doctor.Report()
    doctor._machine(report)
    assert {line.split(":")[0] for line in report.needed} == {"memory", "disk"}
