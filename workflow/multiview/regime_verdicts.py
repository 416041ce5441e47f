"""The paper's statements on models that learn no features (Section 5): linearised networks, random features.

The same for the paper's own setting and for images, in terms of the error on one split.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from multiview import config
from multiview.intervals import contrast
from multiview.verdicts import ABOVE_0, Claim, row

ENSEMBLE = Claim("ensemble", "single's {error} minus its, L = {size}", "their ensemble gains as well", ABOVE_0, 1)
DISTILLED = Claim(
    "{}",
    "half the ensemble's gain minus its, L = {size}",
    "distilling does not carry over: less than half of the gain (range: ours)",
    ABOVE_0,
    1,
)
JOINT = Claim(
    "joint",
    "its {error} minus ensemble's, L = {size}",
    "training the average does as well as the ensemble, or better (range: ours)",
    -1,
    0.01,
)


def verdict_table(
    study: str,
    error: str,
    wrong: Mapping[tuple[str, int], tuple[np.ndarray, int]],
    roles: Mapping[str, Mapping],
    networks: int | None,
    settings: config.Evaluation,
) -> pd.DataFrame:
    """The statements, each with its verdict.

    Args:
        study: its name.
        error: what the error is called.
        wrong: for each predictor and size bool ``[rows, n]``, and how many rows a bootstrap replicate draws.
        roles: of the students, as `multiview.config.Study.roles` gives them.
        networks: how many networks ``joint`` averages, or None.
        settings: the evaluation section of the config.
    """
    rows = []
    size = networks or max(size for name, size in wrong if name == "ensemble")

    def add(claim: Claim, *terms: tuple[float, str]) -> None:
        tables = [(weight, *wrong[name, size if name == "ensemble" else 1]) for weight, name in terms]
        drawn = contrast(tables, np.random.default_rng([settings.seed, 1]), settings.bootstrap)
        own = wrong[claim.predictor, size if claim.predictor == "ensemble" else 1][0]
        claim = replace(claim, quantity=claim.quantity.format(error=error, size=size))
        rows.append(row(study, claim, *drawn, len(own), own.shape[1]))

    add(ENSEMBLE, (1, "single"), (-1, "ensemble"))
    for name, role in roles.items():
        if role["teacher"] == "single" and role["teacher_size"] > 1:
            # (single - ensemble) / 2 - (single - student)
            add(replace(DISTILLED, predictor=name), (-0.5, "single"), (-0.5, "ensemble"), (1, name))
    if networks is not None:
        add(JOINT, (1, "joint"), (-1, "ensemble"))
    return pd.DataFrame(rows)
