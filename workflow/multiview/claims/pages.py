"""Tables in Markdown, and as pages of HTML that need nothing else, so that a report shows them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:  # the manifest's page is written without it
    import pandas as pd

STYLE = """
body { font: 14px sans-serif; margin: 1em } table { border-collapse: collapse; margin-bottom: 1em }
td, th { padding: 3px 8px; border-bottom: 1px solid #ddd; text-align: left; vertical-align: top }
td, th { white-space: nowrap }
td:last-child { white-space: normal; min-width: 24em } th { position: sticky; top: 0; background: white }
.holds { color: #0072b2 } .fails { color: #d55e00; font-weight: bold }
.undecided { color: #666 } .premise { color: #999 }
"""


def page(title: str, *parts: str) -> str:
    """A page with a title and parts that are HTML already."""
    head = f"<meta charset='utf-8'><title>{escape(title)}</title><style>{STYLE}</style>"
    lines = ["<!doctype html><html lang='en'>", head, f"<h1>{escape(title)}</h1>", *parts, "</html>"]
    return "\n".join(lines) + "\n"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells are HTML already."""
    lines = ["".join(f"<th>{escape(head)}</th>" for head in heads)]
    lines += ["".join(f"<td>{cell}</td>" for cell in row) for row in rows]
    return "<table>\n" + "\n".join(f"<tr>{line}</tr>" for line in lines) + "\n</table>"


def markdown(heads: Sequence[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown."""
    lines = [heads, ["---"] * len(heads), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def agreement(fidelity: pd.DataFrame, averages: pd.DataFrame) -> str:
    """The tables ``fidelity`` and ``averages`` (`multiview.measure.fidelity`) in Markdown."""
    agree, rows = [], []
    for r in fidelity.itertuples():
        interval = f"{r.agreement:.4f} [{r.low:.4f}, {r.high:.4f}]"
        agree.append([r.predictor, r.split, f"{r.accuracy:.4f}", interval, r.scope])
    for r in averages.itertuples():
        interval = f"{r.difference:.4f} [{r.low:.4f}, {r.high:.4f}]"
        rows.append([f"{r.size}", r.split, f"{r.of_logits:.4f}", f"{r.of_probabilities:.4f}", interval, r.scope])
    heads = ("students", "split", "accuracy", "same class as the teacher, 95 % interval", "scope")
    text = markdown(heads, agree) + "\n\n" if agree else ""
    heads = ("L", "split", "error of averages of logits", "of probabilities", "the latter minus it", "scope")
    return text + markdown(heads, rows)


def manifest(run: Mapping[str, Any]) -> str:
    """The manifest as a page: where and with what, how long each job took, and the whole config."""
    about = [
        (escape(key), f"<code>{escape(json.dumps(value))}</code>")
        for key, value in run.items()
        if key not in ("jobs", "config")
    ]
    jobs = sorted(run["jobs"], key=lambda job: -job.get("seconds", 0))
    heads = ("job", "host", "seconds", "memory, MB")
    shown = [[escape(str(job.get(key, ""))) for key in ("job", "host", "seconds", "max_rss_mb")] for job in jobs]
    config = yaml.safe_dump(run["config"], sort_keys=False)
    return page(
        "The run",
        table(("", ""), about),
        "<h2>Config, as checked and filled in</h2>",
        f"<pre>{escape(config)}</pre>",
        f"<h2>{len(jobs)} jobs</h2>",
        table(heads, shown),
    )
