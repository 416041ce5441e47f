"""Families of studies: what the ensemble gains in each, or what is lost from one to the other.

Errors are those on the main split of each study (`multiview.measure.errors.main_split`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from multiview.claims.claim import lists
from multiview.claims.measures import Observed, measure
from multiview.measure.errors import ERRORS, Errors, main_split
from multiview.measure.intervals import mean_errors
from multiview.predictors import ensembles
from multiview.predictors.logits import Predictor


@dataclass(frozen=True)
class Pair:
    """Single networks and their largest ensembles on the same samples.

    Attributes:
        split: on which they are measured.
        label: ``[n]``.
        single, ensemble: bool ``[rows, n]``, what they get wrong, a row a network or an ensemble.
        size: L.
        training_accuracy: ``[rows]``, of the single networks.
    """

    split: str
    label: np.ndarray
    single: np.ndarray
    ensemble: np.ndarray
    size: int
    training_accuracy: np.ndarray

    @staticmethod
    def of(
        label: np.ndarray, single: Predictor, split: str, members: np.ndarray, training_accuracy: np.ndarray
    ) -> "Pair":
        """From what single networks say and the `members` ``[ensembles, L]`` of the ensembles, seeds."""
        alone = single.logits[split].argmax(axis=2) != label
        together = ensembles.average(single.logits[split], single.members, members).argmax(axis=2) != label
        return Pair(split, label, alone, together, members.shape[1], training_accuracy)

    def errors(self, row: str = "") -> dict[str, Errors]:
        """What the two get wrong; with the name of a row, networks of their own."""
        number, pool = len(self.single), f"single{row}"
        return {
            "single": Errors(pool, 1, number, {self.split: self.single}, pool),
            "ensemble": Errors(f"ensemble{row}", self.size, number, {self.split: self.ensemble}, pool),
        }


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


def loss_tables(family: str, pairs: Mapping[str, Pair], more_training: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The table ``losses``, and the table ``measures`` on whether the ensemble loses less.

    A loss is the error in a row minus that in the first one, on the same test samples.

    Raises:
        ValueError: if rows have other test samples.
    """
    rows, measures = [], []
    first = next(iter(pairs.values()))
    for number, (name, pair) in enumerate(pairs.items()):
        if not np.array_equal(pair.label, first.label):
            raise ValueError(f"family {family}: row {name} has other test samples than the first row")
        for predictor in ("single", "ensemble"):
            own = pair.errors()[predictor].term(1.0, pair.split)
            error = mean_errors([own]).interval()
            loss = {"loss": 0.0, "loss_low": 0.0, "loss_high": 0.0}
            if number > 0:
                difference = mean_errors([own, first.errors(FIRST)[predictor].term(-1.0, pair.split)]).interval()
                loss = {"loss": difference.measured, "loss_low": difference.low, "loss_high": difference.high}
            count = {"size": own.size, "n_seeds": len(pair.single), "scope": error.scope}
            about = {"row": name, "predictor": predictor, "error": error.measured}
            rows.append(about | {"low": error.low, "high": error.high} | loss | count)
        if number > 0:
            observed = Observed(
                study=family,
                errors=[*pair.errors().values(), *first.errors(FIRST).values()],
                main=ERRORS[pair.split],
                training_accuracy={"single": np.concatenate([first.training_accuracy, pair.training_accuracy])},
                more_training=more_training,
                other=name.replace("_", " "),
            )
            measures.append(measure(observed, lists()["layers"]))
    return pd.DataFrame(rows), pd.concat(measures, ignore_index=True)


FIRST = "_of_first"
"""Suffix of the names of networks of a family's first row, where it is compared with another row."""
