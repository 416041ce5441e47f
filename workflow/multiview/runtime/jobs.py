"""Start of a job: what every script does first. Its output goes to its log, and it takes a GPU if it needs one."""

import atexit
import datetime
import gc
import itertools
import json
import logging
import os
import platform
import shlex
import sys
import traceback
from pathlib import Path
from typing import Any, NoReturn

from multiview.config import ConfigError, Machine, load
from multiview.runtime import devices, slurm
from multiview.runtime.manifest import RECORD
from multiview.store import artifacts
from multiview.store.artifacts import ArtifactError, DataError

EXPECTED = (ArtifactError, ConfigError, DataError, InterruptedError)


def start(job: Any, frames: bool = True) -> None:
    """Log to the job's file, and let an error that ends the job leave one clear line there and on the terminal.

    The log has a traceback besides, unless the error says by itself what is wrong and where. Logs of attempts that
    failed, or were killed, are kept beside it, as ``NAME.log.1`` and so on. `job` is Snakemake's own object in
    scripts; of its resources, ``gpu`` is 1 if it has a GPU for itself. `frames` is False where a script makes no
    data frames: pandas is not imported then, but for a network of the user's, which may make some.
    """
    # Else Python looks for garbage all the time while libraries are imported: a fifth of a small job's time.
    gc.set_threshold(100_000, 50, 50)
    if not frames and json.loads(job.params.get("network", "{}")).get("kind") != "file":
        artifacts.without_pandas()
    log, terminal = Path(job.log[0]), sys.stderr
    stream = log.open("w", buffering=1, encoding="utf-8")  # open until the process ends
    copy = second_name(log)
    sys.stdout = sys.stderr = stream
    logging.basicConfig(
        stream=stream, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", force=True
    )
    # Lightning announces its devices and its products in every job; its warnings are kept.
    # (Importing it resets the level of its main logger, not that of this one.)
    logging.getLogger("pytorch_lightning.utilities.rank_zero").setLevel(logging.WARNING)
    failed = []

    def report(kind, error, trace):
        failed.append(kind)
        line = f"{kind.__name__}: {error}"
        print(line, file=terminal)  # first: the disk of the log may be full
        if isinstance(error, EXPECTED):
            print(line, file=stream)
        else:
            traceback.print_exception(kind, error, trace, file=stream)

    def forget():
        if not failed and copy is not None:
            copy.unlink(missing_ok=True)

    sys.excepthook = report
    atexit.register(forget)
    record = {
        "host": platform.node(),
        "slurm_job": os.environ.get("SLURM_JOB_ID"),
        "restarts": slurm.ask().get("restarts", 0) if devices.given_by_scheduler() else 0,
        "started": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }
    print(RECORD + json.dumps(record))
    if record["restarts"]:
        logging.warning("SLURM put this job back into its queue: it was preempted, or its node was lost")
    if job.resources.get("gpu", 0) and not devices.given_by_scheduler():
        logging.info("takes GPU %s of this machine", devices.take())


def end() -> NoReturn:
    """End a job that has succeeded, as the last line of its script.

    Whatever is to be done at exit is done, and then the process ends: for Python to take apart what was imported
    takes half a second.
    """
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.__stdout__, sys.__stderr__):
        stream.flush()
    os._exit(0)


def machine(job: Any) -> Machine:
    """How a job uses the machine: its study's section `machine`.

    It is taken from the whole config, and is no param of the rule: a change of it runs no job again.
    """
    return load(job.config).studies[job.params.study].machine


def seeds(job: Any) -> list[int]:
    """The seeds of a chunk that a job trains, or labels with."""
    return list(range(int(job.params.first_seed), int(job.params.last_seed) + 1))


def taught_by(job: Any) -> dict[int, list[int]]:
    """For each student of a job the seeds of the networks that teach it; the log says them too."""
    by_student = {int(seed): members for seed, members in json.loads(job.params.teachers).items()}
    for seed, members in by_student.items():
        logging.info("student %d learns from %s %s", seed, job.params.teacher, ", ".join(map(str, members)))
    return by_student


def about(job: Any) -> dict[str, Any]:
    """What the provenance of every trained network has of its job."""
    known = {"study": job.params.study, "threads": job.threads}
    if "teacher" in job.params.keys():  # noqa: SIM118 -- Snakemake's lists with names are no mappings
        known |= {"teacher": job.params.teacher, "teachers": json.loads(job.params.teachers)}
    return known


def second_name(log: Path) -> Path | None:
    """Give a log a second name, ``NAME.log.1`` or the next: Snakemake deletes the first before another attempt.

    It is to be deleted once the job has succeeded; None if the file system knows no second names.
    """
    for number in itertools.count(1):
        other = log.with_name(f"{log.name}.{number}")
        try:
            other.hardlink_to(log)
            return other
        except FileExistsError:
            continue
        except OSError:
            return None


def use_package(folder: str | Path) -> None:
    """Let Python find this package in `folder` in every process that is started from now on.

    Snakemake calls Python by its path, which it does not quote: where that has a space or the like (a clone with
    its .venv in ``my thesis``), Python is called by its name, and found there first.
    """
    others = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(folder), others]))
    if shlex.quote(sys.executable) != sys.executable:
        python = Path(sys.executable)
        os.environ["PATH"] = os.pathsep.join([str(python.parent), os.environ["PATH"]])
        sys.executable = python.name
