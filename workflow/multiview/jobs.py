"""What the script of every rule does first: send everything it says to its log, and take a GPU if it needs one."""

import atexit
import json
import logging
import os
import platform
import sys
import traceback
from pathlib import Path
from typing import Any

from multiview import slurm, waiting, worktime
from multiview.artifacts import ArtifactError
from multiview.config import ConfigError
from multiview.datasets.hub import DataError
from multiview.locks import hold
from multiview.manifest import RECORD

EXPECTED = (ArtifactError, ConfigError, DataError, InterruptedError)


def start(job: Any) -> None:
    """Log to the job's file, and let an error that ends the job leave one clear line there and on the terminal.

    The log has a traceback besides, unless the error says by itself what is wrong and where.

    Args:
        job: Snakemake's own object in scripts; of its resources, ``gpu`` is 1 if it has a GPU for itself.
    """
    stream = Path(job.log[0]).open("w", buffering=1)  # noqa: SIM115 -- open until the process ends
    terminal = sys.stderr
    sys.stdout = sys.stderr = stream
    logging.basicConfig(
        stream=stream, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", force=True
    )
    # Lightning announces its devices and its products in every job; its warnings are kept.
    # (Importing it resets the level of its main logger, not that of this one.)
    logging.getLogger("pytorch_lightning.utilities.rank_zero").setLevel(logging.WARNING)

    def report(kind, error, trace):
        line = f"{kind.__name__}: {error}"
        print(line, file=terminal)  # first: the disk of the log may be full
        if isinstance(error, EXPECTED):
            print(line, file=stream)
        else:
            traceback.print_exception(kind, error, trace, file=stream)
        if isinstance(error, InterruptedError) and slurm.requeue_if_preempted():
            print("SLURM preempts this job: it is put back into the queue", file=terminal)

    sys.excepthook = report
    atexit.register(waiting.finished, list(job.output))
    atexit.register(lambda: print(f"{worktime.WORKED}{worktime.worked():.2f} s", file=stream))
    of_slurm = waiting.of_this_run(slurm.ask())
    record = {
        "host": platform.node(),
        "slurm_job": os.environ.get("SLURM_JOB_ID"),
        "restarts": of_slurm.get("restarts", 0),
    } | waiting.moments(job.input, of_slurm)
    print(RECORD + json.dumps(record))
    if record["restarts"]:
        logging.warning("SLURM put this job back into its queue: it was preempted, or its node was lost")
    there = visible_gpus()
    # A scheduler binds its jobs itself.
    if job.resources.get("gpu", 0) and there and "SLURM_JOB_ID" not in os.environ:
        logging.info("takes GPU %s of this machine", take_gpu(there))


def use_package(folder: str | Path) -> None:
    """Let Python find this package in `folder` in every process that is started from now on."""
    others = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(folder), *([others] if others else [])])


def visible_gpus() -> list[str]:
    """The GPUs that CUDA may use here, by its numbers, without asking it, which would open them all.

    None are found of other makes: which of them a job uses is left to Lightning.
    """
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return [one for one in named.split(",") if one]
    # CUDA counts those that are there from 0; in a container the devices keep the numbers of the whole machine.
    return [str(i) for i, _ in enumerate(Path("/dev").glob("nvidia[0-9]*"))]


def take_gpu(names: list[str], folder: str | Path = ".snakemake/gpus") -> str:
    """Take a GPU that no other job of this run has, and let CUDA see no other.

    It is held by an advisory lock, which ends with the process, however that ends.

    Raises:
        ConfigError: if there is none: the resource ``gpu`` of the run promises more than there are.
    """
    for name in names:
        if hold(Path(folder) / name):
            os.environ["CUDA_VISIBLE_DEVICES"] = name
            return name
    raise ConfigError(
        f"resources: gpu says that a GPU is free, but this machine has {len(names)} "
        f"({', '.join(names) or 'none'}), "
        "each taken by another job: set gpu to how many there are"
    )
