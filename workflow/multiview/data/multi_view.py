"""The multi-view data distribution of the paper (Section 2), every clause of it.

A sample is ``P`` patches in ``R^d``. Which patch carries which view, and how strongly, is kept beside the patches:
figures, the lottery and the tests are about that, and never have to guess it from the noisy vectors.
"""

from dataclasses import dataclass

import numpy as np

from multiview import config as settings
from multiview.data.base import MULTI_VIEW, SINGLE_VIEW, TEST_MULTI, TEST_SINGLE, Dataset, Split, split_index

VIEWS_PER_CLASS = 2
NO_VIEW = -1
"""Index of the view in a patch that carries none (background)."""


@dataclass(frozen=True)
class Patches:
    """What the patches of ``n`` samples carry.

    Attributes:
        x: float32 ``[n, P, d]``, the patches themselves.
        view: int16 ``[n, P]``, ``2 * class + (0 or 1)`` of the view in the patch, ``NO_VIEW`` if none.
        z: float32 ``[n, P]``, the view's strength ``z_p`` in the patch, 0 if none.
        strong: int8 ``[n]``, the strong view (0 or 1) of a single-view sample, ``NO_VIEW`` if multi-view.
    """

    x: np.ndarray
    view: np.ndarray
    z: np.ndarray
    strong: np.ndarray


def orthonormal_views(config: settings.Dataset, rng: np.random.Generator) -> np.ndarray:
    """Return the ``2k`` views as the rows of a float64 ``[2k, d]`` matrix with orthonormal rows.

    Row ``2 * j + l`` is the paper's ``v_{j, l+1}``. ``views: axes`` gives the first ``2k`` coordinate
    axes, ``views: random`` a uniformly drawn (Haar) frame.
    """
    n_views = VIEWS_PER_CLASS * config.classes
    if config.views == "axes":
        return np.eye(n_views, config.dim)
    q, r = np.linalg.qr(rng.standard_normal((config.dim, n_views)))
    return (q * np.sign(np.diag(r))).T


def draw_samples(
    config: settings.Dataset, views: np.ndarray, labels: np.ndarray, single: np.ndarray, rng: np.random.Generator
) -> Patches:
    """Draw one sample for every label (Section 2: both kinds of sample, feature noise, background).

    Args:
        views: ``[2k, d]``, the orthonormal views.
        labels: integers ``[n]`` in ``[0, k)``.
        single: booleans ``[n]``, True for a sample of ``D_s``, False for one of ``D_m``.
    """
    n, k, P = len(labels), config.classes, config.patches
    own = np.zeros((n, k, VIEWS_PER_CLASS), dtype=bool)
    own[np.arange(n), labels] = True

    # V(X): both own views, every other one with probability s / k.
    present = own | (rng.random(own.shape) < config.s / k)
    strong = rng.integers(VIEWS_PER_CLASS, size=n)
    is_strong = own & (np.arange(VIEWS_PER_CLASS) == strong[:, None, None])

    # The total strength, sum_p z_p, of every view in the sample.
    kind = single[:, None, None]
    cases = [
        (own & ~kind, config.z.own_multi),
        (is_strong & kind, config.z.strong),
        (own & ~is_strong & kind, config.z.weak),
        (~own & ~kind, config.z.other_multi),
        (~own & kind, config.z.other_single),
    ]
    low = np.select([mask for mask, _ in cases], [bounds[0] for _, bounds in cases])
    high = np.select([mask for mask, _ in cases], [bounds[1] for _, bounds in cases])
    uniform = rng.random(own.shape)
    total = low + (high - low) * uniform

    # Every view in V(X) gets C_p patches of its own, at random places.
    C = config.patches_per_view
    shares = rng.dirichlet(np.full(C, 1.0), size=own.shape) if config.share == "dirichlet" else None
    place = rng.permuted(np.broadcast_to(np.arange(P), (n, P)), axis=1)
    sample, cls, idx = np.nonzero(present)
    flat = VIEWS_PER_CLASS * cls + idx
    rank = (present.reshape(n, -1).cumsum(axis=1) - 1)[sample, flat]
    view = np.full((n, P), NO_VIEW, dtype=np.int16)
    z = np.zeros((n, P), dtype=np.float32)
    for c in range(C):
        patch = place[sample, rank * C + c]
        view[sample, patch] = flat
        share = 1.0 / C if shares is None else shares[sample, cls, idx, c]
        z[sample, patch] = total[sample, cls, idx] * share

    # x_p = z_p v + sum_v' alpha v' + xi_p; a patch without a view has the last two terms only.
    x = rng.standard_normal((n, P, config.dim), dtype=np.float32)
    norm = np.where(view == NO_VIEW, config.background_noise_norm, config.feature_noise_norm)
    x *= (norm / np.sqrt(config.dim)).astype(np.float32)[..., None]
    if config.noise == "off_views":
        frame = views.astype(np.float32)
        x -= (x @ frame.T) @ frame
    coefficients = rng.random((n, P, len(views)), dtype=np.float32)
    coefficients *= config.gamma
    carried = view != NO_VIEW
    coefficients[carried, view[carried]] += z[carried]
    x += coefficients @ views.astype(np.float32)
    return Patches(x, view, z, np.where(single, strong, NO_VIEW).astype(np.int8))


def draw(config: settings.Dataset) -> Dataset:
    """Draw the whole dataset: ``train`` with exactly ``N_s`` single-view samples, a test split of each kind.

    The views and each split have a random stream of their own, so that a larger test split, say, leaves
    the others as they were. Besides the splits it tells what each patch carries (``patches``) and the
    views themselves (``views``).
    """
    streams = [np.random.default_rng(seed) for seed in np.random.SeedSequence(config.seed).spawn(4)]
    views = orthonormal_views(config, streams[0])
    splits, drawn = {}, {}
    for name, rng in zip(("train", TEST_MULTI, TEST_SINGLE), streams[1:], strict=True):
        n = getattr(config, f"{name}_samples")
        single = np.full(n, name == TEST_SINGLE)
        if name == "train":
            single[rng.choice(n, config.single_view_samples, replace=False)] = True
        labels = rng.integers(config.classes, size=n).astype(np.int16)
        drawn[name] = patches = draw_samples(config, views, labels, single, rng)
        kind = np.where(single, SINGLE_VIEW, MULTI_VIEW)
        splits[name] = Split(patches.x, labels, kind, patches.strong + 1)
    number = np.arange(len(views))
    of_views = {"class": number // VIEWS_PER_CLASS, "view": number % VIEWS_PER_CLASS + 1, "v": views}
    return Dataset(config.classes, splits, {"patches": _patch_table(drawn), "views": of_views})


def _patch_table(drawn: dict[str, Patches]) -> dict[str, np.ndarray]:
    """A row for every patch; class -1 and view 0 mean that it carries none."""
    P = next(iter(drawn.values())).view.shape[1]
    index = split_index({name: len(patches.view) for name, patches in drawn.items()})
    view = np.concatenate([patches.view for patches in drawn.values()]).ravel()
    carried = view != NO_VIEW
    return {
        "split": np.repeat(index["split"], P),
        "sample": np.repeat(index["sample"], P),
        "patch": np.tile(np.arange(P), len(index["sample"])),
        "class": np.where(carried, view // VIEWS_PER_CLASS, NO_VIEW),
        "view": np.where(carried, view % VIEWS_PER_CLASS + 1, 0),
        "z": np.concatenate([patches.z for patches in drawn.values()]).ravel(),
    }
