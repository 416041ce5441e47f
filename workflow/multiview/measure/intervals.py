"""Intervals over networks and samples, whose coverage is tested (``docs/coverage.md``).

A quantity is a weighted sum of mean errors. Networks (rows) and samples (columns) are crossed: every network sees
the same samples. Its variance has two sides, which are estimated apart:

- networks: that of the row means, with Student's t of ``rows - 1`` degrees of freedom;
- samples: that of the column means, less what single cells add to it (Cornfield and Tukey 1956), which the
  networks' side has already. Terms on the same samples are paired.

The half-width ``sqrt(sum t^2 V)`` over the sides is Banerjee's (Sankhya 22, 1960): for normal means it covers at
least as often as it says, however few rows there are. Shares are no normal means where errors are few: the
half-width is turned into an effective number of samples, of which the interval is the Clopper-Pearson one (Korn
and Graubard, Survey Methodology 24, 1998). A contrast is the difference of what speaks for either side, and its
interval is put together from theirs (Zou and Donner, Statistics in Medicine 27, 2008). With errors on fewer than
`FEW` samples, a sample counts once, however many networks get it wrong: all may get the next one wrong. Likewise
with fewer than `FEW` missed views: a view of a network counts once, however many samples show it alone.

Ensembles of L out of n seeds overlap. The variance of the mean over all of them is at most ``L / n`` of that of
one (Hoeffding 1948), and what their own spread shows of the latter is short by ``1 - L / n``. For L > n / 2 the
seeds cannot tell how others would do: they are given, as is a single row, and the scope of the interval says so.
The variance of overlapping ensembles is a bound, no estimate: it widens intervals and lowers no effective number.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv, ndtri, stdtrit  # not scipy.stats, whose import takes half a second

CONFIDENCE = 0.95
FEW = 10
"""With errors on fewer samples, a sample counts once for all networks; with fewer missed views, a view does."""

COMPONENTS, EXACT, BOTH = "t, two sides", "exact binomial", "t, two sides, exact ends"
BY_NETWORK, KNOWN = "t, by network", "known"
"""Methods: as the module's text says; over one value a network; and no interval, as nothing is estimated."""

NETWORKS_AND_SAMPLES, SAMPLES = "networks and samples", "samples only, these networks"
NETWORKS, THESE, TRAINING_SETS = "networks", "these networks", "training sets"
"""Scopes: what else the interval is about. All but the last are for one training set."""
GIVEN = ", {} given"
"""Added to a scope for networks that say nothing of others, where others are drawn."""


@dataclass(frozen=True)
class Interval:
    """An estimate and its interval."""

    measured: float
    low: float
    high: float
    method: str
    scope: str


@dataclass(frozen=True)
class Term:
    """A weighted mean error.

    Attributes:
        weight: its factor in the sum.
        table: ``[rows, n]``, a row a network or an ensemble, a column a sample; errors are 0 or 1.
        pool: the name of the networks that rows come from; terms of one pool share them.
        size: how many networks a row is the average of, L.
        n_seeds: networks in the pool; by default as many as rows.
        samples: the name of the samples; terms of one name are paired in them.
        at_once: the share of the samples that a network gets wrong if it misses one view; 0 if nothing is known of
            that.
    """

    weight: float
    table: np.ndarray
    pool: str = ""
    size: int = 1
    n_seeds: int | None = None
    samples: str = ""
    at_once: float = 0.0

    @property
    def networks(self) -> int:
        """In the pool."""
        return self.n_seeds or len(self.table)

    @property
    def given(self) -> bool:
        """Whether its networks say nothing of others."""
        return len(self.table) == 1 or (self.size > 1 and self.size > self.networks / 2)

    @property
    def independent(self) -> float:
        """How many independent rows vary as much, on average, as those that there are."""
        return self.networks / self.size - 1 if self.size > 1 else len(self.table)


@dataclass(frozen=True)
class Part:
    """What speaks for one side of a contrast.

    Attributes:
        sign: of the side, 1 or -1.
        mean: in [0, 1].
        n: samples, networks, or views; a whole number or an effective one.
        scale: what 1 is in units of the contrast.
        square: in proportion to it, the square of the half-width is shared out among the sides.
    """

    sign: int
    mean: float
    n: int
    scale: float
    square: float = 0.0


@dataclass(frozen=True)
class Estimate:
    """An estimate with what its intervals are made from.

    Attributes:
        measured: the estimate.
        scope: what the intervals are about.
        runs: the fewest networks that a term is about; 0 if nothing is estimated.
        parts: of it; empty for quantities that are no shares.
        views: the terms whose networks miss few views, as parts; n is the number of views in all networks.
        networks: variances of the networks' sides, and their degrees of freedom.
        ensembles: the same of ensembles that overlap, whose side is symmetric.
        samples: the variance of the samples' side.
        floor: the least variance of all, that of the column means.
        cells: the largest number of effective samples.
        plain: the method where no sample counts once. By network, one does only where there is no spread at all.
    """

    measured: float
    scope: str
    runs: int
    parts: Sequence[Part] = ()
    views: Sequence[Part] = ()
    networks: Sequence[tuple[float, float]] = ()
    ensembles: Sequence[tuple[float, float]] = ()
    samples: float = 0.0
    floor: float = 0.0
    cells: float = np.inf
    plain: str = COMPONENTS

    def interval(self, confidence: float = CONFIDENCE) -> Interval:
        """The interval of some confidence."""
        tail = (1 - confidence) / 2
        z = float(-ndtri(tail))
        square, of_ensembles = (
            sum(float(stdtrit(df, 1 - tail)) ** 2 * variance for variance, df in side)
            for side in (self.networks, self.ensembles)
        )
        square = max(square + z**2 * self.samples, z**2 * self.floor)
        if not self.parts:
            half = np.sqrt(square + of_ensembles)
            return Interval(self.measured, self.measured - half, self.measured + half, self.plain, self.scope)
        down = up = of_ensembles
        few = False
        total = sum(part.square for part in self.parts)
        sides = []
        for part in self.parts:
            share = part.square / total if total else 1 / len(self.parts)
            sides.append((part, *self._limits(part, square * share / part.scale**2, z, confidence)))
        sides += [(part, exact_interval(part.mean * part.n, part.n, confidence), True) for part in self.views]
        for part, (low, high), counted in sides:
            few |= counted
            below, above = part.scale * (part.mean - low), part.scale * (high - part.mean)
            down += (below if part.sign > 0 else above) ** 2
            up += (above if part.sign > 0 else below) ** 2
        method = BOTH if few and self.plain == COMPONENTS else self.plain
        least, most = (sum(part.scale for part in self.parts if part.sign == sign) for sign in (-1, 1))
        low = max(-least, self.measured - float(np.sqrt(down)))
        high = min(most, self.measured + float(np.sqrt(up)))
        return Interval(self.measured, low, high, method, self.scope)

    def _limits(self, part: Part, square: float, z: float, confidence: float) -> tuple[tuple[float, float], bool]:
        """Of a part, with the square of its half-width; and whether samples were counted once."""
        count = part.mean * part.n
        spread = part.mean * (1 - part.mean)
        if spread <= 1e-12:
            return exact_interval(count, part.n, confidence), True
        effective = min(spread * z**2 / square, self.cells) if square > 0 else self.cells
        low, high = exact_interval(part.mean * effective, effective, confidence)
        if self.plain == BY_NETWORK or min(count, part.n - count) >= FEW:
            return (low, high), False
        once = exact_interval(count, part.n, confidence)
        return (min(low, once[0]), max(high, once[1])), True


def exact_interval(errors: float, n: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The Clopper-Pearson interval of a proportion of `errors` in `n`, whole numbers or effective ones.

    Of whole numbers it is that of `scipy.stats.binomtest`, which takes no others.
    """
    tail = (1 - confidence) / 2
    low = betaincinv(errors, n - errors + 1, tail) if errors > 1e-9 else 0.0
    high = betaincinv(errors + 1, n - errors, 1 - tail) if errors < n - 1e-9 else 1.0
    return float(low), float(high)


def mean_errors(terms: Sequence[Term], shares: bool = True) -> Estimate:
    """A weighted sum of mean errors.

    Terms of one pool and size have the same networks in their rows. `shares`: tables have values in [0, 1]; if
    not, the interval is the mean plus and minus a half-width.

    Raises:
        ValueError: if terms on the same samples have different numbers of them.
    """
    given = {term.pool for term in terms if term.given}
    drawn = [term for term in terms if term.pool not in given]
    by_rows: dict[tuple, list[Term]] = {}
    for term in drawn:
        by_rows.setdefault((term.pool, term.size), []).append(term)
    networks, of_ensembles, noise = [], [], 0.0
    for group in by_rows.values():
        rows = sum(term.weight * term.table.mean(axis=1) for term in group)
        first = group[0]
        side = networks if first.size == 1 else of_ensembles
        side.append((float(rows.var(ddof=1)) / first.independent, first.networks - 1))
        noise += sum(
            term.weight**2 * _cells(term.table) / (term.independent * term.table.shape[1]) for term in group
        )

    by_samples: dict[str, list[Term]] = {}
    for term in terms:
        by_samples.setdefault(term.samples, []).append(term)
    parts, floor = [], 0.0
    for group in by_samples.values():
        if len({term.table.shape[1] for term in group}) > 1:
            raise ValueError("terms on the same samples: expected tables with as many columns each")
        columns = sum(term.weight * term.table.mean(axis=0) for term in group)
        n = len(columns)
        floor += float(columns.var()) / n
        for sign in (1, -1):
            scale = sum(abs(term.weight) for term in group if term.weight * sign > 0)
            if scale > 0:
                own = np.maximum(sign * columns, 0)
                parts.append(Part(sign, float(own.mean()) / scale, n, scale, float((own**2).sum()) / n**2))
    views = []
    for term in drawn:
        if term.at_once and term.size == 1:
            sign = 1 if term.weight > 0 else -1
            views.append(Part(sign, float(term.table.mean()), term.networks / term.at_once, abs(term.weight)))
    return Estimate(
        measured=float(sum(term.weight * term.table.mean() for term in terms)),
        scope="".join([NETWORKS_AND_SAMPLES, *map(GIVEN.format, sorted(given))]) if drawn else SAMPLES,
        runs=min(term.networks for term in terms),
        parts=parts if shares else (),
        views=[part for part in views if part.mean * part.n < FEW],
        networks=networks,
        ensembles=of_ensembles,
        samples=max(0.0, floor - noise),
        floor=floor,
        cells=float(max(term.table.size for term in terms)),
        plain=EXACT if len(terms) == len(terms[0].table) == 1 else COMPONENTS,
    )


def _cells(table: np.ndarray) -> float:
    """The variance of a cell beside what its row and its column add: the residual mean square."""
    rows, n = table.shape
    if min(rows, n) < 2:
        return 0.0
    mean = table.mean()
    of_rows, of_columns = table.mean(axis=1) - mean, table.mean(axis=0) - mean
    squares = float(np.einsum("ij,ij->", table, table, dtype=np.float64)) - table.size * mean**2
    squares -= n * (of_rows**2).sum() + rows * (of_columns**2).sum()
    return max(0.0, squares) / ((rows - 1) * (n - 1))


def shares_by_network(terms: Sequence[tuple[float, np.ndarray, np.ndarray]]) -> Estimate:
    """A weighted sum of shares that are counted in each network.

    A share is the sum of the hits over that of the cases; networks are drawn, and cases of one network may depend
    on one another. With hits in all cases, or in none, a network counts once. A term is a weight, and hits and
    cases ``[networks]`` of each network, the same ones in each term.

    Raises:
        ValueError: if a term has no cases.
    """
    number = len(terms[0][1])
    measured, residual, parts = 0.0, np.zeros(number), []
    for weight, hits, cases in terms:
        total = float(np.sum(cases))
        if total == 0:
            raise ValueError("a share of no cases is not defined")
        share = float(np.sum(hits)) / total
        own = weight * (np.asarray(hits, float) - share * np.asarray(cases, float)) / total
        measured += weight * share
        residual += own
        sign, n = 1 if weight > 0 else -1, int(np.count_nonzero(cases))
        parts.append(Part(sign, share, n, abs(weight), float((own**2).sum())))
    factor = number / (number - 1) if number > 1 else 0.0
    return Estimate(
        measured=measured,
        scope=NETWORKS if number > 1 else THESE,
        runs=number,
        parts=parts,
        networks=[(factor * float((residual**2).sum()), number - 1)] if number > 1 else [],
        cells=float(max(np.sum(cases) for _, _, cases in terms)),
        plain=BY_NETWORK,
    )


def known(value: float) -> Estimate:
    """A number of these networks, which is not estimated."""
    return Estimate(value, THESE, 0, plain=KNOWN)


def of_training_sets(values: Sequence[float], within: float) -> Estimate:
    """The mean over draws of the training set, each with one value.

    Student's t over the draws (Hartung and Knapp, Statistics in Medicine 20, 2001), whose variance is at least
    `within`, that of the mean if the draws did not differ at all.
    """
    values = np.asarray(values, float)
    number = len(values)
    variance = max(float(values.var(ddof=1)) / number, within)
    return Estimate(float(values.mean()), TRAINING_SETS, number, networks=[(variance, number - 1)])


@functools.lru_cache(maxsize=8)
def replicates(n: int, seed: int | tuple[int, ...], number: int) -> np.ndarray:
    """How often each of `n` samples or students is in each of `number` replicates: float32 ``[number, n]``.

    They are kept: drawing them takes longer than what is made of them.
    """
    rng, counts = np.random.default_rng(seed), np.empty((number, n), np.float32)
    for row in counts:  # seven times as fast as NumPy's multinomial distribution
        row[:] = np.bincount(rng.integers(n, size=n), minlength=n)
    counts.setflags(write=False)
    return counts


def quantiles(values: np.ndarray) -> tuple[float, float]:
    """The central 95 % interval of bootstrap replicates."""
    low, high = np.quantile(values, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)
