"""How much of a run is start-up, reading, writing, evaluating and drawing? `make bench`, after `make run`.

From what the run itself left: Snakemake's benchmark files (seconds of every job) and the training logs (steps
and their rate, which together are the seconds spent in steps; those of an interrupted run are not told right).
All that is not a training step counts as overhead: the share is an upper bound of that of start-up and I/O.
"""

import re
from pathlib import Path

PROGRESS = re.compile(r"step (\d+) \| ([\d.]+) steps/s")


def main() -> None:
    """Print the share."""
    tables = sorted(Path("benchmarks").rglob("*.tsv"))
    jobs = {path.relative_to("benchmarks").with_suffix(""): _seconds(path) for path in tables}
    steps = {}
    for name in jobs:
        found = PROGRESS.findall(Path("logs", name).with_suffix(".log").read_text())
        if found:
            steps[name] = float(found[-1][0]) / float(found[-1][1])
    if not steps:
        print("overhead: no finished run in this folder; `make run` first")
        return
    whole, training = sum(jobs.values()), sum(steps.values())
    inside = sum(jobs[name] for name in steps)
    print(
        f"run in this folder: {len(jobs)} jobs, {whole:.0f} s in all, {training:.0f} s of them in training steps"
    )
    print(f"overhead: {1 - training / whole:.1%} of all jobs, {1 - training / inside:.1%} of the training jobs")


def _seconds(path: Path) -> float:
    header, *rows = path.read_text().splitlines()
    return float(rows[-1].split("\t")[header.split("\t").index("s")])


if __name__ == "__main__":
    main()
