"""Puts the numbers of runs into the README and the pages of ``docs/``: none of them is typed.

- ``python -m multiview.readme results`` takes them, and the pictures, from a finished run of the default config
  into ``docs/results/``;
- ``python -m multiview.readme results workflow/presets/NAME.yaml`` takes those of a preset's studies, into
  ``docs/results/NAME/``;
- ``python -m multiview.readme`` takes nothing.

Each then fills every block between ``<!-- name -->`` and ``<!-- end -->``. One whose run was not taken yet stays
as it is, and is named. A test fails where the pages differ from what was taken.
"""

import datetime
import json
import os
import re
import shutil
import sys
from pathlib import Path

import pandas as pd
import yaml

from multiview import artifacts, headline, manifest
from multiview.verdicts import claimed_range, in_a_cell

SNAPSHOT = Path("docs/results")
PAGES = ("README.md", "docs/theory.md", "docs/images.md", "docs/contrasts.md")
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
PICTURES = {
    "error_over_mu": "theory_students/figures",
    "accuracy": "digits/figures",
    "features_in_theory": "comparisons",
    "gains": "gaussian/figures",
}
"""Where the pictures of the pages come from."""

FIRST_PAGE = (
    ("theory", "single", "error_s"),
    ("theory", "ensemble", "error_s"),
    ("theory", "best", "error_s"),
    ("theory", "single", "lottery"),
    ("theory_students", "distilled", "error_s"),
    ("theory_students", "self_distilled", "error_s"),
    ("theory_students", "self_distilled", "P(other view learned"),
    ("theory_students", "distilled_truncated", "error_s"),
    ("theory_students", "self_distilled_truncated", "error_s"),
    ("theory", "joint", "error_s minus"),
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

DRAWS = ("theory_students", "students_data_1", "students_data_2", "students_data_3")
OF_A_DRAW = {
    "single": ("single", "error_s"),
    "best of L": ("best", "error_s"),
    "ensemble of L": ("ensemble", "error_s"),
    "distilled, Hinton's objective": ("distilled", "error_s"),
    "distilled, the paper's objective": ("distilled_truncated", "error_s"),
    "self-distilled, Hinton's objective": ("self_distilled", "error_s"),
    "self-distilled, the paper's objective": ("self_distilled_truncated", "error_s"),
    "takes its teacher's view, Hinton's objective": ("self_distilled", "P(other view learned"),
    "takes its teacher's view, the paper's objective": ("self_distilled_truncated", "P(other view learned"),
}
"""Rows of the table of draws: predictor, and how the quantity begins."""


class NotTaken(Exception):
    """What is needed is of a run of which no numbers were taken yet."""


def take(results: Path, snapshot: Path = SNAPSHOT, preset: Path | None = None) -> None:
    """Take the numbers of a run: of the default config with everything in it, or of a preset's own studies.

    Args:
        results: the folder of results.
        snapshot: where numbers are kept; those of a preset in a folder called as it is.
        preset: its file, or None for the default config.

    Raises:
        ArtifactError: if a file of the run is missing or damaged.
        NotTaken: if a picture is missing, or nothing of the preset has been run.
    """
    if preset is None:
        folder, studies = snapshot, None
        tables = [artifacts.read(results / "verdicts.parquet", "verdicts").pandas()]
        missing = [str(path) for path in (_picture(results, name) for name in PICTURES) if not path.exists()]
        if missing:
            raise NotTaken(f"there is no {', '.join(missing)}: run snakemake to its end first")
    else:
        raw = yaml.safe_load(preset.read_text())
        folder, studies = snapshot / preset.stem, [*raw.get("studies", {}), *raw.get("families", {})]
        # Of a preset a part may do. A family has a table of its own, or one for each of its cells.
        paths = [p for study in studies for p in sorted((results / study).glob("**/evaluation/verdicts.parquet"))]
        if not paths:
            raise NotTaken(f"{results} has no verdicts of {', '.join(studies)}: run {preset} first")
        tables = [artifacts.read(path, "verdicts").pandas() for path in paths]
    folder.mkdir(parents=True, exist_ok=True)
    pd.concat(tables)[COLUMNS].to_csv(folder / "verdicts.csv", index=False, float_format="%.6g")
    if (results / "headline.parquet").exists():
        table = artifacts.read(results / "headline.parquet", "headline").pandas()
        if studies is not None:
            table = table[table["study"].isin(studies)]
        if len(table):
            (folder / "headline.md").write_text(headline.as_markdown(table))
    jobs = manifest.jobs(results.parent / "logs", results.parent / "benchmarks")
    if studies is None:  # a preset may have been run in the same folder
        raw = yaml.safe_load(Path("config.yaml").read_text())
        studies = [*raw["studies"], *raw["families"], *raw["comparisons"]]
        jobs = [job for job in jobs if "/" not in job["job"] or job["job"].split("/")[0] in studies]
    else:
        jobs = [job for job in jobs if job["job"].split("/")[0] in studies]
    (folder / "run.json").write_text(json.dumps(cost(jobs), indent=1) + "\n")
    if preset is None:
        for name in PICTURES:
            shutil.copyfile(_picture(results, name), snapshot.parent / f"{name}.png")


def _picture(results: Path, name: str) -> Path:
    return results / PICTURES[name] / f"{name}.png"


def cost(jobs: list[dict]) -> dict[str, float]:
    """What a run took: ``minutes`` in which a job ran, ``cores`` of this machine, and in GB the ``memory`` of the
    largest job and the ``disk`` that the environment fills.

    A pause between two parts of a run, which leaves all jobs idle, does not count.

    Args:
        jobs: of `manifest.jobs`; those that did not finish have no ``seconds`` and are left out.
    """
    done = [job for job in jobs if "seconds" in job]
    seconds, end = 0.0, 0.0
    for start, length in sorted(
        (datetime.datetime.fromisoformat(job["started"]).timestamp(), job["seconds"]) for job in done
    ):
        seconds += max(0.0, start + length - max(end, start))
        end = max(end, start + length)
    files = [path for path in Path(sys.prefix).rglob("*") if path.is_file() and not path.is_symlink()]
    return {
        "minutes": round(seconds / 60),
        "cores": os.cpu_count() or 1,
        "memory": round(max((job["max_rss_mb"] or 0 for job in done), default=0) / 1024, 1),
        "disk": round(sum(path.stat().st_size for path in files) / 1e9, 1),
    }


def fill(text: str, snapshot: Path = SNAPSHOT, left: list[str] | None = None) -> str:
    """The text with its blocks made anew from what was taken.

    Args:
        text: of a page.
        snapshot: where numbers are kept.
        left: the names of blocks whose run was not taken are added here.

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


def first_page(snapshot: Path) -> str:
    """The statements of the first page as a table in Markdown."""
    table = _verdicts(snapshot)
    rows = [_one(table, *statement) for statement in FIRST_PAGE]
    return as_table([(row["study"], row) for row in rows], "study")


def statements(snapshot: Path, study: str, preset: str = "") -> str:
    """All statements of a study as a table in Markdown.

    Raises:
        KeyError: if there are none.
    """
    table = _verdicts(snapshot / preset)
    rows = table[table["study"] == study].to_dict("records")
    if not rows:
        raise KeyError(f"no statement on study {study} in {snapshot / preset}")
    return as_table([(row["verdict"], row) for row in rows], "verdict")


def all_statements(snapshot: Path, preset: str) -> str:
    """All statements that a preset's studies and families came to, as a table in Markdown."""
    rows = _verdicts(snapshot / preset).to_dict("records")
    return as_table([(row["study"], row) for row in rows], "study")


def as_table(rows: list[tuple[str, dict]], head: str) -> str:
    """Statements as a table in Markdown, with a first column of one's own."""
    last = "" if head == "verdict" else " verdict |"
    lines = [f"| {head} | statement | claim | measured, 95 % interval |{last}", "|---" * (4 + bool(last)) + "|"]
    for first, one in rows:
        cells = [first, f"{in_a_cell(one['predictor'], one['quantity'])}: {one['claim']}", claimed_range(one)]
        cells += [
            f"{one['measured']:.4f} [{one['low']:.4f}, {one['high']:.4f}]",
            *([one["verdict"]] if last else []),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def headlines(snapshot: Path, preset: str = "") -> str:
    """Accuracies on images beside the paper's."""
    return _text(snapshot / preset / "headline.md")


def draws(snapshot: Path) -> str:
    """What students do on the default's draw of the data and on those of ``data_seeds.yaml``."""
    table = pd.concat([_verdicts(snapshot), _verdicts(snapshot / "data_seeds")])
    lines = ["| | " + " | ".join(DRAWS) + " |", "|---" * (1 + len(DRAWS)) + "|"]
    for name, statement in OF_A_DRAW.items():
        found = [_one(table, study, *statement) for study in DRAWS]
        cells = [f"{one['measured']:.3f} [{one['low']:.3f}, {one['high']:.3f}]" for one in found]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def run(snapshot: Path, key: str, preset: str = "") -> str:
    """A number of `cost`."""
    return f"{json.loads(_text(snapshot / preset / 'run.json'))[key]:g}"


def setting(_: Path, path: str) -> str:
    """A value of ``config.yaml``."""
    found = yaml.safe_load(Path(__file__).parents[2].joinpath("config.yaml").read_text())
    for key in path.split("."):
        found = found[key]
    return str(found)


BLOCKS = {
    "verdicts": first_page,
    "statements": statements,
    "preset": all_statements,
    "headline": headlines,
    "draws": draws,
    "run": run,
    "setting": setting,
}


def _text(path: Path) -> str:
    if not path.exists():
        raise NotTaken(f"{path} is missing, see python -m multiview.readme")
    return path.read_text()


def _verdicts(folder: Path) -> pd.DataFrame:
    _text(folder / "verdicts.csv")
    return pd.read_csv(folder / "verdicts.csv")


def _one(table: pd.DataFrame, study: str, predictor: str, beginning: str) -> dict:
    """The first statement on a predictor of a study whose quantity begins in a certain way."""
    rows = table[(table["study"] == study) & (table["predictor"] == predictor)]
    rows = rows[rows["quantity"].str.startswith(beginning)]
    if rows.empty:
        raise KeyError(f"no statement on {predictor}, {beginning} in study {study}")
    return rows.iloc[0].to_dict()


def main(results: str | None = None, preset: str | None = None) -> None:
    """Take the numbers of a run, if there is one, and fill the pages."""
    if results is not None:
        take(Path(results), preset=None if preset is None else Path(preset))
    for page in map(Path, PAGES):
        left: list[str] = []
        page.write_text(fill(page.read_text(), left=left))
        for one in left:
            print(f"{page}: left as it is, {one}")


if __name__ == "__main__":
    main(*sys.argv[1:])
