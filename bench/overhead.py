"""How much of a run is start-up, reading, writing and figures? Part of `make bench`, after `make run`.

From what the run itself left: the benchmark files (seconds of every job) and the last line of each log, where a
job tells how long it worked, see `multiview.runtime.worktime`. The rest is overhead: Python and its imports,
artifacts and checkpoints. All seconds of a job that draws figures count as figures. Of a job that was interrupted
only what its last process did is known.
"""

import re
from collections import defaultdict
from pathlib import Path

from multiview.runtime.worktime import WORKED

SECONDS = re.compile(rf"^{WORKED}([\d.]+) s$", re.MULTILINE)


def main() -> None:
    """Print the share, in all and of each study."""
    total, worked, drawn = defaultdict(float), defaultdict(float), 0.0
    for path in sorted(Path("benchmarks").rglob("*.tsv")):
        name = path.relative_to("benchmarks").with_suffix("")
        log = Path("logs", name).with_suffix(".log")
        found = SECONDS.findall(log.read_text()) if log.exists() else []
        if not found:
            continue
        seconds = _seconds(path)
        total[name.parts[0]] += seconds
        if name.name == "figures" or name.parts[0] in ("comparisons", "sweep"):
            drawn += seconds
        else:
            worked[name.parts[0]] += float(found[-1])
    if not total:
        print("overhead: no finished run in this folder; `make run` first")
        return
    for study, seconds in total.items():
        print(f"overhead of {study}: {1 - worked[study] / seconds:.1%} of {seconds:.0f} s")
    seconds = sum(total.values())
    rest = seconds - sum(worked.values()) - drawn
    print(
        f"overhead of all jobs: {(rest + drawn) / seconds:.1%} of {seconds:.0f} s "
        f"(start-up, reading and writing {rest / seconds:.1%}, figures {drawn / seconds:.1%})"
    )


def _seconds(path: Path) -> float:
    header, *rows = path.read_text().splitlines()
    return float(rows[-1].split("\t")[header.split("\t").index("s")])


if __name__ == "__main__":
    main()
