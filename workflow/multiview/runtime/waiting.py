"""How long a job waited before it began: on the workflow, in SLURM's queue, on its own start.

A job notes four moments in the first line of its log, `moments`; the manifest makes durations of them, `waits`.
"""

import datetime
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

RUN_BEGAN = "MULTIVIEW_RUN_BEGAN"
"""Environment variable with the second (Unix time) when Snakemake read the workflow. Jobs inherit it."""

STAMPS = Path(".snakemake/multiview/written")
"""Empty files, called as outputs are: their times are when jobs ended. Those of the outputs themselves are not, as
Snakemake touches them when it hears of the end."""

MOMENTS = ("ready", "submitted", "allocated", "started")
PARTS = ("on_workflow", "in_queue", "on_start")


def begin_run() -> None:
    """Let every job that is started from now on know when the run began."""
    os.environ[RUN_BEGAN] = str(int(time.time()))


def of_this_run(slurm: Mapping[str, Any]) -> Mapping[str, Any]:
    """What SLURM says of a job, or nothing if it speaks of the allocation in which the run itself is."""
    return slurm if slurm.get("submitted", 0) >= _began() else {}


def moments(inputs: Iterable[str], slurm: Mapping[str, Any]) -> dict[str, str | None]:
    """When this job could have begun, was submitted, was given its node by SLURM, and began.

    Moments are ISO 8601 in UTC to the second, None where they are not known. A job could have begun (``ready``)
    when the job that wrote the last of its inputs ended, but not before the run began nor, if it was submitted
    before and failed, before that attempt's last word. One that SLURM itself put back was ready then.

    Args:
        inputs: files that the job needs.
        slurm: what `multiview.runtime.slurm.ask` said.
    """
    known = [_began(), *(_written(_stamp(file)) or _written(Path(file)) for file in inputs)]
    if "log" in slurm:  # those of failed attempts are kept beside it
        known += [_written(path) for path in _beside(Path(slurm["log"]))]
    put_back = slurm.get("submitted") if slurm.get("restarts") else None
    ready = put_back or max(known)
    return {
        "ready": _iso(ready),
        "submitted": _iso(slurm.get("submitted")),
        "allocated": _iso(slurm.get("allocated")),
        "started": _iso(int(time.time())),
    }


def waits(record: Mapping[str, str | None]) -> dict[str, float]:
    """Seconds that a job waited, by `PARTS`, from its `moments`; empty where these do not tell.

    A job in SLURM waited ``on_workflow`` until it was submitted, ``in_queue`` until it had its node and
    ``on_start`` until its script ran. Any other one waited ``on_workflow`` until its script ran.
    """
    known = {name: datetime.datetime.fromisoformat(at) for name in MOMENTS if (at := record.get(name))}
    if "ready" not in known or (record.get("slurm_job") and not {"submitted", "allocated"} <= set(known)):
        return {}
    # Snakemake may itself run in an allocation, which is older than what it does there.
    if "submitted" not in known or known["submitted"] < known["ready"]:
        return {"on_workflow": _seconds(known["ready"], known["started"])}
    return {part: _seconds(a, b) for part, (a, b) in zip(PARTS, pairwise(known.values()), strict=True)}


def total(waited: Sequence[Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Of each part: the ``jobs`` that it is known of, the ``seconds`` of all together and the ``longest``."""
    found = {}
    for part in PARTS:
        of_part = [one[part] for one in waited if part in one]
        found[part] = {"jobs": len(of_part), "seconds": sum(of_part), "longest": max(of_part, default=0.0)}
    return found


def finished(outputs: Iterable[str]) -> None:
    """Note that a job has written its outputs."""
    for file in outputs:
        try:
            _stamp(file).parent.mkdir(parents=True, exist_ok=True)
            _stamp(file).touch()
        except OSError:  # a full disk, say; no job shall fail for this
            return


def _began() -> int:
    return int(os.environ.get(RUN_BEGAN, 0))


def _stamp(file: str) -> Path:
    return STAMPS / str(file).lstrip("/")


def _seconds(begin: datetime.datetime, end: datetime.datetime) -> float:
    return max(0.0, (end - begin).total_seconds())  # clocks of machines differ a little


def _iso(second: int | None) -> str | None:
    return datetime.datetime.fromtimestamp(second, datetime.UTC).isoformat() if second else None


def _beside(log: Path) -> list[Path]:
    try:
        return [path for path in log.parent.glob("*.log") if path != log]
    except OSError:  # a folder that this machine may not read; no job shall fail for this
        return []


def _written(path: Path) -> int:
    try:
        return int(path.stat().st_mtime)
    except OSError:  # removed meanwhile; no job shall fail for this
        return 0
