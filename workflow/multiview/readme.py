"""Puts the numbers of a run into the README: none of them is typed.

``python -m multiview.readme results`` takes them from a run of the default config into ``docs/results/`` and fills
the README's tables, between ``<!-- name -->`` and ``<!-- end -->``, from there. A test fails where the two differ.
"""

import re
import sys
from pathlib import Path

import pandas as pd

from multiview import artifacts
from multiview.verdicts import claimed_range, in_a_cell

SNAPSHOT = Path("docs/results")
COLUMNS = [
    "study",
    "predictor",
    "quantity",
    "claim",
    "claim_low",
    "claim_high",
    "measured",
    "low",
    "high",
    "verdict",
]

FIRST_PAGE = (
    ("theory", "single", "error_s"),
    ("theory", "ensemble", "error_s"),
    ("theory", "best", "error_s"),
    ("theory", "single", "lottery"),
    ("theory_students", "distilled", "error_s"),
    ("theory_students", "self_distilled", "error_s"),
    ("theory_students", "self_distilled", "P(other view learned"),
    ("theory_students", "joint", "error_s minus"),
    ("theory_linearised", "ensemble", "single's error_s minus"),
    ("theory_linearised", "distilled", "half the ensemble's gain"),
    ("theory_linearised", "joint", "its error_s minus"),
    ("digits", "ensemble", "accuracy minus single's"),
    ("digits", "distilled", "accuracy minus single's"),
    ("digits", "joint", "ensemble's accuracy minus"),
    ("digits_linearised", "ensemble", "single's error minus"),
    ("digits_linearised", "joint", "its error minus"),
    ("gaussian/normal_linear/linear", "ensemble", "accuracy minus single's"),
    ("gaussian/normal_mlp/mlp", "ensemble", "accuracy minus single's"),
    ("layers", "ensemble", "single's loss of accuracy minus its, half of the channels"),
    ("layers", "ensemble", "single's loss of accuracy minus its, quarter of the data"),
)
"""The statements on the first page: study, predictor, and how the quantity begins. Of several the first."""


def take(results: Path, snapshot: Path = SNAPSHOT) -> None:
    """Take the verdicts and the headline of a run of the default config.

    Raises:
        ArtifactError: if the run is not finished, or its files are damaged.
    """
    table = artifacts.read(results / "verdicts.parquet", "verdicts").pandas()[COLUMNS]
    snapshot.mkdir(parents=True, exist_ok=True)
    table.to_csv(snapshot / "verdicts.csv", index=False, float_format="%.6g")
    (snapshot / "headline.md").write_text((results / "headline.md").read_text())


def fill(text: str, snapshot: Path = SNAPSHOT) -> str:
    """The text with its tables made anew from the snapshot.

    Raises:
        KeyError: if a block has a name that is not known, or a statement is not in the snapshot.
    """
    made = {"verdicts": verdicts(pd.read_csv(snapshot / "verdicts.csv"))}
    made["headline"] = (snapshot / "headline.md").read_text()

    def block(match: re.Match) -> str:
        return f"<!-- {match[1]} -->\n{made[match[1]].strip()}\n<!-- end -->"

    return re.sub(r"<!-- (\w+) -->\n.*?<!-- end -->", block, text, flags=re.DOTALL)


def verdicts(table: pd.DataFrame) -> str:
    """The statements of the first page as a table in Markdown."""
    lines = ["| study | statement | claim | measured, 95 % interval | verdict |", "|---|---|---|---|---|"]
    for study, predictor, beginning in FIRST_PAGE:
        rows = table[(table["study"] == study) & (table["predictor"] == predictor)]
        rows = rows[rows["quantity"].str.startswith(beginning)]
        if rows.empty:
            raise KeyError(f"no statement on {predictor}, {beginning} in study {study}")
        one = rows.iloc[0]
        measured = in_a_cell(predictor, one["quantity"])
        lines.append(
            f"| {study} | {measured}: {one['claim']} | {claimed_range(one.to_dict())} "
            f"| {one['measured']:.4f} [{one['low']:.4f}, {one['high']:.4f}] | {one['verdict']} |"
        )
    return "\n".join(lines)


def main(results: str, readme: str = "README.md") -> None:
    """Take the numbers of a run and fill the README."""
    take(Path(results))
    path = Path(readme)
    path.write_text(fill(path.read_text()))


if __name__ == "__main__":
    main(*sys.argv[1:])
