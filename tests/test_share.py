"""The share of start-up and figures in a run (`bench/share.py`), of logs written by hand."""

import json
import subprocess
import sys

from conftest import ROOT

STEPS = [
    "2026-01-01 00:00:08,000 INFO step 60 | 12.0 steps/s | at most 245 s left",
    "2026-01-01 00:00:13,000 INFO step 100 | 10.0 steps/s | at most 0 s left",
    "2026-01-01 00:00:14,000 INFO logits of every split: 1.00 s",
]
SEEDS = [f"2026-01-01 00:00:{2 * i + 5:02},000 INFO single, seed {i} | epoch 40/40 | 9 images/s" for i in range(4)]
ONE = [f"2026-01-01 00:00:{5 * i + 7:02},000 INFO joint, seed 0 | epoch {10 * i + 10}/40 | 9" for i in range(4)]
JOBS = {
    "a/single_0-9": (15.0, STEPS),  # 10 s of training, 1 s of logits
    "b/single_0-3": (11.0, SEEDS),  # 4 seeds of 2 s
    "b/joint_0-0": (24.0, ONE),  # 5 s before the first line
    "a/figures": (7.0, []),
    "a/evaluate": (3.0, []),
}


def test_the_share_of_start_up_and_figures(tmp_path):
    for name, (seconds, lines) in JOBS.items():
        log, table = tmp_path / "logs" / f"{name}.log", tmp_path / "benchmarks" / f"{name}.tsv"
        for path in (log, table):
            path.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("\n".join([f"job {json.dumps({'host': 'here'})}", *lines]))
        table.write_text(f"s\tmax_rss\n{seconds}\t1\n")
    command = [sys.executable, ROOT / "bench/share.py"]
    said = subprocess.run([*command, tmp_path], capture_output=True, text=True, check=True).stdout
    found = [line.rsplit(": ", 1)[1].split(" s")[0] for line in said.splitlines()]
    assert found == ["38 of 60", "1 of 60", "11 of 60", "7 of 60", "3 of 60"]
    nothing = subprocess.run([*command, tmp_path / "a"], capture_output=True, text=True, check=True).stdout
    assert "no finished run" in nothing
