"""What SLURM is asked while jobs run: whether they are preempted, and how long a partition lets them run.

How jobs are submitted is in ``profiles/slurm/config.yaml``, what they ask for in `multiview.runtime.resources`.

The plugin's ``--slurm-requeue`` is not enough: SLURM requeues what it has to kill. A job that saves what it has
and ends within the grace time counts as failed, and would use up one of its ``retries``.
"""

import atexit
import os
import re
import subprocess
import sys
from typing import Any

_NUMBERS = {"allocated": "StartTime", "preempted": "PreemptTime", "restarts": "Restarts"}


def ask() -> dict[str, int]:
    """What SLURM's controller says of this job; nothing if there is none, or if it does not answer.

    These are the Unix times when it was ``allocated`` its node and, if so, ``preempted``, and how many
    ``restarts`` SLURM itself has given it, of which a job's own environment says nothing.
    """
    text = _scontrol("show", "job") or ""
    matches = {name: re.search(rf"\b{word}=(\d+)", text) for name, word in _NUMBERS.items()}
    return {name: int(match[1]) for name, match in matches.items() if match}


def requeue_at_exit(workflow: Any) -> None:
    """When this process ends, and its job has failed because it is preempted, go back into the queue.

    SLURM tells the job's step to end, at whatever moment: while Snakemake starts in it, while a script imports,
    trains, writes. Of that step perhaps nothing is left that could ask for anything. This process, which waits for
    the step, is told nothing.
    """

    def end():
        if (workflow.scheduler is None or workflow.scheduler.failed) and requeue_if_preempted():
            print("SLURM preempts this job: it is put back into the queue", file=sys.stderr)

    atexit.register(end)


def requeue_if_preempted() -> bool:
    """Go back into the queue if that is why this job was told to end; tell whether it is so.

    A job that was cancelled or is out of time stays as it is.
    """
    job = ask()
    now = "preempted" in job and job["preempted"] >= job.get("allocated", 0)  # not before it ran this time
    return now and _scontrol("requeue") is not None


def longest(partition: str | None) -> int | None:
    """Minutes that a job may ask for, None if SLURM does not say.

    Of several partitions, between commas, the shortest decides; None is the default one.
    """
    asked = ["--partition", partition] if partition else []
    answer = _output("sinfo", "--noheader", "--format=%P|%l", *asked)
    rows = [line.split("|", 1) for line in (answer or "").splitlines() if "|" in line]
    limits = [_minutes(limit) for name, limit in rows if partition is not None or name.endswith("*")]
    return min((limit for limit in limits if limit is not None), default=None)


def _minutes(limit: str) -> int | None:
    """Of a time as SLURM writes it, ``[days-][hours:]minutes:seconds``; None if it is none, ``infinite`` say."""
    if not re.fullmatch(r"(\d+-)?\d+(:\d+){1,2}", limit):
        return None
    days, _, clock = limit.rpartition("-")
    hours, minutes, _ = [0, *map(int, clock.split(":"))][-3:]
    return int(days or 0) * 1440 + hours * 60 + minutes


def _scontrol(*command: str) -> str | None:
    job = os.environ.get("SLURM_JOB_ID")
    return None if job is None else _output("scontrol", *command, job)


def _output(*command: str) -> str | None:
    """What a command of SLURM prints; None if there is none, or if it fails."""
    try:
        return subprocess.run(
            command,
            env=os.environ | {"SLURM_TIME_FORMAT": "%s"},  # seconds of Unix time, whatever the time zone
            capture_output=True,
            text=True,
            errors="replace",  # names are other people's
            timeout=60,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
