"""Families of studies: what the ensemble gains in each, or what is lost from one to the other.

Errors are those on the test split; of a study of the paper's own setting, on its single-view samples.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from multiview import config, ensembles
from multiview.intervals import contrast, units
from multiview.predictors import Predictor
from multiview.verdicts import ABOVE_0, Claim, row

LOSS = "single's loss of accuracy minus its, {row}, L = {size}"
LOSS_CLAIMS = (
    ("the ensemble loses less than a single network", ABOVE_0, 1),
    ("less by at least a point (range: ours)", 0.01, 1),
)
"""What is claimed of that difference; the second can be decided where there is none."""


@dataclass(frozen=True)
class Pair:
    """Single networks and their largest ensembles on the same samples.

    Attributes:
        label: ``[n]``.
        single, ensemble: bool ``[rows, n]``, what they get wrong, a row a network or an ensemble.
        size: L.
    """

    label: np.ndarray
    single: np.ndarray
    ensemble: np.ndarray
    size: int

    @staticmethod
    def of(label: np.ndarray, single: Predictor, split: str, members: np.ndarray) -> "Pair":
        """From what single networks say and the `members` ``[ensembles, L]`` of the ensembles, seeds."""
        alone = single.logits[split].argmax(axis=2) != label
        together = ensembles.average(single.logits[split], single.members, members).argmax(axis=2) != label
        return Pair(label, alone, together, members.shape[1])

    def terms(self, weight: float) -> list[tuple[float, np.ndarray, int]]:
        """The error of a single network minus that of the ensemble, as terms of a contrast."""
        drawn = min(units(self.size, len(self.single)), len(self.ensemble)) if self.size > 1 else len(self.single)
        return [(weight, self.single, len(self.single)), (-weight, self.ensemble, drawn)]


def gain_table(pairs: Mapping[tuple[str, str], Pair], settings: config.Evaluation) -> pd.DataFrame:
    """The table ``gains``: for each row and column of a family the gain of the ensemble, paired.

    Args:
        pairs: by row and column.
        settings: the evaluation section of the config.
    """
    rows = []
    for (name, column), pair in pairs.items():
        drawn = contrast(pair.terms(1.0), np.random.default_rng([settings.seed, 1]), settings.bootstrap)
        rows.append(
            {
                "row": name,
                "column": column,
                "single": 1 - pair.single.mean(),
                "ensemble": 1 - pair.ensemble.mean(),
                **dict(zip(("gain", "low", "high"), drawn, strict=True)),
                "size": pair.size,
                "n_seeds": len(pair.single),
                "n_samples": len(pair.label),
            }
        )
    return pd.DataFrame(rows)


def loss_tables(
    family: str, pairs: Mapping[str, Pair], settings: config.Evaluation
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The table ``losses``, and the verdicts on whether the ensemble loses less.

    A loss is the error in a row minus that in the first one, on the same test samples.

    Args:
        family: its name.
        pairs: by row.
        settings: the evaluation section of the config.

    Raises:
        ValueError: if rows have other test samples.
    """
    rows, claims = [], []
    first = next(iter(pairs.values()))
    for number, (name, pair) in enumerate(pairs.items()):
        if not np.array_equal(pair.label, first.label):
            raise ValueError(f"family {family}: row {name} has other test samples than the first row")

        def drawn(terms: Sequence, numbers: tuple[str, str, str]) -> dict[str, float]:
            found = contrast(terms, np.random.default_rng([settings.seed, 1]), settings.bootstrap)
            return dict(zip(numbers, found, strict=True))

        for predictor, own, reference in (
            ("single", pair.terms(1.0)[0], first.terms(-1.0)[0]),
            ("ensemble", pair.terms(-1.0)[1], first.terms(1.0)[1]),
        ):
            error = drawn([own], ("error", "low", "high"))
            zero = {"loss": 0.0, "loss_low": 0.0, "loss_high": 0.0}
            loss = zero if number == 0 else drawn([own, reference], ("loss", "loss_low", "loss_high"))
            count = {"size": pair.size if predictor == "ensemble" else 1, "n_seeds": len(pair.single)}
            rows.append({"row": name, "predictor": predictor} | error | loss | count)
        if number > 0:
            terms = pair.terms(1.0) + first.terms(-1.0)
            found = contrast(terms, np.random.default_rng([settings.seed, 1]), settings.bootstrap)
            quantity = LOSS.format(row=name.replace("_", " "), size=pair.size)
            for said in LOSS_CLAIMS:
                claim = Claim("ensemble", quantity, *said)
                claims.append(row(family, claim, *found, len(pair.single), len(pair.label)))
    return pd.DataFrame(rows), pd.DataFrame(claims)
