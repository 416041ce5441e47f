"""Verdicts: what intervals say of the paper's statements (the table ``verdicts``).

A statement holds if its interval lies in the claimed range, fails if it lies outside it, and else is undecided. It
is undecided too if it rests on fewer than `MIN_RUNS` training runs, and neither holds nor fails if its premise is
not met: networks that do not fit their training set are not those that the paper speaks of.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from multiview.claims import pages
from multiview.claims.claim import LOWEST, OURS, Claim
from multiview.measure.intervals import KNOWN, of_training_sets
from multiview.store import artifacts

HOLDS, FAILS, UNDECIDED, NO_PREMISE = "holds", "fails", "undecided", "premise not met"
VERDICTS = (FAILS, NO_PREMISE, UNDECIDED, HOLDS)
"""In the order in which a page has them."""

MIN_RUNS = 5
"""A statement about training is undecided with fewer networks."""

MEASURED = ("measured", "low", "high", "scope", "method", "n_seeds", "n_samples", "runs")
"""What a verdict has from the measure that it is about, at the least confidence."""

MET = "met"
DRAWS = "{study}, {number} draws"
"""The name under which draws of a study's training set are put together."""


def verdict(low: float, high: float, claim_low: float, claim_high: float) -> str:
    """What an interval says of a range."""
    if claim_low <= low and high <= claim_high:
        return HOLDS
    if high < claim_low or claim_high < low:
        return FAILS
    return UNDECIDED


def judge(measures: pd.DataFrame, claims: Mapping[str, Claim]) -> pd.DataFrame:
    """The table ``verdicts``.

    ``p_at_most`` is the largest p-value that the verdict can have: 1 minus the largest of the confidences at which
    it is the same, 1 if it is undecided. ``stays_decided`` tells whether it is after Holm's correction for all
    statements of the table.
    """
    rows = []
    for (_, name, *_), part in measures.groupby(["study", "claim", "predictor", "other"], sort=False):
        rows.append(_row(part.sort_values("confidence").to_dict("records"), claims[name]))
    table = pd.DataFrame(rows)
    table["stays_decided"] = holm(table["p_at_most"].to_numpy())
    return table


def _row(levels: Sequence[Mapping[str, Any]], claim: Claim) -> dict:
    nominal = levels[0]
    verdicts = [verdict(level["low"], level["high"], *claim.claimed) for level in levels]
    estimated = nominal["method"] != KNOWN
    premise = _premise(nominal, claim)
    if premise != MET:
        verdicts = [NO_PREMISE]
    elif estimated and nominal["runs"] < MIN_RUNS:
        verdicts = [UNDECIDED]
    decided = verdicts[0] in (HOLDS, FAILS)
    judged = zip(levels, verdicts, strict=False)
    same = [level["confidence"] for level, verdict in judged if verdict == verdicts[0]]
    p = round(1 - max(same), 6) if decided and estimated else float(not decided)
    about = {
        "study": nominal["study"],
        "part": claim.part,
        "predictor": nominal["predictor"],
        "quantity": claim.quantity.format(size=nominal["size"], other=nominal["other"], error=nominal["error"]),
        "claim": claim.text,
        "claim_low": claim.claimed[0],
        "claim_high": claim.claimed[1],
    }
    decision = {"premise": premise, "verdict": verdicts[0], "p_at_most": p}
    return about | {name: nominal[name] for name in MEASURED} | decision


def _premise(nominal: Mapping[str, Any], claim: Claim) -> str:
    """Whether networks fit their training set as a statement presupposes; else what to change."""
    if claim.fits is None or claim.of == (LOWEST,) or nominal["training_accuracy"] >= claim.fits:
        return MET
    return (
        f"networks have {100 * nominal['training_accuracy']:.1f} % of their training set right, "
        f"{100 * claim.fits:g} % are presupposed: raise {nominal['more_training']}, "
        "take larger steps or initial weights, or a larger network"
    )


def holm(p: np.ndarray, level: float = 0.05) -> np.ndarray:
    """Which of some tests stay significant after Holm's correction (Scandinavian Journal of Statistics 6, 1979).

    `p` ``[tests]`` are p-values or upper bounds of them, `level` is the largest probability that any of them is so
    by chance; the result is bool ``[tests]``.
    """
    order = np.argsort(p, kind="stable")
    passed = p[order] <= level / np.arange(len(p), 0, -1)
    stays = np.zeros(len(p), bool)
    stays[order] = np.logical_and.accumulate(passed)
    return stays


def draws(provenances: Mapping[str, Mapping[str, Any]]) -> list[list[str]]:
    """Studies that differ in nothing but the draw of their data and the seeds of their networks, three or more.

    Some may lack kinds of students that others have; those that they share are the same.
    """
    groups: list[tuple[str, dict[str, Any], list[str]]] = []
    for study, provenance in provenances.items():
        if "config" not in provenance:
            continue
        config = json.loads(json.dumps(provenance["config"]))
        for section in (config["dataset"], config["dataset"].get("pictures") or {}):
            section.pop("seed", None)
        roles = config.pop("students")
        for role in roles.values():
            role.pop("teachers", None)
        key = json.dumps([config, len(provenance["seeds"])], sort_keys=True)
        for other, known, studies in groups:
            if other == key and all(known.get(name, role) == role for name, role in roles.items()):
                known.update(roles)
                studies.append(study)
                break
        else:
            groups.append((key, roles, [study]))
    return [studies for *_, studies in groups if len(studies) > 2]


def pooled(measures: pd.DataFrame, groups: Iterable[Sequence[str]], claims: Mapping[str, Claim]) -> pd.DataFrame:
    """Rows of the table ``measures`` about training sets: each statement's mean over the draws of the data.

    Statements that some draw lacks, and numbers that are not estimated, are left out.
    """
    rows = []
    for studies in groups:
        own = measures[measures["study"].isin(studies)]
        own = own[own["method"] != KNOWN]
        for (name, *_), part in own.groupby(["claim", "predictor", "other"], sort=False):
            nominal = part[part["confidence"] == part["confidence"].min()]
            if len(nominal) < len(studies):
                continue
            half = (nominal["high"] - nominal["low"]).to_numpy() / 2
            within = float((half**2).sum()) / (1.96 * len(half)) ** 2
            estimate = of_training_sets(nominal["measured"].to_numpy(), within)
            least = 0.0 if min(claims[name].terms.values()) > 0 and len(claims[name].of) == 1 else -1.0
            first = nominal.iloc[0].to_dict()
            first |= {key: nominal[key].min() for key in ("runs", "training_accuracy", "n_seeds", "n_samples")}
            for confidence in sorted(part["confidence"].unique()):
                interval = estimate.interval(confidence)
                ends = {"low": max(least, interval.low), "high": min(1.0, interval.high)}
                about = {"study": DRAWS.format(study=studies[0], number=len(studies)), "confidence": confidence}
                rows.append(first | about | vars(interval) | ends | {"method": "t over training sets"})
    return pd.DataFrame(rows, columns=measures.columns)


def tally(rows: Sequence[Mapping[str, Any]]) -> str:
    """How many statements hold and so on, and how many would be decided wrongly by chance."""
    count = Counter(r["verdict"] for r in rows)
    tested = [r for r in rows if r["verdict"] != NO_PREMISE and r["method"] != KNOWN]
    corrected = sum(r["verdict"] in (HOLDS, FAILS) and not r["stays_decided"] for r in rows)
    ours = sum(r["verdict"] == HOLDS and r["claim"].endswith(OURS) for r in rows)
    unmet_count = f", the premise of {count[NO_PREMISE]} is not met" if count[NO_PREMISE] else ""
    text = (
        f"Of {len(rows)} statements {count[HOLDS]} hold ({count[HOLDS] - ours} with a range of the paper's, "
        f"{ours} with one of ours), {count[FAILS]} fail, {count[UNDECIDED]} are undecided{unmet_count}. "
        "Were each truth on the edge of its range, chance alone would decide about "
        f"{0.025 * len(tested):.1f} of {len(tested)} wrongly. After Holm's correction {corrected} of those that "
        "hold or fail are not decided; they are marked *."
    )
    if unmet := {r["study"]: r["premise"] for r in rows if r["premise"] != MET}:
        text = " ".join(f"Premise not met in {study}: {why}." for study, why in unmet.items()) + " " + text
    return text


def shown(r: Mapping[str, Any]) -> str:
    """A verdict, with a mark if it is not decided after the correction."""
    return r["verdict"] + ("*" if r["verdict"] in (HOLDS, FAILS) and not r["stays_decided"] else "")


def cells(r: Mapping[str, Any]) -> dict[str, str]:
    """A statement as tables for readers have it, by the head of the column."""
    return {
        "study": r["study"],
        "verdict": shown(r),
        "measured": f"{r['measured']:.4f}",
        "95 % interval": f"[{r['low']:.4f}, {r['high']:.4f}]",
        "claim": claimed_range(r),
        "scope": r["scope"],
        "method": r["method"],
        "paper": r["part"],
        "statement": f"{r['predictor']}, {r['quantity']}: {r['claim']}",
    }


def in_order(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """The cells of all statements, those that fail first."""
    return [cells(r) for r in sorted(rows, key=lambda r: VERDICTS.index(r["verdict"]))]


def as_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """The verdict table for a terminal, one line a statement, those that fail first."""
    table = pd.DataFrame(in_order(rows)).drop(columns="paper")
    lines = pd.concat([pd.DataFrame([dict(zip(table, table, strict=True))]), table])
    for head in lines:
        lines[head] = lines[head].str.ljust(lines[head].str.len().max())
    return "\n".join([tally(rows), "", *lines.agg("  ".join, axis=1).str.rstrip()])


def as_markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """The verdict table in Markdown: the tally, and one line a statement."""
    heads = ("verdict", "measured", "95 % interval", "claim", "statement", "scope", "method")
    table = pages.markdown(heads, ([cells(r)[head] for head in heads] for r in rows))
    return "\n".join([tally(rows).replace("*", "\\*"), "", table])


def as_page(rows: Sequence[Mapping[str, Any]]) -> str:
    """The verdict table as a page of HTML."""
    table = [{head: escape(cell) for head, cell in row.items()} for row in in_order(rows)]
    for row in table:
        row["verdict"] = f"<span class='{row['verdict'].split()[0].rstrip('*')}'>{row['verdict']}</span>"
    body = pages.table(table[0], [r.values() for r in table])
    return pages.page("Verdicts", f"<p>{escape(tally(rows))}</p>", body)


def print_table(path: str | Path) -> None:
    """Print the verdict table that is in a file."""
    print(as_text(artifacts.read(path, "verdicts").table.to_pylist()))
    print("\nTables are in results/<study>/evaluation, figures in results/<study>/figures.")


def claimed_range(r: Mapping[str, Any]) -> str:
    """The range of a claim; one that starts just above 0 leaves out 0 itself."""
    low = "above 0" if 0 < r["claim_low"] < 1e-300 else f"{r['claim_low']:g}"
    return f"{low} to {r['claim_high']:g}"
