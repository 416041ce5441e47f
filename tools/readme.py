"""Puts the numbers of runs into the README and the pages of ``docs/``: none of them is typed.

- ``python tools/readme.py results`` takes them, and the pictures, from a finished run of the default config
  into ``docs/results/``;
- ``python tools/readme.py results workflow/presets/NAME.yaml`` takes those of a preset's studies, into
  ``docs/results/NAME/``;
- ``python tools/readme.py`` takes nothing.

Each then fills every block between ``<!-- name -->`` and ``<!-- end -->``. One whose run was not taken yet stays
as it is, and is named. A test fails where the pages differ from what was taken.
"""

import json
import math
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

import runs
from multiview.claims import claim, verdicts
from multiview.claims.verdicts import claimed_range
from multiview.measure.intervals import TRAINING_SETS
from runs import SNAPSHOT, NotTaken

DRAWS = "data_seeds"
"""The preset with further draws of the data."""
PAGES = ("README.md", *(f"docs/{name}.md" for name in ("theory", "images", "contrasts", "verdicts", "coverage")))
LOST = "P(lost view learned | its teacher"
OF_A_DRAW = {
    "single": ("single", "error_s"),
    "best of L": ("best", "error_s"),
    "ensemble of L": ("ensemble", "error_s"),
    "distilled, Hinton's objective": ("distilled", "error_s"),
    "distilled, the paper's objective": ("distilled_truncated", "error_s"),
    "self-distilled, Hinton's objective": ("self_distilled", "error_s"),
    "self-distilled, the paper's objective": ("self_distilled_truncated", "error_s"),
    "self-distilled, from scratch": ("self_distilled_scratch", "error_s"),
    "distilled, from scratch": ("distilled_scratch", "error_s"),
    "lost views learned where the teacher has them": ("self_distilled", f"{LOST} has it)"),
    "lost views learned where it has them not": ("self_distilled", f"{LOST} has it not)"),
    "own views kept": ("self_distilled", "P(own view kept)"),
    "other classes alone, c = 1: their gain minus 0.8 of all's": ("distilled_other_classes", "its gain minus 0.8"),
    "own class alone, c = 1: 0.1 of all's gain minus its": ("distilled_own_class", "0.1 of"),
    "one teacher, other classes alone, likewise": ("self_distilled_other_classes", "its gain minus 0.8"),
    "one teacher, own class alone, likewise": ("self_distilled_own_class", "0.1 of"),
}
"""Rows of the table of draws: predictor, and how the quantity begins."""

THEOREM = "Theorem"
"""How the part of the paper begins whose statements are on the first page."""

HEADS = ("verdict", "study", "statement", "claim", "measured, 95 % interval", "scope", "method")


def fill(text: str, snapshot: Path = SNAPSHOT, left: list[str] | None = None) -> str:
    """The text of a page with its blocks made anew from what was taken.

    To `left` the names of blocks are added whose run was not taken.

    Raises:
        KeyError: if a block has a name that is not known, or a statement is not among what was taken.
    """

    def block(match: re.Match) -> str:
        name, *of = match[1].split()
        if name not in BLOCKS:
            raise KeyError(f"no block is called {name}; there are {', '.join(BLOCKS)}")
        try:
            made = BLOCKS[name](snapshot, *of).strip()
        except NotTaken as error:
            if left is not None:
                left.append(f"{match[1]}: {error}")
            return match[0]
        return f"<!-- {match[1]} -->{match[2]}{made}{match[2]}<!-- end -->"

    return re.sub(r"<!-- ([\w ./]+) -->(\n?).*?\n?<!-- end -->", block, text, flags=re.DOTALL)


def theorems(snapshot: Path) -> str:
    """All statements of the theorems as a table in Markdown, those that fail first.

    Beside each stand the interval over draws of the data, if several were run, and what was chosen for it.
    Statements that hold and differ in their predictor alone are one row.
    """
    table, of_draws = _verdicts(snapshot), _draws(snapshot)
    settings = json.loads(_text(snapshot / "chosen.json"))
    rows = table[table["part"].str.startswith(THEOREM) & ~table["study"].isin(of_draws["study"])]
    heads = ["verdict", "study", "predictor", "statement", "claim", "measured, 95 % interval", "scope"]
    heads += ["over draws of data", "chosen"]
    alike: dict[tuple, tuple[list[str], list[str]]] = {}
    for number, one in enumerate(_sorted(rows)):
        same = of_draws[of_draws["study"].str.startswith(f"{one['study']}, ")]
        for key in ("predictor", "quantity", "claim"):
            same = same[same[key] == one[key]]
        drawn = [f"{_measured(r)} {verdicts.shown(r)}" for r in same.to_dict("records")]
        statement = f"{one['quantity']}: {one['claim']}"
        cells = (verdicts.shown(one), one["study"], statement, claimed_range(one), _measured(one), one["scope"])
        key = (None if one["verdict"] == "holds" else number, *cells, "; ".join(drawn))
        predictors, chosen = alike.setdefault(key, ([], []))
        predictors.append(one["predictor"])
        own = settings.get(one["study"], {})
        chosen.append(own.get(one["predictor"], own.get("", "")))
    lines = [
        [verdict, study, ", ".join(predictors), *cells, "; ".join(dict.fromkeys(chosen))]
        for (_, verdict, study, *cells), (predictors, chosen) in alike.items()
    ]
    return _table(heads, lines).replace("*", "\\*")


def tally(snapshot: Path) -> str:
    """How many statements of each part of the paper hold, fail and so on, with a link to all of them."""
    table = _verdicts(snapshot)
    parts = [*table.groupby("part"), ("all", table)]
    rows = [
        [name, *(str((part["verdict"] == verdict).sum()) for verdict in verdicts.VERDICTS)] for name, part in parts
    ]
    text = verdicts.tally(table.to_dict("records")).replace("*", "\\*")
    counts = _table(["part of the paper", *verdicts.VERDICTS], rows)
    return f"{counts}\n\n{text} [All statements](docs/verdicts.md)."


def statements(snapshot: Path, study: str = "", preset: str = "") -> str:
    """All statements of a study, or of all, as a table in Markdown, those that fail first.

    Raises:
        KeyError: if there are none.
    """
    table = _verdicts(snapshot / preset)
    rows = _sorted(table[table["study"] == study] if study else table)
    if not rows:
        raise KeyError(f"no statement on study {study} in {snapshot / preset}")
    lines = []
    for one in rows:
        cells = verdicts.cells(one) | {"measured, 95 % interval": _measured(one)}
        cells["verdict"] = cells["verdict"].replace("*", "\\*")
        lines.append([cells[head] for head in HEADS])
    return _table(HEADS, lines)


def decided(snapshot: Path) -> str:
    """Every statement of the paper on images and contrasts: in which studies it holds, fails or neither."""
    folders = [snapshot, *sorted(path.parent for path in snapshot.glob("*/verdicts.csv"))]
    table = pd.concat(map(_verdicts, folders), ignore_index=True)
    lists = claim.lists()
    claims = [one for kind in ("images", "no_features", "gaussian", "layers") for one in lists[kind]]
    heads = [verdict for verdict in verdicts.VERDICTS if (table["verdict"] == verdict).any()]
    lines, clear = [], 0
    for one in claims:
        rows = table[table["claim"] == one.text]
        clear += rows["verdict"].isin(("holds", "fails")).any()
        about = one.about.format("students") if one.students else one.about
        studies = (rows.loc[rows["verdict"] == head, "study"].unique() for head in heads)
        lines.append([f"{about}: {one.text}", *map(", ".join, studies)])
    shown = _table(["statement", *(f"{head} in" for head in heads)], lines)
    return f"{clear} of {len(claims)} hold or fail in some study.\n\n{shown}"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [" | ".join(cell.replace("|", "\\|") for cell in row) for row in rows]
    return "\n".join([f"| {' | '.join(heads)} |", "|---" * len(heads) + "|", *(f"| {line} |" for line in lines)])


def _measured(one: Mapping[str, Any], digits: int = 4) -> str:
    return "{:.{n}f} [{:.{n}f}, {:.{n}f}]".format(one["measured"], one["low"], one["high"], n=digits)


def _sorted(table: pd.DataFrame) -> list[dict]:
    """Rows of the table, those that fail first."""
    return sorted(table.to_dict("records"), key=lambda one: verdicts.VERDICTS.index(one["verdict"]))


def _draws(snapshot: Path) -> pd.DataFrame:
    """The verdicts on several draws of the data: of the default run, or of the preset that has more."""
    tables = [_verdicts(folder) for folder in (snapshot, snapshot / DRAWS) if (folder / "draws.json").exists()]
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=["study", "scope"])
    return table[table["scope"] == TRAINING_SETS]


def draws(snapshot: Path, preset: str = DRAWS, columns: str = "all") -> str:
    """What a preset's studies come to on each draw of the data, and on all of them together, beside the claims.

    Those of the preset with the default's further draws stand beside the default's own. With `columns` "few" there
    are the first draw and all together alone.
    """
    groups = json.loads(_text(snapshot / preset / "draws.json"))
    table = pd.concat([_verdicts(snapshot), _verdicts(snapshot / preset)])
    lines = []
    for studies in groups:
        shown = studies[:1] if columns == "few" else studies
        names = [*shown, verdicts.DRAWS.format(study=studies[0], number=len(studies))]
        lines += ["", "| | claim | " + " | ".join(names) + " |", "|---" * (2 + len(names)) + "|"]
        for name, statement in OF_A_DRAW.items():
            found = [_first(table, study, *statement) for study in names]
            claims = [claimed_range(one) + ours(one) for one in found if one]
            if claims:
                cells = [_measured(one, 3) if one else "" for one in found]
                lines.append(f"| {name} | {claims[0]} | " + " | ".join(cells) + " |")
    return "\n".join(lines).strip()


def ours(one: Mapping[str, Any]) -> str:
    """What stands beside a range that is not the paper's."""
    return " (ours)" if one["claim"].endswith(claim.OURS) else ""


def sweeps(snapshot: Path, preset: str = "sweep") -> str:
    """Errors and, on multi-view data, the share of ties along each parameter of a preset with sweeps."""
    table = _csv(snapshot / preset / "sweep.csv")
    quantities = list(dict.fromkeys(table.dropna(subset="measured")["quantity"]))
    lines = []
    for (sweep, value), rows in table.groupby(["sweep", "value"], sort=False):
        cells = dict.fromkeys(quantities, "")
        for one in rows.dropna(subset="measured").itertuples():
            interval = "" if pd.isna(one.low) else f" [{one.low:.3f}, {one.high:.3f}]"
            cells[one.quantity] = f"{one.measured:.3f}{interval}"
        lines.append([in_words(sweep), "limit" if math.isinf(value) else f"{value:g}", *cells.values()])
    shown = _table(["sweep", "value", *map(in_words, quantities)], lines)
    return f"![Errors along the parameters]({preset}.png)\n\n{shown}"


def in_words(name: str) -> str:
    """A name without underscores."""
    return name.replace("_", " ")


def run(snapshot: Path, key: str, preset: str = "") -> str:
    """A number of `runs.cost`."""
    return f"{json.loads(_text(snapshot / preset / 'run.json'))[key]:g}"


def setting(_: Path, path: str) -> str:
    """A value of ``config.yaml``."""
    found = yaml.safe_load(Path(__file__).parents[1].joinpath("config.yaml").read_text())
    for key in path.split("."):
        found = found[key]
    return str(found)


BLOCKS = {
    "theorems": theorems,
    "tally": tally,
    "statements": statements,
    "preset": lambda snapshot, preset: statements(snapshot, "", preset),
    "decided": decided,
    "headline": lambda snapshot, preset="": _text(snapshot / preset / "headline.md"),
    "file": lambda snapshot, name: _text(snapshot / f"{name}.md"),  # what a program in bench/ printed
    "draws": draws,
    "sweeps": sweeps,
    "run": run,
    "setting": setting,
}


def _text(path: Path) -> str:
    if not path.exists():
        raise NotTaken(f"{path} is missing, see python tools/readme.py")
    return path.read_text()


def _csv(path: Path) -> pd.DataFrame:
    return pd.read_csv(StringIO(_text(path)))


def _verdicts(folder: Path) -> pd.DataFrame:
    table = _csv(folder / "verdicts.csv")
    if missing := {"part", "scope", "method", "stays_decided"} - set(table.columns):
        raise NotTaken(f"{folder / 'verdicts.csv'} has no column {sorted(missing)[0]}: an earlier version made it")
    return table


def _first(table: pd.DataFrame, study: str, predictor: str, beginning: str) -> dict | None:
    """The first statement on a predictor of a study whose quantity begins in a certain way."""
    rows = table[(table["study"] == study) & (table["predictor"] == predictor)]
    rows = rows[rows["quantity"].str.startswith(beginning)]
    return None if rows.empty else rows.iloc[0].to_dict()


def main(results: str | None = None, preset: str | None = None) -> None:
    """Take the numbers of a run, if there is one, and fill the pages."""
    if results is not None:
        runs.take(Path(results), preset=None if preset is None else Path(preset))
    for page in map(Path, PAGES):
        left: list[str] = []
        page.write_text(fill(page.read_text(), left=left))
        for one in left:
            print(f"{page}: left as it is, {one}")


if __name__ == "__main__":
    main(*sys.argv[1:])
