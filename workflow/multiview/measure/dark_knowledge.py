"""Dark knowledge: what soft labels tell of a class on samples of other classes (Sections 3 and 4 of the paper).

A sample of class ``y`` can carry views of another class ``j``. A network that has learned such a view gives ``j``
a larger soft label there, from which a student can learn it. Cells, that is pairs of a multi-view test sample and
a class ``j`` other than its own, are sorted by how many of the views of ``j`` they carry that the teacher has
learned and has not.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import softmax

from multiview import config
from multiview.measure import lottery
from multiview.measure.intervals import quantiles, replicates
from multiview.predictors.logits import Predictor
from multiview.store import artifacts

SPLIT = "test_multi"


def soft_labels(logits: np.ndarray, objective: Mapping[str, Any], scale: float = 1.0) -> np.ndarray:
    """Soft labels ``[..., k]`` of logits ``[..., k]`` as a student's objective sees them.

    `objective` is the section of the config, in plain values; by `scale` the logits are multiplied first (a
    teacher's).
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
    scale = objective["teacher_scale"]

    def of_each(predictor: Predictor) -> list[np.ndarray]:
        return [soft_labels(predictor.of([student], SPLIT)[0], objective) for student in students]

    labels_by_role = {
        "teacher": [soft_labels(teacher.of(m, SPLIT).mean(axis=0), objective, scale) for m in teachers],
        "student": of_each(predictors[name]),
    }
    if role["start"] == "warm":
        labels_by_role["before"] = of_each(predictors["single"])

    phi = learned[learned["predictor"] == role["teacher"]].set_index("seed")
    other = np.arange(k) != label[:, None]
    sums = {key: np.zeros((len(students), n, 3, 3)) for key in labels_by_role}
    counts = np.zeros((len(students), n, 3, 3))
    for i, members in enumerate(teachers):
        # An ensemble has learned what its average strength says it has.
        strength = np.mean(
            [phi.loc[m].sort_values(["class", "view"])["phi"].to_numpy().reshape(k, 2) for m in members], axis=0
        )
        has = lottery.learned(strength, settings.learned_ratio)
        cell = (9 * np.arange(n)[:, None] + 3 * (carried & has).sum(axis=2) + (carried & ~has).sum(axis=2))[other]
        counts[i] = np.bincount(cell, minlength=9 * n).reshape(n, 3, 3)
        for key, values in labels_by_role.items():
            sums[key][i] = np.bincount(cell, values[i][other], minlength=9 * n).reshape(n, 3, 3)

    # The same for all kinds of students.
    of_students, of_samples = (
        replicates(size, (settings.seed, *stream), settings.bootstrap).astype(float)
        for size, stream in ((len(students), b"students"), (n, b"samples"))
    )

    def totals(cells: np.ndarray) -> np.ndarray:
        """Of every replicate ``[replicates, 3, 3]``, for `cells` ``[students, n, 3, 3]``."""
        by_student = (of_samples @ cells.swapaxes(0, 1).reshape(n, -1)).reshape(-1, len(students), 3, 3)
        return np.einsum("bs,bsij->bij", of_students, by_student)

    records = []
    numbers = totals(counts)
    for key, values in sums.items():
        with np.errstate(invalid="ignore", divide="ignore"):
            means_drawn = totals(values) / numbers
            excess_drawn = means_drawn / means_drawn[:, :1, :1] - 1
        base = values[:, :, 0, 0].sum() / counts[:, :, 0, 0].sum()
        for a, b in np.argwhere(counts.sum(axis=(0, 1)) > 0):
            number, drawn = counts[:, :, a, b].sum(), excess_drawn[:, a, b]
            mean = values[:, :, a, b].sum() / number
            low, high = quantiles(drawn[np.isfinite(drawn)])
            records.append((name, key, a, b, mean, mean / base - 1, low, high, len(students), int(number)))
    return pd.DataFrame(records, columns=list(artifacts.KINDS["dark_knowledge"]))
