"""Dark knowledge: what soft labels tell of a class on samples of other classes (Sections 3 and 4 of the paper).

A sample of class ``y`` can carry views of another class ``j``. A network that has learned such a view gives ``j``
a larger soft label there, from which a student can learn it. Cells, that is pairs of a multi-view test sample and
a class ``j`` other than its own, are sorted by how many of the views of ``j`` they carry that the teacher has
learned and has not.
"""

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import softmax

from multiview import config
from multiview.measure import lottery
from multiview.measure.intervals import quantiles
from multiview.predictors.logits import Predictor

SPLIT = "test_multi"


def soft_labels(logits: np.ndarray, objective: Mapping[str, Any], scale: float = 1.0) -> np.ndarray:
    """Soft labels ``[..., k]`` as a student's objective sees them.

    Args:
        logits: ``[..., k]``.
        objective: the objective section of the config, in plain values.
        scale: by which the logits are multiplied first (a teacher's).
    """
    if objective["kind"] == "hinton":
        return softmax(scale * logits / objective["hinton"]["temperature"], axis=-1)
    tau = objective["truncated"]["tau"]
    return softmax(np.minimum(tau**2 * scale * logits, 1) / tau, axis=-1)


def carried_views(samples: pd.DataFrame, patches: pd.DataFrame, classes: int) -> np.ndarray:
    """Which views each multi-view test sample carries: bool ``[n, k, 2]``."""
    n = int((samples["split"] == SPLIT).sum())
    own = patches[(patches["split"] == SPLIT) & (patches["view"] > 0)]
    carried = np.zeros((n, classes, 2), bool)
    carried[own["sample"], own["class"], own["view"] - 1] = True
    return carried


def table(
    name: str,
    role: Mapping[str, Any],
    predictors: Mapping[str, Predictor],
    learned: pd.DataFrame,
    carried: np.ndarray,
    label: np.ndarray,
    settings: config.Evaluation,
) -> pd.DataFrame:
    """The table ``dark_knowledge`` of one kind of students.

    `carried` ``[n, k, 2]`` is that of `carried_views`, `label` ``[n]`` of the multi-view test samples; `role` is
    one of `multiview.config.Study.roles`.
    """
    students, n, k = predictors[name].members, len(label), carried.shape[1]
    teachers = [role["teachers"][str(student)] for student in students]
    teacher, objective = predictors[role["teacher"]], role["objective"]
    labels_by_role = {
        "teacher": [
            soft_labels(teacher.of(members, SPLIT).mean(axis=0), objective, objective["teacher_scale"])
            for members in teachers
        ],
        "student": [soft_labels(predictors[name].of([s], SPLIT)[0], objective) for s in students],
    }
    if role["start"] == "warm":
        labels_by_role["before"] = [
            soft_labels(predictors["single"].of([s], SPLIT)[0], objective) for s in students
        ]

    phi = learned[learned["predictor"] == role["teacher"]].set_index("seed")
    other = np.arange(k) != label[:, None]
    sums = {key: np.zeros((len(students), n, 3, 3)) for key in labels_by_role}
    counts = np.zeros((len(students), n, 3, 3))
    rows = np.broadcast_to(np.arange(n)[:, None], (n, k))
    for i, members in enumerate(teachers):
        # An ensemble has learned what its average strength says it has.
        strength = np.mean(
            [phi.loc[m].sort_values(["class", "view"])["phi"].to_numpy().reshape(k, 2) for m in members], axis=0
        )
        has = lottery.learned(strength, settings.learned_ratio)
        cell = (9 * rows + 3 * (carried & has).sum(axis=2) + (carried & ~has).sum(axis=2))[other]
        counts[i] = np.bincount(cell, minlength=9 * n).reshape(n, 3, 3)
        for key, values in labels_by_role.items():
            sums[key][i] = np.bincount(cell, values[i][other], minlength=9 * n).reshape(n, 3, 3)

    of_students, of_samples = (
        _replicates(size, stream, settings.seed, settings.bootstrap)
        for stream, size in (("students", len(students)), ("samples", n))
    )

    def totals(cells: np.ndarray) -> np.ndarray:
        """Of every replicate ``[replicates, 3, 3]``, for `cells` ``[students, n, 3, 3]``."""
        by_student = (of_samples @ cells.swapaxes(0, 1).reshape(n, -1)).reshape(-1, len(students), 3, 3)
        return np.einsum("bs,bsij->bij", of_students, by_student)

    records = []
    numbers = totals(counts)
    for key, values in sums.items():
        drawn_sums = totals(values)
        base = values[:, :, 0, 0].sum() / counts[:, :, 0, 0].sum()
        with np.errstate(invalid="ignore", divide="ignore"):
            base_drawn = drawn_sums[:, 0, 0] / numbers[:, 0, 0]
        for a, b in np.argwhere(counts.sum(axis=(0, 1)) > 0):
            mean = values[:, :, a, b].sum() / counts[:, :, a, b].sum()
            with np.errstate(invalid="ignore", divide="ignore"):
                drawn = drawn_sums[:, a, b] / numbers[:, a, b] / base_drawn - 1
            low, high = quantiles(drawn[np.isfinite(drawn)])
            records.append(
                {
                    "predictor": name,
                    "role": key,
                    "carried_learned": a,
                    "carried_not_learned": b,
                    "soft_label": mean,
                    "excess": mean / base - 1,
                    "low": low,
                    "high": high,
                    "n_seeds": len(students),
                    "n_cells": int(counts[:, :, a, b].sum()),
                }
            )
    return pd.DataFrame(records)


@functools.lru_cache(maxsize=8)
def _replicates(size: int, stream: str, seed: int, number: int) -> np.ndarray:
    """How often each of `size` students or samples is in each replicate: ``[number, size]``.

    They are the same for all kinds of students: drawing them takes longer than what is made of them.
    """
    rng = np.random.default_rng([seed, *stream.encode()])
    counts = rng.multinomial(size, np.full(size, 1 / size), size=number).astype(float)
    counts.setflags(write=False)
    return counts
