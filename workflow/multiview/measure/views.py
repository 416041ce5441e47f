"""Views: which of them each network learned, who won each race, and what a student took from its teacher."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from multiview.data.base import ALONE
from multiview.measure import lottery
from multiview.predictors.logits import Predictor
from multiview.store import artifacts

LOTTERY = "races won by the larger ticket"
TAKES = ("other view learned if its teacher has it", "other view learned if its teacher has it not")
KEEPS = "own view kept"
BOTH, ONE = "classes with both views learned", "classes with one view learned"
"""Names of the shares that are counted in each network."""

Shares = Mapping[tuple[str, str], tuple[np.ndarray, np.ndarray]]
"""By predictor and name of a share, hits and cases ``[networks]`` of each network."""


def last_step(strengths: pd.DataFrame) -> pd.DataFrame:
    """Of the table ``strengths``, the rows of each seed's last step."""
    return strengths[strengths["step"] == strengths.groupby("seed")["step"].transform("max")]


def lottery_table(start: pd.DataFrame, learned: pd.DataFrame, q: float) -> pd.DataFrame:
    """Who was predicted to win each race and who did: the table ``lottery``, a row a seed, class and view.

    `start` has ``lambda`` and ``s`` of every seed, class and view at the initialisation, `learned` what
    `learned_table` gives for these networks; `q` is the power of the smoothed ReLU.

    Raises:
        MergeError: of pandas, if a row of one has not exactly one in the other.
    """
    table = start.merge(learned.drop(columns="predictor"), on=["seed", "class", "view"], validate="one_to_one")
    table = table.sort_values(["seed", "class", "view"], ignore_index=True)
    table["ticket"] = lottery.ticket(table["lambda"], table["s"], q)
    table["won"] = _larger(table["phi"])
    table["predicted"] = _larger(table["ticket"])
    return table


def learned_table(final: Mapping[str, pd.DataFrame], learned_ratio: float) -> pd.DataFrame:
    """Which views each network has learned: the table ``learned``.

    `final` has for each predictor the rows of the table ``strengths`` of the last step. A view counts as learned
    from the share `learned_ratio` of its class's larger Phi on.
    """
    tables = []
    for predictor, table in final.items():
        table = table.drop(columns="step").sort_values(["seed", "class", "view"], ignore_index=True)
        table["learned"] = lottery.learned(table["phi"].to_numpy().reshape(-1, 2), learned_ratio).ravel()
        tables.append(table.assign(predictor=predictor))
    return pd.concat(tables, ignore_index=True)


def learned_of_pictures(predictors: Mapping[str, Predictor], samples: pd.DataFrame, least: float) -> pd.DataFrame:
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
            cells = artifacts.entries(seed=predictor.members, **{"class": classes})
            cells |= {"phi": phi.ravel(), "learned": phi.ravel() >= least}
            tables.append(pd.DataFrame({"predictor": name, "view": view} | cells))
    return pd.concat(tables, ignore_index=True)


def members_of_joint(strengths: pd.DataFrame) -> pd.DataFrame:
    """The table ``member_strengths`` in the form of ``strengths``.

    Its ``seed`` then counts the networks of all averages that were trained.
    """
    runs = strengths["seed"].rank(method="dense").astype(int) - 1
    number = runs * (strengths["member"].max() + 1) + strengths["member"]
    return strengths.drop(columns="member").assign(seed=number, step=0)


def shares(learned: pd.DataFrame, roles: Mapping[str, Mapping], lottery: pd.DataFrame | None = None) -> Shares:
    """What is counted in each network, for `multiview.claims.terms.Observed.shares`.

    Of single networks: races won by the view with the larger ticket, where there is a `lottery`. Of all: the
    classes of which both views are learned, and those of which one is. Of students with one teacher: see `unions`.
    """
    by_share = unions(learned, roles)
    if lottery is not None:
        first = lottery[lottery["view"] == 1].pivot(index="seed", columns="class", values=["won", "predicted"])
        right = first["won"].to_numpy(bool) == first["predicted"].to_numpy(bool)
        by_share["single", LOTTERY] = right.sum(axis=1), np.full(len(right), right.shape[1])
    number = learned.groupby(["predictor", "seed", "class"])["learned"].sum().unstack("class")
    for name, of_networks in number.groupby(level="predictor"):
        cases = np.full(len(of_networks), of_networks.shape[1])
        for share, views in ((BOTH, 2), (ONE, 1)):
            by_share[name, share] = (of_networks == views).sum(axis=1).to_numpy(), cases
    return by_share


def unions(learned: pd.DataFrame, roles: Mapping[str, Mapping]) -> Shares:
    """What students with one teacher each have of its views and of their own.

    Among the classes in which the student's own hard-label training learned one view: those in which it ends with
    the other view too, where its teacher has learned that one, and where it has not; and of the views that its own
    training learned those that it ends with. Students whose seeds have no such training are left out.
    """
    by_share, trained = {}, set(learned.loc[learned["predictor"] == "single", "seed"])
    table = learned.set_index(["predictor", "seed", "class", "view"])["learned"].unstack(["class", "view"])
    table = table.sort_index(axis=1)

    def views(predictor: str, seed: int) -> np.ndarray:
        return table.loc[(predictor, seed)].to_numpy(bool).reshape(-1, 2)

    for name, role in roles.items():
        alone = role["teacher"] == "single" and role["teacher_size"] == 1
        if not alone or not trained.issuperset(map(int, role["teachers"])):
            continue
        counts = {share: [] for share in (*TAKES, KEEPS)}
        for student, (teacher,) in role["teachers"].items():
            before, has, after = views("single", int(student)), views("single", teacher), views(name, int(student))
            missing = ~before & before[:, ::-1]
            for share, where in zip(TAKES, (missing & has, missing & ~has), strict=True):
                counts[share].append(((where & after).sum(), where.sum()))
            counts[KEEPS].append(((before & after).sum(), before.sum()))
        by_share |= {(name, share): tuple(np.array(pairs).T) for share, pairs in counts.items()}
    return by_share


def _larger(column: pd.Series) -> np.ndarray:
    """Which of every two values in turn is the larger one; the first where they are equal."""
    return (column.to_numpy().reshape(-1, 2).argmax(axis=1)[:, None] == np.arange(2)).ravel()
