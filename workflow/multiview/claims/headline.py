"""The table of the paper's headline (Section 5): its numbers beside ours, in the same layout."""

from collections.abc import Mapping

import pandas as pd

DATA = ("CIFAR-10", "CIFAR-100")
PAPER = {
    "single": ((0.9670, 0.0021), (0.8151, 0.0016)),
    "ensemble": ((0.9720, None), (0.8469, None)),
    "distilled": ((0.9722, None), (0.8381, None)),
    "self_distilled": ((0.9713, None), (0.8356, None)),
    "joint": ((0.9646, None), (0.8183, None)),
}
"""The paper's test accuracies on these (WideResNet-28-10, ten seeds), and their spread where it gives one."""

ROWS = {
    "single": "single model",
    "ensemble": "ensemble of L (paper: 10)",
    "distilled": "distilled from the ensemble",
    "self_distilled": "self-distilled",
    "joint": "the average trained jointly",
}
"""Names of the rows; students of other names get rows of their own below."""


def table(scores: Mapping[str, pd.DataFrame], spreads: Mapping[str, Mapping[str, float]]) -> pd.DataFrame:
    """The table ``headline``: for every study and predictor the accuracy, its spread over seeds and its interval.

    `scores` has for every study the table ``scores``, `spreads` for every study and predictor the standard
    deviation of the accuracies of single networks over their seeds, the paper's +-; where none is there it is 0.
    """
    tables = []
    for study, rows in scores.items():
        rows = rows[rows["quantity"] == "accuracy"].rename(columns={"measured": "accuracy"})
        rows = rows[rows["size"] == rows.groupby("predictor")["size"].transform("max")]
        rows = rows[~rows["predictor"].str.startswith(("teacher_of_", "best"))]
        columns = ["predictor", "accuracy", "low", "high", "n_seeds", "size"]
        tables.append(rows[columns].assign(study=study, spread=rows["predictor"].map(spreads[study]).fillna(0.0)))
    return pd.concat(tables, ignore_index=True)


def _percent(accuracy: float, spread: float | None) -> str:
    return f"{100 * accuracy:.2f}" + (f" ± {100 * spread:.2f}" if spread else "")


def cells(table: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    """Heads and rows for readers, in %: our accuracies with spread and 95 % interval, then the paper's."""
    studies = list(dict.fromkeys(table["study"]))
    predictors = [*ROWS, *(name for name in dict.fromkeys(table["predictor"]) if name not in ROWS)]
    rows = []
    entries = table.set_index(["study", "predictor"])
    for predictor in predictors:
        row = [ROWS.get(predictor, predictor.replace("_", " "))]
        for study in studies:
            if (study, predictor) not in entries.index:
                row.append("")
                continue
            entry = entries.loc[(study, predictor)]
            # The largest ensemble need not be one of all seeds, nor of the paper's ten.
            size = f", L = {int(entry['size'])}" if predictor == "ensemble" else ""
            interval = f"[{100 * entry['low']:.2f}, {100 * entry['high']:.2f}]"
            row.append(f"{_percent(entry['accuracy'], entry['spread'])}{size} {interval}")
        row += [_percent(*numbers) for numbers in PAPER[predictor]] if predictor in PAPER else [""] * len(DATA)
        rows.append(row)
    return ["test accuracy in %", *studies, *(f"paper, {name}" for name in DATA)], rows
