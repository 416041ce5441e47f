"""Grid search of Hinton's weight and temperature: students use those that did best on the validation split."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multiview import config
from multiview.store.artifacts import Artifact

if TYPE_CHECKING:  # jobs that train make no data frames, and do not wait for the import
    import pandas as pd


def with_pair(settings: config.Objective, alpha: float, temperature: float) -> config.Objective:
    """An objective with another weight of the soft labels and another temperature."""
    return settings.model_copy(update={"hinton": config.Hinton(alpha=alpha, temperature=temperature)})


def choose(trials: pd.DataFrame) -> pd.DataFrame:
    """The table ``choice`` from ``trials``: a row a pair, with the means over the students that tried it.

    Chosen is the pair of the highest validation accuracy; of several, the one of the lowest validation NLL.
    """
    pairs = trials.groupby(["alpha", "temperature"], as_index=False).agg(
        accuracy=("accuracy", "mean"), nll=("nll", "mean"), n_seeds=("seed", "nunique")
    )
    # Means of the same numbers in another order must not decide: they are equal to 1e-12.
    rounded = pairs.assign(accuracy=pairs["accuracy"].round(12))
    order = rounded.sort_values(["accuracy", "nll"], ascending=[False, True]).index
    return pairs.assign(chosen=pairs.index == order[0])


def with_chosen(settings: config.Objective, choice: Artifact) -> config.Objective:
    """An objective with the pair that was chosen."""
    chosen = choice.numpy("chosen")
    return with_pair(settings, *(float(choice.numpy(key)[chosen][0]) for key in ("alpha", "temperature")))
