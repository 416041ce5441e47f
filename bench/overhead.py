"""How much of a run is start-up, reading and writing? `make bench`, after `make run`.

From what the run itself left: the benchmark files (seconds of every job) and the last line of each log, where a
job tells how long it worked, see `multiview.worktime`. The rest is overhead: Python and its imports, artifacts and
checkpoints. Of a job that was interrupted only what its last process did is known.
"""

import re
from collections import defaultdict
from pathlib import Path

from multiview.worktime import WORKED

SAYS = re.compile(rf"^{WORKED}([\d.]+) s$", re.MULTILINE)


def main() -> None:
    """Print the share, in all and of each study."""
    total, worked = defaultdict(float), defaultdict(float)
    for path in sorted(Path("benchmarks").rglob("*.tsv")):
        name = path.relative_to("benchmarks").with_suffix("")
        said = SAYS.findall(Path("logs", name).with_suffix(".log").read_text())
        if said:
            total[name.parts[0]] += _seconds(path)
            worked[name.parts[0]] += float(said[-1])
    if not total:
        print("overhead: no finished run in this folder; `make run` first")
        return
    for study, seconds in total.items():
        print(f"overhead of {study}: {1 - worked[study] / seconds:.1%} of {seconds:.0f} s")
    seconds = sum(total.values())
    print(f"overhead of all jobs: {1 - sum(worked.values()) / seconds:.1%} of {seconds:.0f} s")


def _seconds(path: Path) -> float:
    header, *rows = path.read_text().splitlines()
    return float(rows[-1].split("\t")[header.split("\t").index("s")])


if __name__ == "__main__":
    main()
