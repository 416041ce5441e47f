"""Dark knowledge: what soft labels tell of a class on samples of other classes (Sections 3 and 4 of the paper).

A sample of class ``y`` can carry views of another class ``j``. A network that has learned such a view gives ``j``
a larger soft label there, from which a student can learn it. Cells, that is pairs of a multi-view test sample and
a class ``j`` other than its own, are sorted by how many of the views of ``j`` they carry that the teacher has
learned and has not.
"""

from collections.abc import Mapping, Sequence
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
    one of `multiview.config.Study.roles`. There are no rows where every sample has a view of every class: soft
    labels are held against those without.
    """
    students, n, k = predictors[name].members, len(label), carried.shape[1]
    teachers = [tuple(role["teachers"][str(student)]) for student in students]
    teacher, objective = predictors[role["teacher"]], role["objective"]
    scale = objective["teacher_scale"]

    def of_each(predictor: Predictor) -> list[np.ndarray]:
        return [soft_labels(predictor.of([student], SPLIT)[0], objective) for student in students]

    of_teachers = learned[learned["predictor"] == role["teacher"]].sort_values(["seed", "class", "view"])
    phi = dict(zip(of_teachers["seed"].unique(), of_teachers["phi"].to_numpy().reshape(-1, k, 2), strict=True))
    other = np.arange(k) != label[:, None]
    taught, cell = {}, {}  # of many students the teachers are the same ones
    for members in dict.fromkeys(teachers):
        taught[members] = soft_labels(teacher.of(members, SPLIT).mean(axis=0), objective, scale)
        # An ensemble has learned what its average strength says it has.
        has = lottery.learned(np.mean([phi[m] for m in members], axis=0), settings.learned_ratio)
        kind = 3 * (carried & has).sum(axis=2) + (carried & ~has).sum(axis=2)
        cell[members] = (n * kind + np.arange(n)[:, None])[other]
    labels_by_role = {"teacher": [taught[members] for members in teachers], "student": of_each(predictors[name])}
    if role["start"] == "warm":
        labels_by_role["before"] = of_each(predictors["single"])

    def by_kind(values: Sequence[np.ndarray | None]) -> np.ndarray:
        """Sums over the cells of a kind ``[students, 9, n]`` of each student's values; their number, for None."""
        sums = [
            np.bincount(cell[members], own if own is None else own[other], minlength=9 * n)
            for members, own in zip(teachers, values, strict=True)
        ]
        return np.array(sums, float).reshape(-1, 9, n)

    counts = by_kind([None] * len(students))
    if not counts[:, 0].any():
        return pd.DataFrame(columns=list(artifacts.KINDS["dark_knowledge"]))
    sums = {key: by_kind(values) for key, values in labels_by_role.items()}

    # The same for all kinds of students.
    of_students, of_samples = (
        replicates(size, (settings.seed, *stream), settings.bootstrap).astype(float)
        for size, stream in ((len(students), b"students"), (n, b"samples"))
    )

    def totals(own: np.ndarray) -> np.ndarray:
        """Of every replicate ``[replicates, 9]``, for sums ``[students, 9, n]``."""
        # Many are 0, and those of students with the same teachers are the same: each product is made once.
        rows = [row.tobytes() for row in own.reshape(-1, n)]
        distinct = {row: i for i, row in enumerate(dict.fromkeys(rows))}
        products = of_samples @ np.array([np.frombuffer(row) for row in distinct]).T
        by_student = products[:, [distinct[row] for row in rows]]
        return np.einsum("bs,bsc->bc", of_students, by_student.reshape(-1, len(students), 9))

    records = []
    numbers = totals(counts)
    for key, values in sums.items():
        with np.errstate(invalid="ignore", divide="ignore"):
            means_drawn = totals(values) / numbers
            excess_drawn = means_drawn / means_drawn[:, :1] - 1
        base = values[:, 0].sum() / counts[:, 0].sum()
        for c in np.flatnonzero(counts.any(axis=(0, 2))):
            number, drawn = counts[:, c].sum(), excess_drawn[:, c]
            mean = values[:, c].sum() / number
            low, high = quantiles(drawn[np.isfinite(drawn)])
            excess = mean / base - 1
            records.append((name, key, *divmod(c, 3), mean, excess, low, high, len(students), int(number)))
    return pd.DataFrame(records, columns=list(artifacts.KINDS["dark_knowledge"]))
