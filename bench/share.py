"""What share of a finished run's job seconds is start-up, input and output, and figures? Part of `make bench`.

    python bench/share.py [FOLDER]     the folder in which the run was made

Of a job that trains, work is the time from its first step to its last, which its log tells: of steps it has their
number and their rate; of epochs a line every `EVERY` seconds and one at the end of each training, of which the
first, if it has no other line, is taken to last as long as the others on average. To compute the logits of what
was trained is neither start-up nor files: its time is in the log, and it has a line of its own. A job that draws
figures or puts pages together does no work in this sense. Of the others, which draw data, label copies or measure,
no log says how much of them is start-up: they have a line of their own.
"""

import argparse
import datetime
import re
from pathlib import Path

from multiview.runtime import manifest

STEPS = re.compile(r"INFO step (\d+) \| ([\d.]+) steps/s")
EPOCH = re.compile(r"^(\S+ \S+),\d+ INFO .*\| epoch (\d+)/(\d+) \|", re.MULTILINE)
LOGITS = re.compile(r"INFO logits of every split: ([\d.]+) s")
EVERY = 5.0
"""Seconds from the first step to the first line, as in `multiview.training.minibatch.Progress`."""

PAGES = {"figures", "summary", "headline", "verdicts", "manifest", "sweep"}


def seconds_of_training(text: str) -> float | None:
    """What a log tells of the time from the first step to the last; None if it does not tell."""
    if steps := STEPS.findall(text):
        number, rate = map(float, steps[-1])
        return number / rate if rate else None
    lines = [(datetime.datetime.fromisoformat(time).timestamp(), at == of) for time, at, of in EPOCH.findall(text)]
    if not lines:
        return None
    ends = [time for time, last in lines if last]
    (first, ended), (end, _) = lines[0], lines[-1]
    if ended and len(ends) > 1:
        return (end - first) * len(ends) / (len(ends) - 1)
    return end - first + EVERY


def shares(folder: Path) -> dict[str, float]:
    """Job seconds by what they go to; empty without a finished run."""
    training, evaluation, around = "training", "logits of what was trained", "start-up and files of these jobs"
    pages, others = "figures and pages", "others"
    found = dict.fromkeys((training, evaluation, around, pages, others), 0.0)
    for job in manifest.jobs(folder / "logs", folder / "benchmarks"):
        seconds, name = job.get("seconds", 0.0), job["job"]
        log = (folder / "logs" / f"{name}.log").read_text(errors="replace")
        trained = seconds_of_training(log)
        if name.split("/")[-1] in PAGES or name.startswith("comparisons/"):
            found[pages] += seconds
        elif trained is None:
            found[others] += seconds
        else:
            computed = sum(map(float, LOGITS.findall(log)))
            found[training] += min(trained, seconds)
            found[evaluation] += computed
            found[around] += max(0.0, seconds - trained - computed)
    return found if sum(found.values()) else {}


def main() -> None:
    """Print the shares."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=Path())
    found = shares(parser.parse_args().folder)
    total = sum(found.values())
    if not found:
        print("share: no finished run here (no logs/ with benchmarks/)")
    for name, seconds in found.items():
        print(f"share of job seconds: {name}: {seconds:.0f} of {total:.0f} s, {100 * seconds / total:.1f} %")


if __name__ == "__main__":
    main()
