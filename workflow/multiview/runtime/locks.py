"""Locks: after a kill -9 one that nobody holds any more is taken away, so that the same command carries on.

Snakemake marks a folder as in use by files in ``.snakemake/locks`` and leaves them behind when it is killed.
Which of them are stale it cannot tell. This workflow notes the host and the process of its run: only the same
host may take the locks away, and only if that process is dead. An advisory lock besides keeps two runs that begin
at the same time on one host apart; across hosts many file systems know none. (`filelock.SoftFileLock` goes by the
same rule, but does not tell which host holds a lock, which the user has to know.)
"""

import fcntl
import json
import os
import platform
import shutil
from pathlib import Path

import psutil

_held = []  # open files: their locks last as long as this process


def hold(path: str | Path) -> bool:
    """Take the advisory lock of a file until this process ends, however it ends; tell whether it was free.

    Raises:
        OSError: if the file cannot be written, or its file system knows no such locks.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("w", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        if isinstance(error, BlockingIOError):
            return False
        raise
    _held.append(file)
    return True


def clear_if_stale(folder: str | Path = ".snakemake") -> str | None:
    """Remove Snakemake's locks in `folder` if the run that made them was killed here: it is this run's then.

    Returns a line for the user if there were locks, unless a living run of this host holds them.
    """
    folder = Path(folder)
    try:
        if not hold(folder / "multiview.lock"):
            return None
    except OSError:  # a file system without such locks: Snakemake's own are left alone
        return None
    locks, record = folder / "locks", folder / "multiview.run.json"
    owner, message = _read(record), None
    if locks.is_dir() and any(locks.iterdir()):
        if owner is None or owner["host"] != platform.node():
            by = f"process {owner['process']} on {owner['host']}" if owner else "an unknown run"
            return f"This folder is in use by {by}. If that has ended for good: snakemake --unlock"
        if _lives(owner):
            return None
        shutil.rmtree(locks)
        message = (
            "An earlier run in this folder was killed; this one carries it on. "
            "Jobs that it had submitted to a cluster may still be there: see `squeue --me`."
        )
    own = {"host": platform.node(), "process": os.getpid(), "began": psutil.Process().create_time()}
    record.write_text(json.dumps(own), encoding="utf-8")
    return message


def _read(record: Path) -> dict | None:
    try:
        owner = json.loads(record.read_text(encoding="utf-8"))
        return owner if {"host", "process", "began"} <= set(owner) else None
    except (OSError, ValueError, TypeError):
        return None


def _lives(owner: dict) -> bool:
    try:
        began = psutil.Process(owner["process"]).create_time()
    except psutil.NoSuchProcess:
        return False
    return abs(began - owner["began"]) < 1  # not another of its number
