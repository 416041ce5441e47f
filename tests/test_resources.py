"""What jobs ask a cluster for follows from their config, and is enough."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml
from conftest import ROOT
from pydantic import TypeAdapter
from test_workflow import checkout, command
from torch.utils.flop_counter import FlopCounterMode

from multiview import config
from multiview.networks.registry import bare
from multiview.runtime import resources

NETWORKS = [
    {"kind": "wide_resnet", "depth": 16, "width": 2},
    {"kind": "cnn", "channels": [8, 16, 4]},
    {"kind": "vgg", "channels": [8, 16], "convolutions": [2, 3]},
    {"kind": "mlp", "hidden": [20, 7]},
]


@pytest.mark.parametrize("settings", NETWORKS, ids=lambda one: one["kind"])
def test_multiplications_and_parameters_are_those_that_pytorch_counts(settings):
    section, shape = TypeAdapter(config.ImageNetwork).validate_python(settings), (3, 9, 7)
    network = bare(section, torch.Size(shape), 10)
    counter = FlopCounterMode(display=False)
    with counter:
        network.eval()(torch.zeros(1, *shape))
    layers = resources.convolutions(section, shape)
    # The last layer and normalisations are left out: they are small.
    assert 0.8 < 2 * sum(layer[0] for layer in layers) / counter.get_total_flops() < 1.01
    parameters = sum(p.numel() for p in network.parameters())
    assert 0.7 < sum(layer[2] for layer in layers) / parameters < 1.01


def study(default, name, **changes):
    return config.load(default).studies[name].model_copy(update=changes)


def test_more_work_asks_for_more(default):
    loaded = config.load(default)
    digits, theory = loaded.studies["digits"], loaded.studies["theory"]
    longer = digits.training.model_copy(update={"epochs": 10 * digits.training.epochs})
    few, many = (
        resources.image_minutes(digits, loaded.images, one, "cpu", 1) for one in (digits.training, longer)
    )
    assert resources.START < few < many
    assert resources.image_minutes(digits, loaded.images, longer, "gpu", 1) < many
    # All samples at once are more than a block of them, of an average of ten networks ten times as many.
    at_once = theory.model_copy(update={"machine": config.Machine(block_samples=0)})
    asked = [
        resources.theory_megabytes(one, "cpu", 1, networks) for networks in (1, 10) for one in (theory, at_once)
    ]
    assert asked[0] < asked[1] < asked[3] and asked[3] - asked[2] > 8 * (asked[1] - asked[0])
    for name, one in loaded.images.items():  # of the default run no job asks for a day, or for a large machine
        assert resources.image_minutes(one, loaded.images, one.training, "cpu", one.machine.seeds_per_job) < 120, (
            name
        )
        assert resources.image_megabytes(one, loaded.images, one.training, "cpu", labelled=10) < 4000, name


def test_labelling_asks_for_what_it_does_not_for_what_training_would(default):
    loaded = config.load(default)
    digits = loaded.images["digits"]
    training = resources.image_minutes(digits, loaded.images, digits.training, "cpu", 10)
    labelling = resources.label_minutes(digits, loaded.images, "cpu", 10)
    assert resources.START < labelling < training  # 9 passes forward, not 40 forward and backward
    many = digits.model_copy(update={"copies": 900})
    assert resources.label_minutes(many, loaded.images, "cpu", 10) > training
    # Of one network more: 900 x 400 x 10 numbers of 4 bytes, three times.
    one, two = (resources.label_megabytes(many, loaded.images, "cpu", n) for n in (1, 2))
    assert 43 <= two - one < 60


CODE = """
import sys
from types import SimpleNamespace
import yaml
from multiview import config
from multiview.training import full_batch_job
from multiview.data import multi_view
study = config.load(yaml.safe_load(open(sys.argv[1]))).studies["theory"]
full_batch_job.read = lambda _: multi_view.draw(study.dataset)
full_batch_job.jobs.machine = lambda _: study.machine
network = study.network.model_dump_json()
params = SimpleNamespace(predictor="single", network=network, checkpoints=sys.argv[2])
job = full_batch_job.Job(SimpleNamespace(threads=1, input=SimpleNamespace(samples=""), params=params))
job.tables(job.fit([0], study.training, members=int(sys.argv[3])))
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])  # KiB
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="nothing here tells the memory of a process")
def test_all_samples_at_once_fit_into_the_memory_that_is_asked_for(default, tmp_path):
    theory = default["studies"]["theory"]
    theory["dataset"] |= {"mu": 0.1, "train_samples": 100, "test_multi_samples": 2000, "test_single_samples": 500}
    theory["machine"], theory["training"] = {"block_samples": 0, "accelerator": "cpu"}, {"max_steps": 2}
    theory["joint"], default["studies"] = None, {"theory": theory}
    default |= {"families": {}, "comparisons": {}}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(default))
    command = [sys.executable, "-c", CODE, tmp_path / "config.yaml", tmp_path / "checkpoints", "10"]
    used = float(subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True).stdout) / 1024
    loaded = config.load(default).studies["theory"]
    asked = resources.theory_megabytes(loaded, "cpu", 1, networks=10)
    assert asked / 4 < used < asked


def requested(output):
    """What each job of a dry run asks for: its rule and study, and its resources."""
    for rule, body in re.findall(r"^(?:local)?rule (\w+):\n((?:    .*\n)+)", output, re.MULTILINE):
        lines = dict(line.strip().split(": ", 1) for line in body.splitlines() if ": " in line)
        study = dict(pair.split("=") for pair in lines.get("wildcards", "").split(", ") if "=" in pair).get(
            "study"
        )
        yield (
            rule,
            study,
            dict(pair.split("=", 1) for pair in lines.get("resources", "").split(", ") if "=" in pair),
        )


def test_jobs_of_every_rule_that_trains_ask_for_what_follows_from_the_config_and_for_the_gpus_there_are(tmp_path):
    folder = checkout(tmp_path / "clone")
    raw = yaml.safe_load((folder / "config.yaml").read_text())
    default = yaml.safe_load((ROOT / "config.yaml").read_text())
    raw["studies"]["theory"] |= {"joint": {"networks": 2, "runs": 1}}
    raw["studies"]["digits"] = default["studies"]["digits"] | {"seeds": 4, "features": None}
    more = {"machine": {"block_samples": 0}, "training": {"max_steps": 10**6}}
    of_students = {"distillation": {"training": {"max_steps": 10**6}}}
    raw["studies"]["theory_more"] = (
        {"based_on": "theory", "dataset": {"test_multi_samples": 30000}} | more | of_students
    )
    more = {"training": {"epochs": 4000, "batch_size": 400}, "copies": 900}
    raw["studies"]["digits_more"] = {"based_on": "digits"} | more
    raw["studies"]["theory_auto"] = {"based_on": "theory", "machine": {"accelerator": "auto"}}
    raw["machine"]["accelerator"] = "cpu"
    (folder / "config.yaml").write_text(yaml.safe_dump(raw))
    # A machine with two GPUs: PyTorch says so where it is asked.
    (tmp_path / "there").mkdir()
    (tmp_path / "there/torch.py").write_text("class cuda:\n    device_count = staticmethod(lambda: 2)\n")
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "there"), "CUDA_VISIBLE_DEVICES": "0,1"}
    targets = [
        f"results/{study}/summary.md"
        for study in ("theory", "theory_auto", "theory_more", "digits", "digits_more")
    ]
    done = subprocess.run(command("-n", *targets), cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    asked = {}
    for rule, study, own in requested(done.stdout + done.stderr):
        asked.setdefault(rule, {}).setdefault(study, []).append(own)
    training = [
        "train",
        "distil",
        "train_images",
        "try_objectives",
        "distil_images",
        "label_copies",
    ]
    assert set(training) <= set(asked)
    for rule in training:
        auto = asked[rule].pop("theory_auto", [])
        less, much = (asked[rule][study] for study in sorted(asked[rule]))
        for key in ("mem_mb", "runtime"):
            assert max(int(one[key]) for one in less) < min(int(one[key]) for one in much), (rule, key)
        assert {one["gpu"] for one in [*less, *much]} == {"0"} and {one["gpu"] for one in auto} <= {"1"}, rule
    for rule in ("dataset", "image_dataset", "evaluate", "evaluate_theory"):
        assert all(
            int(one["mem_mb"]) >= 2000 and "gpu" not in one for ones in asked[rule].values() for one in ones
        )


def test_a_ceiling_that_is_no_number_of_minutes_is_one_error(tmp_path):
    folder = checkout(tmp_path)
    asked = ("--default-resources", "runtime_ceiling=2d")
    done = subprocess.run(command("-n", *asked), cwd=folder, capture_output=True, text=True)
    output = done.stdout + done.stderr
    assert done.returncode and "runtime_ceiling: found '2d', expected a whole number of minutes" in output
    assert "Traceback" not in output


def test_no_job_asks_for_more_minutes_than_the_partition_allows(tmp_path):
    folder = checkout(tmp_path / "clone")
    # The executor looks for squeue before anything else, here also where no SLURM is installed.
    for name, answer in {"sinfo": "echo 'short*|12:00'", "squeue": "true"}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{answer}\n")
        (tmp_path / name).chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    asked = command("-n", "--profile", "profiles/slurm")
    done = subprocess.run(asked, cwd=folder, env=environment, capture_output=True, text=True)
    output = done.stdout + done.stderr
    assert done.returncode == 0 and "runtime: jobs ask for at most 12 minutes" in output
    minutes = {rule: int(own["runtime"]) for rule, _, own in requested(output)}
    assert {"dataset", "train", "evaluate_theory"} <= minutes.keys() and max(minutes.values()) == 12, minutes
