"""What a run took, for the pages of the documents (`tools/readme.py`)."""

import datetime
import os
import sys
from pathlib import Path


def cost(jobs: list[dict]) -> dict[str, float]:
    """What a run took: ``minutes`` in which a job ran, ``cores`` of this machine, and in GB the ``memory`` of the
    largest job and the ``disk`` that the environment fills.

    A pause between two parts of a run, which leaves all jobs idle, does not count.
    """
    done = [job for job in jobs if "seconds" in job]
    seconds, end = 0.0, 0.0
    for start, length in sorted(
        (datetime.datetime.fromisoformat(job["started"]).timestamp(), job["seconds"]) for job in done
    ):
        seconds += max(0.0, start + length - max(end, start))
        end = max(end, start + length)
    files = [path for path in Path(sys.prefix).rglob("*") if path.is_file() and not path.is_symlink()]
    return {
        "minutes": round(seconds / 60),
        "cores": os.cpu_count() or 1,
        "memory": round(max((job["max_rss_mb"] or 0 for job in done), default=0) / 1024, 1),
        "disk": round(sum(path.stat().st_size for path in files) / 1e9, 1),
    }
