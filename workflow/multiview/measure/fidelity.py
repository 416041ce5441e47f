"""Agreement of predictors: students with their teachers, averages of logits with averages of probabilities."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.special import softmax

from multiview.measure.intervals import Term, mean_errors
from multiview.predictors import ensembles
from multiview.predictors.logits import Predictor
from multiview.store import artifacts

LARGEST = 10_000_000
"""Values in the largest table of averages."""


def with_teachers(
    predictors: Mapping[str, Predictor], roles: Mapping[str, Mapping], split: np.ndarray, label: np.ndarray
) -> pd.DataFrame:
    """The table ``fidelity``: of every kind of students and every split accuracy and agreement.

    Agreement is the share of the samples on which a student names the class that its teacher names, with its
    interval over students and samples.

    `split` and `label` are of every sample of the dataset, `roles` those of `multiview.config.Study.roles`.
    """
    rows = []
    for name, role in roles.items():
        students, teacher = predictors[name], predictors[role["teacher"]]
        for part, logits in students.logits.items():
            named = logits.argmax(axis=2)
            taught = [
                teacher.of(role["teachers"][str(student)], part).mean(axis=0).argmax(axis=1)
                for student in students.members
            ]
            interval = mean_errors([Term(1.0, named == np.array(taught))]).interval()
            rows.append(
                {
                    "predictor": name,
                    "split": part,
                    "accuracy": float((named == label[split == part]).mean()),
                    "agreement": interval.measured,
                    "low": interval.low,
                    "high": interval.high,
                    "scope": interval.scope,
                    "n_seeds": len(students.members),
                    "n_samples": named.shape[1],
                }
            )
    return pd.DataFrame(rows, columns=list(artifacts.KINDS["fidelity"]))


def of_averages(
    single: Predictor, members: Mapping[int, np.ndarray], split: np.ndarray, label: np.ndarray
) -> pd.DataFrame:
    """The table ``averages``: the error of ensembles that average logits, as the paper's do, or probabilities.

    The difference, that of probabilities minus that of logits, has its interval.

    `members` are seeds, for each size ``[ensembles, size]``; `split` and `label` are of every sample of the
    dataset.
    """
    rows = []
    for part, logits in single.logits.items():
        if part == "train":
            continue
        right, probabilities = label[split == part], softmax(logits.astype(np.float64), axis=2).astype(np.float32)
        for size, seeds in members.items():
            # Some at a time: with many classes all of them would not fit.
            step = max(1, LARGEST // logits[0].size)
            parts = [seeds[i : i + step] for i in range(0, len(seeds), step)]
            of_logits, of_probabilities = (
                np.concatenate(
                    [ensembles.average(outputs, single.members, p).argmax(axis=2) != right for p in parts]
                )
                for outputs in (logits, probabilities)
            )
            terms = [
                Term(weight, wrong, "single", size, len(single.members))
                for weight, wrong in ((1.0, of_probabilities), (-1.0, of_logits))
            ]
            interval = mean_errors(terms).interval()
            rows.append(
                {
                    "size": size,
                    "split": part,
                    "of_logits": float(of_logits.mean()),
                    "of_probabilities": float(of_probabilities.mean()),
                    "difference": interval.measured,
                    "low": interval.low,
                    "high": interval.high,
                    "scope": interval.scope,
                    "n_ensembles": len(seeds),
                    "n_samples": len(right),
                }
            )
    return pd.DataFrame(rows)
