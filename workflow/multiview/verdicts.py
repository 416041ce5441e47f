"""The paper's statements as ranges, and what our intervals say of each."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from multiview import artifacts, config
from multiview.evaluation import Errors
from multiview.intervals import contrast, difference, exact_interval, quantiles, replicates

HOLDS, FAILS, UNDECIDED = "holds", "fails", "undecided"


@dataclass(frozen=True)
class Claim:
    """A statement of the paper as a closed range of a measured quantity."""

    predictor: str
    quantity: str
    claim: str
    low: float
    high: float


ABOVE_0 = float(np.nextafter(0, 1))
"""The lower end of a claim "more than 0": an interval that includes 0 does not lie above it."""

# Where a text says "range: ours", the paper's statement is asymptotic ("about", "with high probability") and the
# number was chosen here.
TRAIN_ACCURACY = Claim("single", "train accuracy, lowest seed", "every network fits the training set", 1, 1)
ERROR_M = Claim("single", "error_m", "multi-view samples have error about 0 (range: ours)", 0, 0.001)
ERROR_S = Claim("single", "error_s", "half of the single-view samples are errors", 0.49, 0.51)
ERROR_S_WIDE = Claim("single", "error_s", "the same, for finite k and few seeds (range: ours)", 0.47, 0.53)
ENSEMBLE = Claim("ensemble", "error_s", "the average of L networks has at most 0.01", 0, 0.01)
BEST = Claim("best", "error_s", "the best of L seeds is no ensemble (range: ours)", 0.4, 1)
JOINT = Claim(
    "joint", "error_s minus ensemble's, L = {size}", "training the average is no ensemble (range: ours)", 0.01, 1
)
LOTTERY = Claim("single", "lottery", "Lambda S^(1/(q-2)) names the winner, not a coin (range: ours)", 0.5, 1)

# Students x: `{}` stands for their name. A difference is the first error minus the second, in the same units.
STUDENT_ACCURACY = Claim("{}", "train accuracy, lowest student", "every student fits the training set", 1, 1)
STUDENT_ERROR_M = Claim("{}", "error_m", "multi-view samples have error about 0 (range: ours)", 0, 0.001)
DISTILLED = Claim("{}", "error_s", "distilled from an ensemble: at most 0.01", 0, 0.01)
AS_TEACHER = Claim("{}", "error_s minus teacher's", "as good as its teacher, to 0.01 (range: ours)", -1, 0.01)
ENSEMBLE_ADDS = Claim(
    "{}", "error_s minus its ensemble's", "averaging students adds at most 0.01 (range: ours)", -1, 0.01
)
SELF_DISTILLED = Claim("{}", "error_s", "self-distilled: at most 0.26", 0, 0.26)
SELF_QUARTER = Claim("{}", "error_s", "the same: about a quarter (range: ours)", 0.2, 0.3)
SELF_GAINS = Claim("{}", "single's error_s minus its", "self-distillation gains (range: ours)", 0.01, 1)
SELF_BELOW = Claim("{}", "error_s minus {other}'s", "but less than from an ensemble (range: ours)", 0.01, 1)
SELF_CHOOSES = Claim(
    "{}",
    "P(other view learned | teacher has it) - P(. | not)",
    "it takes what its teacher has (range: ours)",
    0.1,
    1,
)
GENERATION = Claim("{}", "its teacher's error_s minus its", "each generation gains (range: ours)", 0.01, 1)


def verdict(low: float, high: float, claim_low: float, claim_high: float) -> str:
    """Holds if the interval lies in the claim's range, fails if it lies outside it, else undecided."""
    if claim_low <= low and high <= claim_high:
        return HOLDS
    if high < claim_low or claim_high < low:
        return FAILS
    return UNDECIDED


def row(study: str, claim: Claim, measured: float, low: float, high: float, n_seeds: int, n_samples: int) -> dict:
    """A row of the verdict table."""
    return {
        "study": study,
        "predictor": claim.predictor,
        "quantity": claim.quantity,
        "claim": claim.claim,
        "claim_low": claim.low,
        "claim_high": claim.high,
        "measured": measured,
        "low": low,
        "high": high,
        "n_seeds": n_seeds,
        "n_samples": n_samples,
        "verdict": verdict(low, high, claim.low, claim.high),
    }


def verdict_table(
    study: str,
    scores: pd.DataFrame,
    errors: Sequence[Errors],
    accuracy: Mapping[str, np.ndarray],
    learned: pd.DataFrame,
    lottery: pd.DataFrame,
    roles: Mapping[str, Mapping],
    networks: int | None,
    settings: config.Evaluation,
) -> pd.DataFrame:
    """The paper's statements (Theorems 1 to 4; Section 5 for ``joint``), each with its verdict.

    Args:
        study: its name.
        scores: the table ``scores``.
        errors: what it was made from.
        accuracy: for ``single`` and every kind of students, the training accuracy of each network.
        learned: the table ``learned``.
        lottery: the table ``lottery``.
        roles: of the students, as `multiview.config.Study.roles` gives them.
        networks: how many networks ``joint`` averages, or None.
        settings: the evaluation section of the config.
    """
    rows = []

    def add(claim: Claim, *numbers) -> None:
        rows.append(row(study, claim, *numbers))

    def add_score(claim: Claim) -> None:
        match = scores[(scores["predictor"] == claim.predictor) & (scores["quantity"] == claim.quantity)]
        score = match.loc[match["size"].idxmax()]
        if claim.predictor in ("ensemble", "best"):
            claim = replace(claim, quantity=f"{claim.quantity}, L = {score['size']}")
        add(claim, *score[["measured", "low", "high", "n_seeds", "n_samples"]])

    # The training accuracy of these seeds is known, not estimated: the interval is the point.
    n = len(accuracy["single"])
    add(TRAIN_ACCURACY, *[accuracy["single"].min()] * 3, n, 0)
    for claim in (ERROR_M, ERROR_S, ERROR_S_WIDE, ENSEMBLE, BEST):
        add_score(claim)
    first = lottery[lottery["view"] == 1].pivot(index="seed", columns="class", values=["won", "predicted"])
    right = first["won"].to_numpy(bool) == first["predicted"].to_numpy(bool)
    rng = np.random.default_rng([settings.seed, 0])
    # Over seeds and classes; here a column is a class, not a sample, and errors are few only if there are none.
    low, high = quantiles(replicates(right, n, rng, settings.bootstrap))
    if right.all():
        low = exact_interval(n, n)[0]
    add(LOTTERY, right.mean(), low, high, n, right.size)

    wrong = {one.predictor: one.wrong["error_s"] for one in errors if one.predictor != "ensemble"}
    from_ensemble = [
        name for name, role in roles.items() if role["teacher"] == "single" and role["teacher_size"] > 1
    ]

    def add_difference(claim: Claim, one: str, other: str) -> None:
        drawn = difference(wrong[one], wrong[other], np.random.default_rng([settings.seed, 1]), settings.bootstrap)
        add(claim, *drawn, len(accuracy[claim.predictor]), wrong[one].shape[1])

    for name, role in roles.items():

        def of(claim: Claim, other: str = "", name: str = name) -> Claim:
            return replace(claim, predictor=name, quantity=claim.quantity.format(other=other))

        add(of(STUDENT_ACCURACY), *[accuracy[name].min()] * 3, len(accuracy[name]), 0)
        add_score(of(STUDENT_ERROR_M))
        if name in from_ensemble:
            add_score(of(DISTILLED))
            add_difference(of(AS_TEACHER), name, f"teacher_of_{name}")
            if len(accuracy[name]) > 1:
                add_difference(of(ENSEMBLE_ADDS), name, f"ensemble_of_{name}")
        elif role["teacher"] == "single":
            add_score(of(SELF_DISTILLED))
            add_score(of(SELF_QUARTER))
            add_difference(of(SELF_GAINS), "single", name)
            takes = takes_what_its_teacher_has(name, role, learned, settings)
            if takes is not None:
                add(of(SELF_CHOOSES), *takes, len(accuracy[name]), 0)
            for other in from_ensemble:
                add_difference(of(SELF_BELOW, other), name, other)
        else:
            add_difference(of(GENERATION), role["teacher"], name)
    if networks is not None:
        table = next(one for one in errors if (one.predictor, one.size) == ("ensemble", networks))
        terms = [(1, wrong["joint"], len(wrong["joint"])), (-1, table.wrong["error_s"], table.units)]
        drawn = contrast(terms, np.random.default_rng([settings.seed, 1]), settings.bootstrap)
        claim = replace(JOINT, quantity=JOINT.quantity.format(size=networks))
        add(claim, *drawn, len(wrong["joint"]), wrong["joint"].shape[1])
    return pd.DataFrame(rows)


def takes_what_its_teacher_has(
    name: str, role: Mapping, learned: pd.DataFrame, settings: config.Evaluation
) -> tuple[float, float, float] | None:
    """How much more often a student learns the view it had not learned if its teacher has that view.

    Of the classes in which a student's hard-label training learned one view, the share in which the student ends
    with the other one too: where its teacher has learned that one, minus where it has not.

    Returns:
        The difference and its interval (bootstrap over students), or None if either case does not occur.
    """
    table = learned.set_index(["predictor", "seed", "class", "view"])["learned"].unstack(["class", "view"])
    table = table.sort_index(axis=1)
    sums = []
    for student, (teacher,) in role["teachers"].items():
        before, has, after = (
            table.loc[key].to_numpy(bool).reshape(-1, 2)
            for key in (("single", int(student)), (role["teacher"], teacher), (name, int(student)))
        )
        missing = ~before & before[:, ::-1]
        sums.append(
            [
                (missing & has & after).sum(),
                (missing & has).sum(),
                (missing & ~has & after).sum(),
                (missing & ~has).sum(),
            ]
        )
    sums = np.array(sums, float)
    if not sums[:, 1].sum() or not sums[:, 3].sum():
        return None
    rng = np.random.default_rng([settings.seed, 3])
    counts = rng.multinomial(len(sums), np.full(len(sums), 1 / len(sums)), size=settings.bootstrap)
    with np.errstate(invalid="ignore", divide="ignore"):
        drawn = counts @ sums
        drawn = drawn[:, 0] / drawn[:, 1] - drawn[:, 2] / drawn[:, 3]
    total = sums.sum(axis=0)
    return total[0] / total[1] - total[2] / total[3], *quantiles(drawn[np.isfinite(drawn)])


def as_text(rows: Iterable[dict]) -> str:
    """The verdict table for a terminal, one line a statement."""
    rows = list(rows)
    width = max((len(r["study"]) for r in rows), default=5)
    lines = [f"{'study':<{width}} {'verdict':<10} {'measured':>9}  {'95 % interval':<18} {'claim':<14} statement"]
    for r in rows:
        lines.append(
            f"{r['study']:<{width}} {r['verdict']:<10} {r['measured']:>9.4f}  [{r['low']:.4f}, {r['high']:.4f}]   "
            f"{claimed_range(r):<14} {r['predictor']}, {r['quantity']}: {r['claim']}"
        )
    return "\n".join(lines)


def as_markdown(rows: Iterable[dict]) -> str:
    """The verdict table in Markdown, one line a statement."""
    lines = ["| verdict | measured | 95 % interval | claim | statement |", "|---|---|---|---|---|"]
    for r in rows:
        lines.append(
            f"| {r['verdict']} | {r['measured']:.4f} | [{r['low']:.4f}, {r['high']:.4f}] | {claimed_range(r)} "
            f"| {in_a_cell(r['predictor'], r['quantity'])}: {r['claim']} |"
        )
    return "\n".join(lines)


def in_a_cell(predictor: str, quantity: str) -> str:
    """What was measured, for a table in Markdown, where a bar would end the cell."""
    return f"{predictor}, {quantity}".replace("|", "\\|")


def claimed_range(r: dict) -> str:
    """The range of a claim; one that starts just above 0 leaves out 0 itself."""
    low = "above 0" if 0 < r["claim_low"] < 1e-300 else f"{r['claim_low']:g}"
    return f"{low} to {r['claim_high']:g}"


def main(path: str) -> None:
    """Print the verdict table that is in a file."""
    print(as_text(artifacts.read(path, "verdicts").table.to_pylist()))
    print("\nTables are in results/<study>/evaluation, figures in results/<study>/figures.")


if __name__ == "__main__":
    main(sys.argv[1])
