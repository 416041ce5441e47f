"""What jobs leave of themselves, and how they take GPUs."""

import json
import re
import subprocess
import sys
import tomllib

import pytest
from conftest import ROOT

from multiview import jobs, locks, manifest
from multiview.config import ConfigError


def test_a_log_says_where_its_job_ran_and_the_manifest_repeats_it(tmp_path):
    code = "from multiview import jobs; jobs.start('logs/a/train_0-1.log'); print('hello')"
    (tmp_path / "logs/a").mkdir(parents=True)
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, env={"SLURM_JOB_ID": "12"})
    (tmp_path / "logs/other.log").write_text("not ours\n")
    (tmp_path / "benchmarks/a").mkdir(parents=True)
    (tmp_path / "benchmarks/a/train_0-1.tsv").write_text("s\th:m:s\tmax_rss\n3.5\t0:00:03\tNA\n")
    (entry,) = manifest.jobs(tmp_path / "logs", tmp_path / "benchmarks")
    assert (entry["job"], entry["slurm_job"], entry["seconds"], entry["max_rss_mb"]) == (
        "a/train_0-1",
        "12",
        3.5,
        None,
    )
    assert (tmp_path / "logs/a/train_0-1.log").read_text().splitlines()[1] == "hello"
    whole = manifest.make({"x": 1}, {"a": [0, 1]}, tmp_path / "logs", tmp_path / "benchmarks")
    assert whole["hosts"] == [entry["host"]] and json.loads(json.dumps(whole)) == whole


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(locks, "_held", [])
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,5")
    return tmp_path


def test_each_job_takes_a_gpu_of_its_own(folder):
    assert jobs.visible_gpus() == ["2", "5"]
    take = "from multiview import jobs, sys; print(jobs.take_gpu(['2', '5'], sys.argv[1]), flush=True); input()"
    take = f"import sys; {take.replace('jobs, sys', 'jobs')}"
    holder = subprocess.Popen(
        [sys.executable, "-c", take, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline().strip() == "2"
    assert jobs.take_gpu(["2", "5"], folder) == "5"
    assert jobs.visible_gpus() == ["5"]
    with pytest.raises(ConfigError, match=r"gpu says .* this machine has 2 \(2, 5\)"):
        jobs.take_gpu(["2", "5"], folder)
    holder.kill()  # what it held is free at once, however it ends
    holder.wait()
    assert jobs.take_gpu(["2", "5"], folder) == "2"


def test_a_machine_without_gpus_is_told_so(folder):
    with pytest.raises(ConfigError, match=r"has 0 \(none\)"):
        jobs.take_gpu([], folder)


def pins(lines):
    """Library and version of lines such as ``"torch==2.13.0",  # tensors``."""
    found = re.findall(r"([A-Za-z][\w.-]*)==([\w.]+)", "\n".join(lines))
    return {name.lower().replace("_", "-"): version for name, version in found}


def test_environments_have_the_versions_of_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    ours = pins(project["dependencies"])
    assert len(ours) == len(project["dependencies"])
    assert pins((ROOT / "envs/multiview.yaml").read_text().splitlines()) == ours
    constraints = pins((ROOT / "envs/constraints.txt").read_text().splitlines())
    everything = ours | pins(project["optional-dependencies"]["slurm"] + project["optional-dependencies"]["test"])
    assert {name: constraints.get(name) for name in everything} == everything
    image = (ROOT / "envs/apptainer.def").read_text()
    assert "--constraint /opt/multiview/constraints.txt" in image and "python:3.11" in image
