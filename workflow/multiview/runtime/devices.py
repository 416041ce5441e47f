"""Devices: on which a job trains, decided once, where the run begins, for scheduling, training and provenance."""

import functools
import itertools
import logging
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Literal

from multiview.config import ConfigError
from multiview.runtime.locks import hold

GPUS = "MULTIVIEW_GPUS"
"""Environment variable with the number of GPUs that ``accelerator: auto`` may count on. Jobs inherit it."""

SCHEDULED = "MULTIVIEW_SCHEDULED"
"""Environment variable that is set in jobs which a cluster's scheduler has started, each with its own GPU."""


def begin_run() -> int:
    """Count the GPUs of this machine, for every job that is started from now on."""
    os.environ.pop(SCHEDULED, None)
    os.environ[GPUS] = str(count())
    return int(os.environ[GPUS])


def begin_scheduled_job() -> None:
    """Note that a scheduler has started this job, which binds its jobs to GPUs itself.

    On clusters that pass no variables on ``auto`` is the CPU: a node may have GPUs that are not the job's.
    """
    os.environ[SCHEDULED] = "1"
    os.environ.setdefault(GPUS, "0")


def given_by_scheduler() -> bool:
    """Whether a scheduler has given this very job its GPU. One may also have given several to the whole run."""
    return SCHEDULED in os.environ


def visible() -> list[str]:
    """The GPUs that CUDA may use here, by its numbers, without asking it, which would open them all.

    None are found of other makes.
    """
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        names = [name.strip() for name in named.split(",")]
        # CUDA takes those before the first that is none, as of `0,-1,1` and of `-1` or `NoDevFiles` alone.
        return list(itertools.takewhile(re.compile(r"\d+$|(MIG-)?GPU-|MIG-").match, names))
    # CUDA counts those that are there from 0; in a container the devices keep the numbers of the whole machine.
    return [str(i) for i, _ in enumerate(Path("/dev").glob("nvidia[0-9]*"))]


def count() -> int:
    """How many GPUs PyTorch can use here: none, if it is a build for CPUs.

    It is asked in a process of its own, and only where there are devices: importing it takes seconds.
    """
    if not visible():
        return 0
    command = [sys.executable, "-c", "import torch; print(torch.cuda.device_count())"]
    done = subprocess.run(command, capture_output=True, text=True)
    return int(done.stdout) if done.returncode == 0 else 0


def take(folder: str | Path | None = None, seconds: float = 5.0) -> str:
    """Take a GPU that no other job on this machine has, of whatever run, and let CUDA see no other; wait for it.

    It is held by an advisory lock, which ends with the process, however that ends. The `folder` of the locks is
    one for all runs of a user on this machine; `seconds` pass between looking for one again.

    Raises:
        ConfigError: if the machine has none, or there can be no locks in the folder.
    """
    names = visible()
    if not names:
        raise ConfigError(
            "machine.accelerator is gpu, but this machine has no GPU that CUDA may use; set it to cpu or auto"
        )
    # Allocations of a cluster have GPUs of their own, each counted from 0.
    allocation = os.environ.get("SLURM_JOB_ID", "")
    folder = Path(folder or Path(tempfile.gettempdir()) / f"multiview-{os.getuid()}" / "gpus") / allocation
    announced = False
    while True:
        for name in names:
            try:
                free = hold(folder / name)
            except OSError as error:
                raise ConfigError(
                    f"GPUs are shared out by locks in {folder}, but none can be made there "
                    f"({error.strerror or error}): set TMPDIR to a folder of this machine's own disk"
                ) from error
            if free:
                os.environ["CUDA_VISIBLE_DEVICES"] = name
                return name
        if not announced:
            logging.info("waits: other jobs have GPU %s of this machine", ", ".join(names))
            announced = True
        time.sleep(seconds)


def resolve(accelerator: str) -> Literal["cpu", "gpu"]:
    """What an accelerator of the config stands for: ``auto`` is a GPU if the run began where there is one."""
    if accelerator == "auto":
        return "gpu" if int(os.environ.get(GPUS) or count()) else "cpu"
    return accelerator


def type_of(accelerator: str) -> Literal["cpu", "cuda"]:
    """PyTorch's name of the kind of device.

    Raises:
        ConfigError: if it is a GPU, and PyTorch can use none here.
    """
    if resolve(accelerator) == "cpu":
        return "cpu"
    import torch

    if not torch.cuda.is_available():
        raise ConfigError(
            f"machine.accelerator is {accelerator}, but PyTorch {torch.__version__} can use no GPU on "
            f"{os.uname().nodename}: set it to cpu, or install a build of PyTorch for this machine's GPU"
        )
    return "cuda"


def name(accelerator: str) -> str:
    """Of the device itself: that of the GPU, or ``cpu``."""
    if type_of(accelerator) == "cpu":
        return "cpu"
    import torch

    return torch.cuda.get_device_name()


@functools.cache
def cannot_compile(device: str) -> str | None:
    """Why `torch.compile` fails on a kind of device, found by compiling a sum; None if it works.

    It needs a C++ compiler and Python's headers, on GPUs as well.
    """
    import torch

    try:
        torch.compile(lambda x: (x + 1).relu().sum())(torch.ones(64, device=device))
    except Exception as error:  # anything, from a missing program to a missing header
        return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return None
