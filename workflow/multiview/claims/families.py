"""Families of studies: what the ensemble gains in each, or what is lost from one to the other.

Errors are those on the main split of each study (`multiview.measure.errors.main_split`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from multiview.claims.claim import lists
from multiview.claims.terms import Observed, measure
from multiview.measure.errors import ERRORS, Errors, main_split
from multiview.measure.intervals import mean_errors


@dataclass(frozen=True)
class Row:
    """What the single networks and the largest ensembles of a study get wrong.

    Attributes:
        label: ``[n]``, of the samples on which they are measured.
        errors: of both, by name.
        training_accuracy: ``[networks]``, of the single ones.
    """

    label: np.ndarray
    errors: Mapping[str, Errors]
    training_accuracy: np.ndarray


def gain_table(scores: Mapping[tuple[str, str], pd.DataFrame]) -> pd.DataFrame:
    """The table ``gains``: for each row and column of a family the gain of its largest ensembles, paired.

    `scores` are the tables of the studies by row and column.
    """
    rows = []
    for (row, column), table in scores.items():
        split = main_split(list(table["split"]))
        kind = ERRORS[split].removeprefix("error")
        own = table[(table["split"] == split) & table["predictor"].isin(("single", "ensemble"))]
        own = own.sort_values("size").groupby(["predictor", "quantity"]).last()  # the largest
        gain = own.loc[("ensemble", f"gain{kind}")]
        rows.append(
            {
                "row": row,
                "column": column,
                "single": own.loc[("single", f"accuracy{kind}"), "measured"],
                "ensemble": own.loc[("ensemble", f"accuracy{kind}"), "measured"],
                "gain": gain["measured"],
            }
            | gain[["low", "high", "scope", "size", "n_seeds", "n_samples"]].to_dict()
        )
    return pd.DataFrame(rows)


def loss_tables(family: str, rows: Mapping[str, Row], more_training: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The table ``losses``, and the table ``measures`` on whether the ensemble loses less.

    A loss is the error in a row minus that in the first one, on the same test samples.

    Raises:
        ValueError: if rows have other test samples.
    """
    losses, measures = [], []
    base = next(iter(rows.values()))
    of_first = {  # networks of their own
        name: replace(errors, predictor=f"{name}{FIRST}", pool=f"{errors.pool}{FIRST}")
        for name, errors in base.errors.items()
    }
    (split,) = base.errors["single"].wrong
    for number, (name, row) in enumerate(rows.items()):
        if not np.array_equal(row.label, base.label):
            raise ValueError(f"family {family}: row {name} has other test samples than the first row")
        for predictor, errors in row.errors.items():
            error = mean_errors([errors.term(1.0, split)]).interval()
            loss = {"loss": 0.0, "loss_low": 0.0, "loss_high": 0.0}
            if number > 0:
                terms = [errors.term(1.0, split), of_first[predictor].term(-1.0, split)]
                difference = mean_errors(terms).interval()
                loss = {"loss": difference.measured, "loss_low": difference.low, "loss_high": difference.high}
            about = {"row": name, "predictor": predictor, "size": errors.size, "n_seeds": errors.n_seeds}
            interval = {"error": error.measured, "low": error.low, "high": error.high, "scope": error.scope}
            losses.append(about | interval | loss)
        if number > 0:
            observed = Observed(
                study=family,
                errors=[*row.errors.values(), *of_first.values()],
                main=ERRORS[split],
                training_accuracy={"single": np.concatenate([base.training_accuracy, row.training_accuracy])},
                more_training=more_training,
                other=name.replace("_", " "),
            )
            measures.append(measure(observed, lists()["layers"]))
    return pd.DataFrame(losses), pd.concat(measures, ignore_index=True)


FIRST = "_of_first"
"""Suffix of the names of networks of a family's first row, where it is compared with another row."""
