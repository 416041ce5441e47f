"""A run's manifest: what made these results, where, and how long it took."""

import contextlib
import csv
import json
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from multiview.store.artifacts import revision, versions

RECORD = "job "
"""How the first line of a job's log begins; what follows is JSON (see `multiview.runtime.jobs`)."""


def jobs(logs: Path, benchmarks: Path) -> list[dict[str, Any]]:
    """What the logs and the benchmark files say of every job whose log is there.

    A job is called as its log is. One that did not finish has no ``seconds``.
    """
    entries = []
    for log in sorted(logs.rglob("*.log")):
        with log.open(encoding="utf-8", errors="replace") as file:
            line = file.readline()
        if not line.startswith(RECORD):
            continue
        name = log.relative_to(logs).with_suffix("")
        entry = {"job": str(name)} | json.loads(line.removeprefix(RECORD))
        benchmark = benchmarks / name.with_suffix(".tsv")
        if benchmark.exists():
            with benchmark.open(encoding="utf-8") as file:
                row = list(csv.DictReader(file, delimiter="\t"))[-1]
            entry |= {"seconds": float(row["s"]), "max_rss_mb": None}
            with contextlib.suppress(ValueError):  # a job too short to be measured has "-" or "NA"
                entry["max_rss_mb"] = float(row["max_rss"])
        entries.append(entry)
    return entries


def make(config: Mapping[str, Any], seeds: Mapping[str, Any], logs: Path, benchmarks: Path) -> dict[str, Any]:
    """The manifest of a run, from its config as it was given, the seeds of each study, and what `jobs` reads."""
    entries = jobs(logs, benchmarks)
    return {
        "revision": revision(),
        "versions": versions(),
        "machine": {"host": platform.node(), "system": platform.platform()},
        "hosts": sorted({entry["host"] for entry in entries}),
        "core_hours": round(sum(entry.get("seconds", 0.0) for entry in entries) / 3600, 3),
        "seeds": seeds,
        "jobs": entries,
        "config": config,
    }
