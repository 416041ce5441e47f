"""The line that tells how far a run is."""

import io
import logging
from types import SimpleNamespace

import pytest
from snakemake_interface_logger_plugins.common import LogEvent
from test_workflow import checkout, run

import snakemake_logger_plugin_multiview as plugin


def started(counts):
    jobs = plugin.Jobs()
    jobs.note(LogEvent.RUN_INFO, {"stats": counts | {"total": sum(counts.values())}}, 0.0)
    return jobs


def begin(jobs, number, rule, now, **wildcards):
    return jobs.note(LogEvent.JOB_INFO, {"jobid": number, "rule_name": rule, "wildcards": wildcards}, now)


def end(jobs, number, now):
    return jobs.note(LogEvent.JOB_FINISHED, {"job_id": number}, now)


def test_the_line_counts_jobs_and_names_those_that_run():
    jobs = started({"dataset": 1, "train": 4})
    assert jobs.line(0.0).startswith("0 of 5 jobs done | 0 running | 0.0 min")
    assert begin(jobs, 1, "dataset", 0.0, study="theory")
    assert "1 running: dataset theory" in jobs.line(6.0)
    assert end(jobs, 1, 60.0)
    assert jobs.line(60.0).startswith("1 of 5 jobs done | 0 running | 1.0 min, about 4.0 left")
    for number in range(2, 6):
        begin(jobs, number, "train", 60.0, first=number)
    assert "4 running: train 2, train 3, train 4, ..." in jobs.line(60.0)


def test_what_is_left_goes_by_the_jobs_of_the_same_rule_and_by_how_many_run_at_a_time():
    jobs = started({"dataset": 1, "train": 4})
    begin(jobs, 1, "dataset", 0.0)
    end(jobs, 1, 2.0)
    begin(jobs, 2, "train", 2.0)
    begin(jobs, 3, "train", 2.0)
    end(jobs, 2, 102.0)
    # Of three jobs of 100 s one has run as long already; two run at a time.
    assert jobs.seconds_left(102.0) == pytest.approx((300 - 100) / 2)
    for number, now in ((3, 102.0), (4, 202.0), (5, 202.0)):
        begin(jobs, number, "train", now) if number > 3 else None
        end(jobs, number, now)
    assert jobs.seconds_left(202.0) is None


def test_rules_of_many_jobs_count_no_more_for_those_of_which_none_has_finished():
    jobs = started({"train": 3, "choose": 1, "evaluate": 4})
    for number, (rule, seconds) in enumerate([("train", 30.0), ("train", 30.0), ("train", 30.0), ("choose", 2.0)]):
        begin(jobs, number, rule, 0.0)
        end(jobs, number, seconds)
    assert jobs.seconds_left(100.0) == pytest.approx(4 * (30 + 2) / 2)


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("terminal", [True, False])
def test_warnings_are_printed_in_full_and_nothing_floods(monkeypatch, terminal):
    stream = Terminal() if terminal else io.StringIO()
    monkeypatch.setattr(plugin.sys, "stderr", stream)
    handler = plugin.LogHandler(SimpleNamespace(dryrun=False), None)
    record = lambda level=logging.INFO, msg=None, **fields: logging.makeLogRecord(  # noqa: E731
        {"levelno": level, "msg": msg} | fields
    )
    handler.emit(record(event=LogEvent.RUN_INFO, stats={"train": 100, "total": 100}))
    for number in range(100):
        handler.emit(record(event=LogEvent.JOB_INFO, jobid=number, rule_name="train", wildcards={}))
        handler.emit(record(event=LogEvent.JOB_FINISHED, job_id=number))
        handler.emit(record(msg="Select jobs to execute..."))
        if number == 50:
            handler.emit(record(logging.WARNING, "A disk is full."))
    handler.close()
    text = stream.getvalue()
    assert "A disk is full.\n" in text and "Select jobs" not in text
    assert text.count("\n") <= 4
    assert text.rstrip().splitlines()[-1].split("\r")[-1].startswith("100 of 100 jobs done")


def test_snakemake_finds_it_and_its_own_log_has_everything(tmp_path):
    folder = checkout(tmp_path)
    output = run(folder, "results/theory/dataset/samples.parquet", "--logger", "multiview")
    assert "1 of 1 jobs done" in output and "rule dataset" not in output
    (log,) = (folder / ".snakemake/log").iterdir()
    assert "rule dataset" in log.read_text()
    broken = run(folder, "--config", "sedes=3", "--logger", "multiview", check=False)
    assert "sedes: unknown key" in broken
