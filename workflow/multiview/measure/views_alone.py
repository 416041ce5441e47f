"""Views learned of pictures: how often a network names the class of a picture when it sees that view alone."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from multiview.data.paired import ALONE
from multiview.predictors.logits import Predictor


def learned_table(predictors: Mapping[str, Predictor], samples: pd.DataFrame, least: float) -> pd.DataFrame:
    """The table ``learned``: its ``phi`` is the accuracy on pictures of a class that are seen in one view alone.

    A view counts as learned from the accuracy `least` on.
    """
    tables = []
    for view, split in enumerate(ALONE, start=1):
        label = samples.loc[samples["split"] == split, "label"].to_numpy()
        classes = np.unique(label)
        for name, predictor in predictors.items():
            right = predictor.logits[split].argmax(axis=2) == label
            phi = np.stack([right[:, label == class_].mean(axis=1) for class_ in classes], axis=1)
            columns = {
                "predictor": name,
                "seed": np.repeat(predictor.members, len(classes)),
                "class": np.tile(classes, len(predictor.members)),
                "view": view,
                "phi": phi.ravel(),
                "learned": phi.ravel() >= least,
            }
            tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)
