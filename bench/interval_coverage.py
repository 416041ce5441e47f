"""How often intervals cover the truth: ``python bench/interval_coverage.py`` fills ``docs/coverage.md``.

Errors are drawn of which the truth is known, many times, with networks (rows) that differ by a spread and samples
that some of the networks get wrong together. Some minutes of one core; ``--trials`` is for a quicker look. With
``--to docs/results/coverage.md``, ``python tools/readme.py`` puts the tables on their page.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np

from multiview.claims import pages
from multiview.measure.intervals import Estimate, Term, mean_errors, shares_by_network
from multiview.predictors import ensembles

ROWS = (2, 3, 5, 10, 20, 50)
SAMPLES = 1000
RATES = (0.5, 0.05, 0.001, 0.0)
COMMON = 0.5
"""Share of the answers on which networks go with the sample, not with a coin of their own."""

LOW, HIGH = 93.0, 99.0
"""What coverage should lie between, in %."""


def rates_of_networks(rows: int, rate: float, spread: float, rng: np.random.Generator) -> np.ndarray:
    """Error rates ``[rows]``, of a beta distribution with this mean and standard deviation."""
    if spread == 0:
        return np.full(rows, rate)
    scale = rate * (1 - rate) / spread**2 - 1
    return rng.beta(rate * scale, (1 - rate) * scale, size=rows)


def draw(rates: np.ndarray, shared: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Errors ``[rows, n]`` of networks with these rates; `shared` ``[n]`` in [0, 1] makes samples hard or easy."""
    shape = len(rates), len(shared)
    common = rng.random(shape, np.float32) < COMMON
    return np.where(common, shared, rng.random(shape, np.float32)) < rates[:, None]


def spreads(rate: float) -> dict[str, float]:
    """Standard deviations between networks: none, half of what samples leave open, and a large one."""
    small = 0.5 * np.sqrt(rate * (1 - rate) / SAMPLES)
    large = 0.16 * np.sqrt(rate * (1 - rate)) if rate > 0.01 else rate
    return {"0": 0.0, "small": small, "large": large} if rate else {"0": 0.0}


def mean(rows: int, rate: float, spread: float, rng: np.random.Generator) -> tuple[Estimate, float]:
    """The mean error of networks, and the truth."""
    wrong = draw(rates_of_networks(rows, rate, spread, rng), rng.random(SAMPLES), rng)
    return mean_errors([Term(1.0, wrong)]), rate


def difference(rows: int, rate: float, spread: float, rng: np.random.Generator) -> tuple[Estimate, float]:
    """The error of some networks minus that of others, on the same samples."""
    shared = rng.random(SAMPLES)
    one, other = (draw(rates_of_networks(rows, rate, spread, rng), shared, rng) for _ in range(2))
    return mean_errors([Term(1.0, one, "one"), Term(-1.0, other, "other")]), 0.0


def contrast(rows: int, rate: float, spread: float, rng: np.random.Generator) -> tuple[Estimate, float]:
    """Half of the difference of two kinds of networks, minus that of a third one and the first."""
    shared = rng.random(SAMPLES)
    tables = [draw(rates_of_networks(rows, rate, spread, rng), shared, rng) for _ in range(3)]
    return mean_errors(list(map(Term, (-0.5, -0.5, 1.0), tables, "abc"))), 0.0


def students(rows: int, rate: float, spread: float, rng: np.random.Generator) -> tuple[Estimate, float]:
    """Students of one teacher, minus that teacher: others of its students are meant, and these samples' like.

    What the teacher gets wrong with half of the rate, students do too.
    """
    shared = rng.random(SAMPLES)
    teacher = draw(np.array([rate / 2]), shared, rng)
    own = draw(rates_of_networks(rows, rate, spread, rng), shared, rng) | teacher
    # A student errs where its teacher does, and elsewhere with the rate, given that the teacher did not.
    both = COMMON**2 * min(rate, rate / 2) + (1 - COMMON**2) * rate * rate / 2
    return mean_errors([Term(1.0, own, "students"), Term(-1.0, teacher, "single")]), rate - both


def ensemble(rows: int, rate: float, spread: float, rng: np.random.Generator) -> tuple[Estimate, float]:
    """Single networks minus the ensemble of all of them, which gets wrong what most of them do: these networks."""
    rates = rates_of_networks(rows, rate, spread, rng)
    wrong = draw(rates, rng.random(SAMPLES), rng)
    together = (wrong.mean(axis=0) > 0.5)[None]
    terms = [Term(1.0, wrong, "single"), Term(-1.0, together, "single", rows, rows)]
    return mean_errors(terms), float(rates.mean()) - most(rates)


def most(rates: np.ndarray) -> float:
    """The probability that more than half of networks with these rates err on a sample."""
    # Between two rates, sorted, the same networks err that go with the sample; the others err by themselves.
    ends = np.concatenate([[0.0], np.sort(rates), [1.0]])
    middle, width = (ends[1:] + ends[:-1]) / 2, np.diff(ends)
    errs = COMMON * (middle[:, None] < rates) + (1 - COMMON) * rates
    number = np.zeros((len(middle), len(rates) + 1))
    number[:, 0] = 1.0
    for p in errs.T[:, :, None]:
        number[:, 1:] = number[:, 1:] * (1 - p) + number[:, :-1] * p
        number[:, :1] *= 1 - p
    return float(width @ number[:, np.arange(len(rates) + 1) > len(rates) / 2].sum(axis=1))


def views(rows: int, rate: float, spread: float, rng: np.random.Generator) -> tuple[Estimate, float]:
    """The share of ten views that networks have, with all that differ between networks."""
    cases = rng.integers(1, 10, size=rows)
    hits = rng.binomial(cases, 1 - rates_of_networks(rows, rate, spread, rng))
    return shares_by_network([(1.0, hits, cases)]), 1 - rate


def overlapping(rows: int, size: int, learned: np.ndarray, rng: np.random.Generator) -> tuple[Estimate, float]:
    """Ensembles of `size` of `rows` networks, which err where none of them has learned the view of a sample.

    Views ``[views]`` are learned with the probabilities `learned`.
    """
    missed = rng.random((rows, len(learned))) >= learned
    single = missed[:, rng.integers(len(learned), size=SAMPLES)]
    members = ensembles.draw_members(range(rows), size, 100, rng)
    wrong = np.stack([single[row].all(axis=0) for row in members])
    return mean_errors([Term(1.0, wrong, "single", size, rows)]), float(((1 - learned) ** size).mean())


def missing(rows: int, rate: float, rng: np.random.Generator) -> tuple[Estimate, float]:
    """Networks with one view of each of ten classes, which miss each of the other views with twice this `rate`."""
    lost = np.arange(0, 20, 2) + rng.integers(2, size=(rows, 10))
    missed = np.zeros((rows, 20), bool)
    np.put_along_axis(missed, lost, rng.random((rows, 10)) < 2 * rate, axis=1)
    wrong = missed[:, rng.integers(20, size=SAMPLES)]
    return mean_errors([Term(1.0, wrong, at_once=1 / 20)]), rate


def coverage(case: Callable[..., tuple[Estimate, float]], trials: int, seed: int, *setting) -> float:
    """How often the interval has the truth in it, in %."""
    rng, covered = np.random.default_rng(seed), 0
    for _ in range(trials):
        estimate, truth = case(*setting, rng)
        found = estimate.interval()
        covered += found.low - 1e-12 <= truth <= found.high + 1e-12
    return 100 * covered / trials


def cell(percent: float) -> str:
    """A percentage, with a mark where it is not what it should be."""
    return f"{percent:.1f}" + ("" if LOW <= percent <= HIGH else " ↓" if percent < LOW else " ↑")


CASES = {
    "mean error": mean,
    "difference": difference,
    "contrast of three": contrast,
    "students minus their one teacher": students,
    "single minus the ensemble of all": ensemble,
    "share counted by network": views,
}


def table(trials: int, cases: dict[str, Callable] = CASES) -> str:
    """The coverage of all cases as a table in Markdown."""
    lines = []
    for name, case in cases.items():
        for rate in RATES:
            for spread, value in spreads(rate).items():
                found = [cell(coverage(case, trials, rows, rows, rate, value)) for rows in ROWS]
                lines.append([name, f"{rate:g}", spread, *found])
    return pages.markdown(["what", "rate", "spread", *(f"{rows} rows" for rows in ROWS)], lines)


VIEWS = {"each learned by half of the networks": np.full(20, 0.5), "by 15 to 85 %": np.linspace(0.15, 0.85, 20)}


def table_of_ensembles(trials: int) -> str:
    """The coverage of the mean error of overlapping ensembles."""
    lines, sizes = [], (2, 5, 10, 20)
    for name, learned in VIEWS.items():
        for rows in (10, 20, 40, 60):
            known = [size for size in sizes if size <= rows / 2]
            found = [cell(coverage(overlapping, trials, rows, rows, size, learned)) for size in known]
            lines.append([name, f"{rows}", *found, *[""] * (len(sizes) - len(found))])
    return pages.markdown(["views", "networks", *(f"L = {size}" for size in sizes)], lines)


def table_of_views(trials: int) -> str:
    """The coverage of the mean error of networks that miss few views."""
    lines = []
    for rate in (0.001, 0.005, 0.01, 0.02, 0.1):
        lines.append([f"{rate:g}", *(cell(coverage(missing, trials, rows, rows, rate)) for rows in ROWS)])
    return pages.markdown(["error", *(f"{rows} networks" for rows in ROWS)], lines)


def report(trials: int) -> str:
    """All tables in Markdown."""
    head = f"{trials} trials of {SAMPLES} samples, coverage in %; ↓ below {LOW:g}, ↑ above {HIGH:g}."
    of_ensembles = "Mean errors of 100 overlapping ensembles of L networks:"
    of_views = "Mean errors of networks that miss whole views, each of which is one in 20 of the samples:"
    tables = [table(trials), of_ensembles, table_of_ensembles(trials), of_views, table_of_views(trials)]
    return "\n\n".join([head, *tables])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=1000, help="of each cell")
    parser.add_argument("--to", type=Path, help="a file for the tables, docs/results/coverage.md")
    options = parser.parse_args()
    text = report(options.trials)
    print(text)
    if options.to is not None:
        options.to.write_text(text + "\n")
