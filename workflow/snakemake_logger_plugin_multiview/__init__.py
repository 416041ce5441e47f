"""A logger for Snakemake: one line that moves, with jobs done, jobs running and the minutes that are left.

``snakemake --cores all --logger multiview``; targets stand before ``--logger``. Warnings and errors are printed in
full; everything is in ``.snakemake/log`` as ever. In a terminal the line is written over itself; elsewhere, say in
CI, a new one is printed at most every half minute.
"""

import sys
import time
from collections import Counter, defaultdict
from logging import WARNING, LogRecord
from statistics import fmean

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

EVERY = 30.0
"""Seconds between two lines where no terminal is."""

SHOWN = 3
"""Running jobs that are named."""

ERRORS = (LogEvent.ERROR, LogEvent.JOB_ERROR, LogEvent.GROUP_ERROR)


class LogHandler(LogHandlerBase):
    """What Snakemake calls with every event."""

    writes_to_stream = True
    writes_to_file = False
    has_filter = False  # Snakemake's own: --quiet works
    has_formatter = False
    needs_rulegraph = False

    def __post_init__(self) -> None:
        self.jobs = Jobs()
        self.stream = sys.stderr
        self.terminal = self.stream.isatty()
        self.last, self.width, self.ended = 0.0, 0, False

    def emit(self, record: LogRecord) -> None:
        """Take note of an event, and print what there is to print."""
        event = getattr(record, "event", None)
        if event in ERRORS or record.levelno >= WARNING:
            self._print(self.format(record))
        elif self.common_settings.dryrun:
            if event != LogEvent.JOB_INFO:
                self._print(self.format(record))
        elif event is None and "Nothing to be done" in str(record.msg):
            self._print(str(record.msg))
        elif self.jobs.note(event, record.__dict__, time.monotonic()):
            self._show()

    def close(self) -> None:
        """Leave the last line where it is."""
        if self.jobs.total and not self.ended:
            self._show(last=True)
        super().close()

    def _show(self, last: bool = False) -> None:
        now = time.monotonic()
        self.ended = last = last or self.jobs.done == self.jobs.total
        if self.terminal:
            line = self.jobs.line(now)
            self.stream.write("\r" + line.ljust(self.width) + ("\n" if last else ""))
            self.width = len(line)
        elif last or now - self.last >= EVERY:
            self.stream.write(self.jobs.line(now) + "\n")
            self.last = now
        self.stream.flush()

    def _print(self, text: str) -> None:
        if text and text != "None":
            erased = "\r" + " " * self.width + "\r" if self.terminal and self.width else ""
            self.stream.write(f"{erased}{text}\n")
            self.stream.flush()
            self.width = 0


class Jobs:
    """What is known of the jobs of a run."""

    def __init__(self):
        self.began: float | None = None
        self.total = self.done = self.most = 0
        self.left: Counter[str] = Counter()  # by rule
        self.running: dict[int, tuple[str, str, float]] = {}  # rule, name in the line, and since when
        self.seconds: defaultdict[str, list[float]] = defaultdict(list)  # of finished jobs, by rule

    def note(self, event: LogEvent | None, about: dict, now: float) -> bool:
        """Take note of an event with its fields, at a time in seconds; tell whether the line has changed."""
        if event == LogEvent.RUN_INFO:
            if self.began is None:
                self.left = Counter({rule: n for rule, n in about["stats"].items() if rule != "total"})
                self.total, self.began = self.left.total(), now
        elif event == LogEvent.JOB_INFO:
            rule, wildcards = about["rule_name"], about.get("wildcards") or {}
            self.running[about["jobid"]] = rule, " ".join([rule, *map(str, wildcards.values())]), now
            self.most = max(self.most, len(self.running))
        elif event == LogEvent.JOB_FINISHED and about["job_id"] in self.running:
            rule, _, since = self.running.pop(about["job_id"])
            self.seconds[rule].append(now - since)
            self.left[rule] -= 1
            self.done += 1
        elif event == LogEvent.JOB_ERROR:
            self.running.pop(about["jobid"], None)
        else:
            return False
        return self.total > 0

    def line(self, now: float) -> str:
        """The line."""
        names = [name for _, name, _ in self.running.values()]
        shown = ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
        running = f"{len(names)} running" + (f": {shown}" if shown else "")
        left = self.seconds_left(now)
        passed = 0.0 if self.began is None else now - self.began
        spent = f"{passed / 60:.1f} min" + ("" if left is None else f", about {left / 60:.1f} left")
        return f"{self.done} of {self.total} jobs done | {running} | {spent}"

    def seconds_left(self, now: float) -> float | None:
        """What the jobs that are left may take, from how long those of the same rule took.

        Where none of the rule has finished it is the mean of all rules, not of all jobs: most of what comes early
        is long, most of what comes late is short. None before any has finished, or when none is left.
        """
        if not self.seconds or self.done >= self.total:
            return None
        means = {rule: fmean(of_rule) for rule, of_rule in self.seconds.items()}
        usual = fmean(means.values())
        work = sum(number * means.get(rule, usual) for rule, number in self.left.items())
        # What the running jobs have done already; none takes less than no time.
        work -= sum(min(now - since, means.get(rule, usual)) for rule, _, since in self.running.values())
        return max(0.0, work) / max(1, self.most)
