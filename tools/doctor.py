"""What this machine has, what would run where and for how long, and what is missing: ``make doctor``.

    python tools/doctor.py [PRESET.yaml]

It needs nothing but Python itself, so that it can be asked before anything is installed; what it knows of the
config it says once the environment is there. It exits with 1 if something is missing that a run needs.
"""

import argparse
import importlib.util
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

RANGE = ((3, 11), (3, 15))
"""Versions of Python: from the first, below the second."""
NEEDED_GB = 4
"""Disk space of the environment with a CPU build of PyTorch, and of a default run."""
LIBRARIES = ("snakemake", "torch", "pytorch_lightning", "numba", "pyarrow", "pandas", "pydantic", "psutil", "yaml")
HUB = "huggingface.co"


class Report:
    """Lines of findings, and the commands that mend what is missing."""

    def __init__(self):
        self.needed, self.optional = [], []

    def line(self, what, found):
        """Print one finding."""
        print(f"{what:<12} {found}")

    def missing(self, what, found, command, needed=True):
        """Print that something is missing, and note what mends it."""
        self.line(what, found)
        (self.needed if needed else self.optional).append(f"{what}: {command}")

    def check(self, there, what, found, absent, command, needed=True):
        """Print a finding, or that it is missing and what mends it."""
        if there:
            self.line(what, found)
        else:
            self.missing(what, absent, command, needed)


def _output(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def _allowed(name):
    """The numbers in a file of a container's limits; infinite where it sets none."""
    try:
        return [float(word.replace("max", "inf")) for word in Path("/sys/fs/cgroup", name).read_text().split()]
    except (OSError, ValueError):
        return [float("inf"), 1.0]


def cores():
    """How many cores this process may use, with what a container allows."""
    number = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota, period = _allowed("cpu.max")
    return max(1, int(min(number, quota / period)))


def memory_gb():
    """Memory in GB, with what a container allows."""
    return min(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), _allowed("memory.max")[0]) / 1e9


def _python(report):
    version = platform.python_version()
    right, found = RANGE[0] <= sys.version_info[:2] < RANGE[1], f"{version}, {sys.executable}"
    absent, command = f"{version}: 3.11 to 3.14 are needed", "apt-get install python3 python3-venv"
    report.check(right, "Python", found, absent, command)
    if importlib.util.find_spec("ensurepip") is None:
        report.missing("venv", "Python's module ensurepip is missing", "apt-get install python3-venv")
    absent = [name for name in LIBRARIES if importlib.util.find_spec(name) is None]
    if absent:
        report.missing("libraries", f"not installed: {', '.join(absent)}", "make run (it sets up .venv)")
    return not absent


def _machine(report):
    report.line("cores", cores())
    memory, free = memory_gb(), shutil.disk_usage(".").free / 1e9
    found, command = f"{memory:.1f} GB", "snakemake --cores 1 (a job needs 2 to 4 GB)"
    report.check(memory >= 4, "memory", found, found, command)
    command = f"make room: {NEEDED_GB} GB for environment and results"
    report.check(free >= NEEDED_GB, "disk", f"{free:.0f} GB free", f"{free:.1f} GB free", command)
    folder = os.environ.get("XDG_CACHE_HOME")
    try:
        cache = Path(folder) if folder else Path.home() / ".cache"
        cache.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=cache).close()
    except OSError:
        found = f"{cache} cannot be written, where Snakemake and Matplotlib keep files"
        report.missing("cache", found, "export XDG_CACHE_HOME=$PWD/.cache")
    except RuntimeError:  # as in a container, run as a user that it does not know
        report.missing("home", "this user has no home folder, and HOME is not set", "export HOME=$PWD USER=me")
    with tempfile.NamedTemporaryFile(dir=".") as file:
        try:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            report.line("locks", "this folder's file system has them")
        except (ImportError, OSError):
            found = "this folder's file system has none: a killed run's lock stays"
            report.missing("locks", found, "snakemake --unlock, after a run was killed", needed=False)


def _gpus(report, installed):
    names = _output("nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader").splitlines()
    report.line("GPUs", "; ".join(names) or "none that nvidia-smi knows")
    if not installed:
        return 0
    usable = int(_output(sys.executable, "-c", "import torch; print(torch.cuda.device_count())") or 0)
    if names or usable:
        command = ".venv/bin/pip install --force-reinstall torch, from PyTorch's index for this machine's driver"
        report.check(usable, "PyTorch", f"can use {usable}", "this build can use no GPU", command, needed=False)
    return usable


def _tools(report):
    compiler = next((name for name in ("g++", "clang++", "c++") if shutil.which(name)), None)
    headers = Path(sysconfig.get_path("include"), "Python.h").exists()
    lacks = [*([] if compiler else ["a C++ compiler"]), *([] if headers else ["Python's headers"])]
    found = f"{compiler}, and Python's headers: networks can be compiled (machine.compile)"
    absent = f"no {' and no '.join(lacks)}: networks are not compiled"
    report.check(not lacks, "compiler", found, absent, "apt-get install g++ python3-dev", needed=False)
    for name in ("git", "make"):
        path = shutil.which(name)
        report.check(path, name, path, "not found", f"apt-get install {name}", needed=False)
    partitions = "; ".join(_output("sinfo", "--noheader", "--format=%P %l %G").splitlines())
    found = f"partition, longest job, GPUs: {partitions}"
    report.line("SLURM", found if partitions else "no answer from sinfo: jobs run on this machine")


def _network(report, needed):
    try:
        socket.create_connection((HUB, 443), timeout=3).close()
        report.line("network", f"{HUB} answers")
    except OSError:
        found = f"{HUB} does not answer: "
        absent = found + "its data sets are needed"
        command = f"reach {HUB}, or put the Parquet files into a folder and set dataset.path"
        report.check(not needed, "network", found + "not needed by this config", absent, command)


def _plan(report, preset, gpus):
    """What would run where, and how long it takes. Returns whether data sets of the hub are needed."""
    import yaml
    from snakemake.utils import update_config

    from multiview import config
    from multiview.runtime import resources

    raw = yaml.safe_load(Path("config.yaml").read_text(encoding="utf-8"))
    if preset:
        update_config(raw, yaml.safe_load(Path(preset).read_text(encoding="utf-8")))
    try:
        settings = config.load(raw)
    except config.ConfigError as error:
        report.missing("config", "cannot be run", str(error))
        return False
    studies = settings.studies
    wanted = ("gpu", "auto") if gpus else ("gpu",)
    device = {name: "gpu" if one.machine.accelerator in wanted else "cpu" for name, one in studies.items()}
    on_gpu = [name for name in studies if device[name] == "gpu"]
    jobs = sum(len(one.chunks_of(name)) for one in studies.values() for name in ("single", *one.students))
    where = f"{len(on_gpu)} on {gpus} GPUs" if on_gpu else "all on the CPU"
    report.line("studies", f"{len(studies)} ({where}), {jobs} jobs for single networks and students, and others")
    if on_gpu and not gpus:
        command = "snakemake --profile profiles/slurm, or machine: {accelerator: cpu}"
        report.missing("GPU", f"asked for by {', '.join(on_gpu)}", command)
    largest = max(
        resources.theory_megabytes(one, "cpu", one.machine.seeds_per_job)
        if name in settings.theory
        else resources.image_megabytes(one, settings.images, one.training, device[name])
        for name, one in studies.items()
    )
    at_once = max(1, int(memory_gb() * 1000 // largest))
    if at_once < cores():
        command = f"snakemake --cores {at_once} (or --resources mem_mb={int(memory_gb() * 1000)})"
        report.missing("memory", f"a job needs up to {largest} MB", command, needed=False)
    run = Path("docs/results/run.json")
    if preset is None and run.exists():
        measured = json.loads(run.read_text(encoding="utf-8"))
        used = min(cores(), at_once)
        minutes = measured["minutes"] * max(measured["cores"] / used, 0.25)
        where = f"({measured['minutes']} were measured on {measured['cores']})"
        report.line("time", f"about {minutes:.0f} minutes on {used} cores {where}")
    else:
        hours = (
            sum(
                resources.theory_minutes(one, one.training, "cpu", one.seeds)
                if name in settings.theory
                else resources.image_minutes(one, settings.images, one.training, device[name], one.seeds)
                for name, one in studies.items()
            )
            / 60
        )
        report.line("time", f"at most {hours:.1f} hours of one core or GPU for the networks, estimated")
    pictures = [getattr(one.dataset, "pictures", one.dataset) for one in settings.images.values()]
    return any(one.kind in config.HUB and one.path is None for one in pictures)


def main():
    """Print the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("preset", nargs="?", help="a config file laid over config.yaml")
    preset = parser.parse_args().preset
    report = Report()
    installed = _python(report)
    _machine(report)
    gpus = _gpus(report, installed)
    _tools(report)
    needed = _plan(report, preset, gpus) if installed else False
    _network(report, needed)
    for title, lines in (("Missing, and needed:", report.needed), ("Missing, and not needed:", report.optional)):
        if lines:
            print(f"\n{title}\n" + "\n".join(f"  {line}" for line in lines))
    if not report.needed:
        print("\nNothing that a run needs is missing.")
    return 1 if report.needed else 0


if __name__ == "__main__":
    sys.exit(main())
