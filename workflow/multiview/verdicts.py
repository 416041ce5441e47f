"""The paper's statements as ranges, and what our intervals say of each."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass

from multiview import artifacts

HOLDS, FAILS, UNDECIDED = "holds", "fails", "undecided"


@dataclass(frozen=True)
class Claim:
    """A statement of the paper as a closed range of a measured quantity."""

    predictor: str
    quantity: str
    claim: str
    low: float
    high: float


# Where a text says "range: ours", the paper's statement is asymptotic ("about", "with high probability") and the
# number was chosen here.
TRAIN_ACCURACY = Claim("single", "train accuracy, lowest seed", "every network fits the training set", 1, 1)
ERROR_M = Claim("single", "error_m", "multi-view samples have error about 0 (range: ours)", 0, 0.001)
ERROR_S = Claim("single", "error_s", "half of the single-view samples are errors", 0.49, 0.51)
ERROR_S_WIDE = Claim("single", "error_s", "the same, for finite k and few seeds (range: ours)", 0.47, 0.53)
ENSEMBLE = Claim("ensemble", "error_s", "the average of L networks has at most 0.01", 0, 0.01)
LOTTERY = Claim("single", "lottery", "Lambda S^(1/(q-2)) names the winner, not a coin (range: ours)", 0.5, 1)


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


def as_text(rows: Iterable[dict]) -> str:
    """The verdict table for a terminal, one line a statement."""
    lines = [f"{'study':<12} {'verdict':<10} {'measured':>9}  {'95 % interval':<18} {'claim':<14} statement"]
    for r in rows:
        lines.append(
            f"{r['study']:<12} {r['verdict']:<10} {r['measured']:>9.4f}  [{r['low']:.4f}, {r['high']:.4f}]   "
            f"{r['claim_low']:g} to {r['claim_high']:<8g} {r['predictor']}, {r['quantity']}: {r['claim']}"
        )
    return "\n".join(lines)


def main(path: str) -> None:
    """Print the verdict table that is in a file."""
    print(as_text(artifacts.read(path, "verdicts").table.to_pylist()))
    print("\nTables are in results/<study>/evaluation, figures in results/<study>/figures.")


if __name__ == "__main__":
    main(sys.argv[1])
