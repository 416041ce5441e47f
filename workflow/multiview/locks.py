"""After a kill -9, the same command carries on: a lock that nobody holds any more is taken away.

Snakemake marks a folder as in use by files in ``.snakemake/locks`` and leaves them behind when it is
killed. Which of them are stale it cannot tell; an advisory lock of the operating system can, as that one
ends with its process.
"""

import fcntl
import shutil
from pathlib import Path

_held = []  # open files: their locks last as long as this process


def hold(path: str | Path) -> bool:
    """Take the advisory lock of a file until this process ends, however it ends; tell whether it was free."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return False
    _held.append(file)
    return True


def clear_if_stale(folder: str | Path = ".snakemake") -> bool:
    """Remove Snakemake's locks in `folder` if no living run of this workflow holds it; tell whether any were.

    From then on this process holds it. A file system that knows no such locks is left alone.
    """
    folder = Path(folder)
    if not hold(folder / "multiview.lock"):
        return False
    locks = folder / "locks"
    stale = locks.is_dir() and any(locks.iterdir())
    if stale:
        shutil.rmtree(locks)
    return stale
