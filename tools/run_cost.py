"""What a run took, for the pages of the documents (`tools/readme.py`)."""

import os
import sys
from pathlib import Path


def cost(jobs: list[dict]) -> dict[str, float]:
    """What a run took: ``minutes`` on the ``cores`` of this machine, and in GB the ``memory`` of the largest job
    and the ``disk`` that the environment fills.

    Minutes are those of all jobs together over the cores: what a run takes that keeps them busy, whatever else was
    run between its jobs.
    """
    done = [job for job in jobs if "seconds" in job]
    cores = os.cpu_count() or 1
    files = [path for path in Path(sys.prefix).rglob("*") if path.is_file() and not path.is_symlink()]
    return {
        "minutes": round(sum(job["seconds"] for job in done) / cores / 60),
        "cores": cores,
        "memory": round(max((job["max_rss_mb"] or 0 for job in done), default=0) / 1024, 1),
        "disk": round(sum(path.stat().st_size for path in files) / 1e9, 1),
    }
