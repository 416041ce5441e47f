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
            teachers = [tuple(role["teachers"][str(student)]) for student in students.members]
            # Of many students the teachers are the same ones.
            answers = {members: teacher.of(members, part).mean(axis=0).argmax(axis=1) for members in set(teachers)}
            taught = np.array([answers[members] for members in teachers])
            interval = mean_errors([Term(1.0, named == taught)]).interval()
            row = {"predictor": name, "split": part, "accuracy": float((named == label[split == part]).mean())}
            row |= {"agreement": interval.measured, "n_seeds": len(students.members), "n_samples": named.shape[1]}
            rows.append(row | vars(interval))
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
            wrong = {}
            for name, outputs in (("of_probabilities", probabilities), ("of_logits", logits)):
                answers = [ensembles.average(outputs, single.members, rows).argmax(axis=2) for rows in parts]
                wrong[name] = np.concatenate(answers) != right
            terms = [
                Term(weight, table, "single", size, len(single.members))
                for weight, table in zip((1.0, -1.0), wrong.values(), strict=True)
            ]
            interval = mean_errors(terms).interval()
            row = {name: float(table.mean()) for name, table in wrong.items()}
            row |= {"size": size, "split": part, "difference": interval.measured}
            rows.append(row | {"n_ensembles": len(seeds), "n_samples": len(right)} | vars(interval))
    return pd.DataFrame(rows, columns=list(artifacts.KINDS["averages"]))
