"""Errors of every predictor with 95 % intervals over seeds and samples (Section 3 of the paper).

Errors are measured stratified, on a split of multi-view and one of single-view samples, and put together as
``error = (1 - mu) error_m + mu error_s``. How the intervals come about is told in `multiview.measure.intervals`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from multiview import config
from multiview.claims.claim import KEEPS, LOTTERY, TAKES
from multiview.claims.measures import TEACHER, Errors
from multiview.measure import lottery
from multiview.measure.intervals import Interval, mean_errors
from multiview.predictors import ensembles
from multiview.predictors.logits import Predictor


def score_rows(one: Errors, settings: config.Evaluation) -> Iterator[dict]:
    """Rows of the score table for a predictor.

    Args:
        one: its errors ``error_m`` and ``error_s``.
        settings: the evaluation section of the config.

    Yields:
        ``error_m`` and ``error_s``, then ``error`` and ``error / mu`` for every mu of the config.
    """
    count = {"size": one.size, "n_seeds": one.n_seeds, "n_ensembles": len(one.wrong["error_s"])}
    for quantity, table in one.wrong.items():
        found = mean_errors([one.term(1.0, quantity)]).interval()
        yield count | _row(quantity, SHARE[quantity], found, table.shape[1])
    n = sum(table.shape[1] for table in one.wrong.values())
    for mu in settings.mus:
        weights = {"error_m": 1 - mu, "error_s": mu}
        terms = [one.term(weight, quantity) for quantity, weight in weights.items() if weight > 0]
        found = mean_errors(terms).interval()
        yield count | _row("error", mu, found, n)
        if mu > 0:
            scaled = {end: getattr(found, end) / mu for end in ("measured", "low", "high")}
            yield count | _row("error / mu", mu, replace(found, **scaled), n)


def _row(quantity: str, mu: float, found: Interval, n_samples: int) -> dict:
    return {
        "quantity": quantity,
        "mu": mu,
        "measured": found.measured,
        "low": max(0.0, found.low),
        "high": found.high,
        "interval": found.method,
        "scope": found.scope,
        "n_samples": n_samples,
    }


SHARE = {"error_m": 0.0, "error_s": 1.0}
"""The mu at which the error on D is the stratified one."""

QUANTITIES = {"error_m": "test_multi", "error_s": "test_single"}
"""The stratified errors, and the split on which each is measured."""


@dataclass(frozen=True)
class Group:
    """Networks or ensembles of one predictor, which are measured together.

    Attributes:
        predictor: its name.
        size: how many networks are averaged: L, 1 for single ones.
        n_seeds: how many seeds its networks come from.
        of: the predictor whose logits are averaged.
        rows: the members of each.
    """

    predictor: str
    size: int
    n_seeds: int
    of: str
    rows: Sequence[Sequence[int]]

    @property
    def pool(self) -> str:
        """The name of its networks, as intervals call them: a teacher is given."""
        return TEACHER if self.predictor.startswith("teacher_of_") else self.of


def groups(
    predictors: Mapping[str, Predictor], members: Mapping[int, np.ndarray], roles: Mapping[str, Mapping]
) -> list[Group]:
    """Everything that is measured of a study, but for `best`.

    Besides the predictors that have logits of their own: ``ensemble`` (the average of L single networks),
    ``teacher_of_x`` (the ensemble that teaches the students x) and ``ensemble_of_x`` (the average of all
    students x).

    Args:
        predictors: ``single``, every kind of students, and others.
        members: for each size ``[ensembles, size]``, seeds.
        roles: of the students, as `multiview.config.Study.roles` gives them.
    """
    seeds = predictors["single"].members
    found = [Group("single", 1, len(seeds), "single", [[seed] for seed in seeds])]
    found += [Group("ensemble", size, len(seeds), "single", rows.tolist()) for size, rows in members.items()]
    for name, role in roles.items():
        students = predictors[name].members
        if role["teacher_size"] > 1:
            taught_by = next(iter(role["teachers"].values()))
            found.append(Group(f"teacher_of_{name}", len(taught_by), len(taught_by), role["teacher"], [taught_by]))
        found.append(Group(name, 1, len(students), name, [[seed] for seed in students]))
        if len(students) > 1:
            found.append(Group(f"ensemble_of_{name}", len(students), len(students), name, [students]))
    others = [name for name in predictors if name != "single" and name not in roles]
    found += [
        Group(name, 1, len(predictors[name].members), name, [[member] for member in predictors[name].members])
        for name in others
    ]
    return found


def best(single: np.ndarray, seeds: Sequence[int], members: np.ndarray) -> list[int]:
    """For each ensemble the position of the member with the fewest errors, ``best of L``.

    It is chosen on the very test samples, an oracle, so that no honest choice does better.

    Args:
        single: bool ``[seeds, n]``, the errors of each single network.
        seeds: they.
        members: ``[ensembles, L]``, seeds.
    """
    position = {seed: i for i, seed in enumerate(seeds)}
    mean = single.mean(axis=1)
    return [min((position[seed] for seed in row), key=mean.__getitem__) for row in members.tolist()]


def all_errors(
    samples: pd.DataFrame,
    predictors: Mapping[str, Predictor],
    members: Mapping[int, np.ndarray],
    roles: Mapping[str, Mapping],
) -> list[Errors]:
    """Errors of every predictor of a study: its `groups` and its `best`.

    Args:
        samples: the ``samples`` artifact.
        predictors: ``single`` and every kind of students.
        members: for each size ``[ensembles, size]``, seeds.
        roles: of the students, as `multiview.config.Study.roles` gives them.
    """
    labels = {split: part["label"].to_numpy() for split, part in samples.groupby("split")}

    def wrong(group: Group) -> dict[str, np.ndarray]:
        one = predictors[group.of]
        return {
            quantity: ensembles.average(one.logits[split], one.members, np.asarray(group.rows)).argmax(axis=2)
            != labels[split]
            for quantity, split in QUANTITIES.items()
        }

    found = [
        Errors(group.predictor, group.size, group.n_seeds, wrong(group), group.pool)
        for group in groups(predictors, members, roles)
    ]
    single, largest = found[0], max(members)
    rows = best(single.wrong["error_s"], predictors["single"].members, members[largest])
    chosen = {quantity: table[rows] for quantity, table in single.wrong.items()}
    found.insert(1 + len(members), Errors("best", largest, single.n_seeds, chosen, "single"))
    return found


def score_tables(
    study: str, errors: Sequence[Errors], settings: config.Evaluation
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables ``scores`` and ``ensemble_errors``, the latter with the error of each single ensemble.

    Args:
        study: its name.
        errors: of every predictor, for each split which samples are wrong, bool ``[networks or ensembles, n]``.
        settings: the evaluation section of the config, with every mu.
    """
    rows, of_each = [], []
    for one in errors:
        about = {"study": study, "predictor": one.predictor}
        rows += [about | row for row in score_rows(one, settings)]
        if one.predictor == "ensemble":
            of_each += [
                {"size": one.size, "ensemble": i, "split": QUANTITIES[quantity], "error": error}
                for quantity, table in one.wrong.items()
                for i, error in enumerate(table.mean(axis=1))
            ]
    return pd.DataFrame(rows), pd.DataFrame(of_each)


def last_step(strengths: pd.DataFrame) -> pd.DataFrame:
    """Of the table ``strengths``, the rows of each seed's last step."""
    return strengths[strengths["step"] == strengths.groupby("seed")["step"].transform("max")]


def lottery_table(start: pd.DataFrame, final: pd.DataFrame, q: float, learned_ratio: float) -> pd.DataFrame:
    """Who was predicted to win each race and who did: the table ``lottery``, a row a seed, class and view.

    Args:
        start: ``lambda`` and ``s`` of every seed, class and view at the initialisation.
        final: ``phi`` of each at the end.
        q: power of the smoothed ReLU.
        learned_ratio: a view counts as learned from this share of its class's larger Phi on.

    Raises:
        MergeError: of pandas, if a row of one has not exactly one in the other.
    """
    table = start.merge(final.drop(columns="step"), on=["seed", "class", "view"], validate="one_to_one")
    table = table.sort_values(["seed", "class", "view"], ignore_index=True)
    table["ticket"] = lottery.ticket(table["lambda"], table["s"], q)
    phi = table["phi"].to_numpy().reshape(-1, 2)
    tickets = table["ticket"].to_numpy().reshape(-1, 2)
    table["learned"] = lottery.learned(phi, learned_ratio).ravel()
    table["won"] = _larger(phi).ravel()
    table["predicted"] = _larger(tickets).ravel()
    return table


def learned_table(final: Mapping[str, pd.DataFrame], learned_ratio: float) -> pd.DataFrame:
    """Which views each network has learned: the table ``learned``.

    Args:
        final: for each predictor, the rows of ``strengths`` of the last step.
        learned_ratio: of the evaluation section.
    """
    tables = []
    for predictor, table in final.items():
        table = table.drop(columns="step").sort_values(["seed", "class", "view"], ignore_index=True)
        table["learned"] = lottery.learned(table["phi"].to_numpy().reshape(-1, 2), learned_ratio).ravel()
        tables.append(table.assign(predictor=predictor))
    return pd.concat(tables, ignore_index=True)


def members_of_joint(strengths: pd.DataFrame) -> pd.DataFrame:
    """The table ``member_strengths`` in the form of ``strengths``.

    Its ``seed`` then counts the networks of all averages that were trained.
    """
    runs = strengths["seed"].rank(method="dense").astype(int) - 1
    number = runs * (strengths["member"].max() + 1) + strengths["member"]
    return strengths.drop(columns="member").assign(seed=number, step=0)


def shares(learned: pd.DataFrame, lottery: pd.DataFrame, roles: Mapping[str, Mapping]) -> dict:
    """What is counted in each network, for `multiview.claims.measures.Observed.shares`.

    Of single networks: races won by the view with the larger ticket. Of students with one teacher each, among the
    classes in which the student's hard-label training learned one view: those in which it ends with the other view
    too, where its teacher has learned that one, and where it has not; and of the views that its hard-label
    training learned those that it ends with.

    Args:
        learned: the table ``learned``.
        lottery: the table ``lottery``.
        roles: of the students, as `multiview.config.Study.roles` gives them.

    Returns:
        By predictor and name of a share, hits and cases ``[networks]``.
    """
    first = lottery[lottery["view"] == 1].pivot(index="seed", columns="class", values=["won", "predicted"])
    right = first["won"].to_numpy(bool) == first["predicted"].to_numpy(bool)
    found = {("single", LOTTERY): (right.sum(axis=1), np.full(len(right), right.shape[1]))}
    table = learned.set_index(["predictor", "seed", "class", "view"])["learned"].unstack(["class", "view"])
    table = table.sort_index(axis=1)

    def views(predictor: str, seed: int) -> np.ndarray:
        return table.loc[(predictor, seed)].to_numpy(bool).reshape(-1, 2)

    for name, role in roles.items():
        if role["teacher"] != "single" or role["teacher_size"] > 1:
            continue
        counts = {share: [] for share in (*TAKES, KEEPS)}
        for student, (teacher,) in role["teachers"].items():
            before, has, after = views("single", int(student)), views("single", teacher), views(name, int(student))
            missing = ~before & before[:, ::-1]
            for share, where in zip(TAKES, (missing & has, missing & ~has), strict=True):
                counts[share].append(((where & after).sum(), where.sum()))
            counts[KEEPS].append(((before & after).sum(), before.sum()))
        found |= {(name, share): tuple(np.array(one).T) for share, one in counts.items()}
    return found


def _larger(pairs: np.ndarray) -> np.ndarray:
    """Which of each pair ``[n, 2]`` is the larger one; the first where they are equal."""
    return pairs.argmax(axis=1)[:, None] == np.arange(2)
