"""What the script of every rule does first: send everything it says to its log, and take a GPU if it needs one."""

import datetime
import fcntl
import json
import logging
import os
import platform
import sys
import traceback
from pathlib import Path

from multiview.artifacts import ArtifactError
from multiview.config import ConfigError
from multiview.datasets.hub import DataError
from multiview.manifest import RECORD

EXPECTED = (ArtifactError, ConfigError, DataError, InterruptedError)

_held = []  # open files: their locks last as long as this process


def start(log_file: str, gpus: int = 0) -> None:
    """Log to `log_file`, and let an error that ends the job leave one clear line there and on the terminal.

    The log has a traceback besides, unless the error says by itself what is wrong and where.

    Args:
        log_file: of the job.
        gpus: 1 if the job has a GPU for itself, as resource ``gpu``.
    """
    stream = Path(log_file).open("w", buffering=1)  # noqa: SIM115 -- open until the process ends
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
        if isinstance(error, EXPECTED):
            print(line, file=stream)
        else:
            traceback.print_exception(kind, error, trace, file=stream)
        print(line, file=terminal)

    sys.excepthook = report
    record = {
        "host": platform.node(),
        "slurm_job": os.environ.get("SLURM_JOB_ID"),
        "started": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }
    print(RECORD + json.dumps(record))
    if gpus and "SLURM_JOB_ID" not in os.environ:  # a scheduler binds its jobs itself
        logging.info("takes GPU %s of this machine", take_gpu(visible_gpus()))


def use_package(folder: str | Path) -> None:
    """Let Python find this package in `folder` in every process that is started from now on."""
    others = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(folder), *([others] if others else [])])


def visible_gpus() -> list[str]:
    """The GPUs that this process may use, without asking CUDA, which would open them all."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return [one for one in named.split(",") if one]
    return sorted(path.name.removeprefix("nvidia") for path in Path("/dev").glob("nvidia[0-9]*"))


def take_gpu(names: list[str], folder: str | Path = ".snakemake/gpus") -> str:
    """Take a GPU that no other job of this run has, and let CUDA see no other.

    It is held by an advisory lock, which ends with the process, however that ends.

    Raises:
        ConfigError: if there is none: the resource ``gpu`` of the run promises more than there are.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        file = (folder / name).open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            continue
        _held.append(file)
        os.environ["CUDA_VISIBLE_DEVICES"] = name
        return name
    raise ConfigError(
        f"resources: gpu says that a GPU is free, but this machine has {len(names)} "
        f"({', '.join(names) or 'none'}), "
        "each taken by another job: set gpu to how many there are"
    )
