"""Every clause of the distribution (paper, Section 2) against its definition."""

import numpy as np
import pytest

from multiview.data import multi_view
from multiview.data.multi_view import NO_VIEW


@pytest.fixture
def settings(study):
    return study.dataset


def draw(settings, n=4000, single=False, seed=0, **changes):
    settings = settings.model_copy(update=changes)
    rng = np.random.default_rng(seed)
    views = multi_view.orthonormal_views(settings, rng)
    labels = rng.integers(settings.classes, size=n)
    return settings, views, labels, multi_view.draw_samples(settings, views, labels, np.full(n, single), rng)


def totals(settings, patches):
    """``sum_p z_p`` and number of patches of every view, ``[n, k, 2]``."""
    shape = (len(patches.view), settings.classes, 2)
    z, count = np.zeros(shape), np.zeros(shape, int)
    sample, patch = np.nonzero(patches.view != NO_VIEW)
    view = patches.view[sample, patch]
    np.add.at(z, (sample, view // 2, view % 2), patches.z[sample, patch])
    np.add.at(count, (sample, view // 2, view % 2), 1)
    return z, count


@pytest.mark.parametrize("views", ["axes", "random"])
def test_views_are_orthonormal(settings, views):
    _, v, _, _ = draw(settings, n=1, views=views)
    assert v.shape == (2 * settings.classes, settings.dim)
    np.testing.assert_allclose(v @ v.T, np.eye(len(v)), atol=1e-12)


def test_random_views_are_not_axes(settings):
    _, v, _, _ = draw(settings, n=1, views="random")
    assert np.abs(v).max() < 0.9


@pytest.mark.parametrize("single", [False, True])
def test_own_views_always_occur_and_others_with_probability_s_over_k(settings, single):
    s, _, labels, patches = draw(settings, single=single)
    present = totals(s, patches)[1] > 0
    own = present[np.arange(len(labels)), labels]
    assert own.all()
    mask = np.ones_like(present)
    mask[np.arange(len(labels)), labels] = False
    p, n = s.s / s.classes, mask.sum()
    assert abs(present[mask.astype(bool)].mean() - p) < 4 * np.sqrt(p * (1 - p) / n)
    # Independent of each other: both views of a class occur together with probability p^2.
    other = (labels + 1) % s.classes
    both = present[np.arange(len(labels)), other].all(axis=1).mean()
    assert abs(both - p**2) < 4 * np.sqrt(p**2 / len(labels))


@pytest.mark.parametrize("share", ["equal", "dirichlet"])
@pytest.mark.parametrize("C", [1, 2, 3])
def test_every_view_has_patches_of_its_own(settings, C, share):
    s, _, _, patches = draw(settings, n=300, patches_per_view=C, patches=8 * C + 1, share=share)
    _, count = totals(s, patches)
    assert set(np.unique(count)) <= {0, C}
    background = patches.view == NO_VIEW
    assert (patches.z[background] == 0).all()
    assert background.sum() == patches.view.size - count.sum()


def test_equal_share_splits_evenly_and_dirichlet_does_not(settings):
    for share, even in (("equal", True), ("dirichlet", False)):
        _, _, _, patches = draw(settings, n=50, patches_per_view=2, patches=16, share=share)
        first = np.sort(np.where(patches.view == patches.view.max(), patches.z, 0), axis=1)[:, -2:]
        first = first[first[:, 1] > 0]
        assert np.allclose(first[:, 0], first[:, 1]) == even


@pytest.mark.parametrize("share", ["equal", "dirichlet"])
def test_strengths_of_multi_view_samples(settings, share):
    strengths = settings.z.model_copy(update={"own_multi": (1.1, 1.5)})  # a range
    s, _, labels, patches = draw(settings, patches_per_view=2, patches=16, share=share, z=strengths)
    z, count = totals(s, patches)
    own = z[np.arange(len(labels)), labels]
    others = z[(count > 0) & (np.arange(s.classes)[:, None] != labels[:, None, None])]
    for values, (low, high) in ((own.ravel(), s.z.own_multi), (others, s.z.other_multi)):
        assert low - 1e-6 <= values.min() < low + 0.02 * (high - low) + 1e-6
        assert high - 0.02 * (high - low) - 1e-6 < values.max() <= high + 1e-6
        assert abs(values.mean() - (low + high) / 2) < 0.05 * (high - low)
    assert (patches.strong == NO_VIEW).all()


@pytest.mark.parametrize("views", ["axes", "random"])
@pytest.mark.parametrize("single", [False, True])
def test_noise_off_the_views_has_no_component_along_any_and_is_else_the_isotropic_one(settings, views, single):
    drawn = {
        noise: draw(settings, n=400, single=single, gamma=0.0, views=views, noise=noise)
        for noise in ("isotropic", "off_views")
    }
    (_, v, _, isotropic), (s, _, _, off) = drawn.values()
    for name in ("view", "z", "strong"):
        np.testing.assert_array_equal(getattr(off, name), getattr(isotropic, name))
    along = off.x @ v.T
    expected = np.zeros_like(along)
    sample, patch = np.nonzero(off.view != NO_VIEW)
    expected[sample, patch, off.view[sample, patch]] = off.z[sample, patch]
    np.testing.assert_allclose(along, expected, atol=1e-5)
    # What is left is the paper's noise in the d - 2k other directions: the same numbers, and so the same variance.
    rest = np.eye(s.dim) - v.T @ v
    np.testing.assert_allclose(off.x @ rest, isotropic.x @ rest, atol=1e-5)
    noise = (off.x @ rest)[off.view == NO_VIEW]
    variance = s.background_noise_norm**2 / s.dim * (s.dim - len(v))
    assert (noise**2).sum(axis=1).mean() == pytest.approx(variance, rel=0.05)
    assert np.abs(isotropic.x @ v.T - along).max() > 0.01


def test_strengths_of_single_view_samples(settings):
    ranges = {"strong": [1.0, 1.4], "weak": [0.05, 0.1], "other_single": [0.15, 0.3]}
    s, _, labels, patches = draw(settings, single=True, z=settings.z.model_copy(update=ranges))
    z, count = totals(s, patches)
    n = np.arange(len(labels))
    others = z[(count > 0) & (np.arange(s.classes)[:, None] != labels[:, None, None])]
    for values, (low, high) in (
        (z[n, labels, patches.strong], ranges["strong"]),
        (z[n, labels, 1 - patches.strong], ranges["weak"]),
        (others, ranges["other_single"]),
    ):
        assert low - 1e-6 <= values.min() < low + 0.02 * (high - low)
        assert high - 0.02 * (high - low) < values.max() <= high + 1e-6
    # Either view is the strong one with probability 1/2, whatever the class.
    for label in range(s.classes):
        strong = patches.strong[labels == label]
        assert abs(strong.mean() - 0.5) < 4 * 0.5 / np.sqrt(len(strong))


def test_places_of_the_views_are_uniform(settings):
    s, _, labels, patches = draw(settings)
    place = np.argmax(patches.view == 2 * labels[:, None], axis=1)
    counts = np.bincount(place, minlength=s.patches)
    expected = len(labels) / s.patches
    assert ((counts - expected) ** 2 / expected).sum() < 30  # chi-square with 7 degrees of freedom


def test_without_noise_a_patch_is_z_times_its_view(settings):
    quiet = {"gamma": 0.0, "feature_noise_norm": 0.0, "background_noise_norm": 0.0, "views": "random"}
    _, views, _, patches = draw(settings, n=50, **quiet)
    expected = np.where((patches.view == NO_VIEW)[..., None], 0, patches.z[..., None] * views[patches.view])
    np.testing.assert_allclose(patches.x, expected, atol=1e-6)


def test_feature_noise_is_uniform_over_all_views_in_every_patch(settings):
    noise = {"gamma": 0.1, "feature_noise_norm": 0.0, "background_noise_norm": 0.0, "views": "random"}
    _, views, _, patches = draw(settings, n=500, **noise)
    alpha = patches.x @ views.T
    carried = patches.view != NO_VIEW
    alpha[carried, patches.view[carried]] -= patches.z[carried]
    assert -1e-5 < alpha.min() < 1e-3
    assert 0.099 < alpha.max() < 0.1 + 1e-5
    np.testing.assert_allclose(alpha.mean(axis=(0, 1)), 0.05, atol=0.003)
    np.testing.assert_allclose(alpha.std(), 0.1 / np.sqrt(12), rtol=0.02)


def test_noise_is_gaussian_with_its_own_norm_in_both_kinds_of_patch(settings):
    norms = {"feature_noise_norm": 0.5, "background_noise_norm": 1.5, "gamma": 0.0}
    s, _, _, patches = draw(settings, n=2000, **norms)
    noise = patches.x[..., 2 * s.classes :]  # beyond the views' axes there is nothing but noise
    for carried, norm in ((True, 0.5), (False, 1.5)):
        values = noise[(patches.view != NO_VIEW) == carried].ravel() * np.sqrt(s.dim) / norm
        assert abs(values.mean()) < 4 / np.sqrt(len(values))
        assert abs(values.std() - 1) < 0.01
        assert abs((values**4).mean() - 3) < 0.1


def test_splits_have_the_numbers_that_the_config_says(settings):
    dataset = multi_view.draw(settings)
    assert {name: len(split.label) for name, split in dataset.splits.items()} == {
        "train": 120,
        "test_multi": 300,
        "test_single": 300,
    }
    train = dataset.splits["train"]
    assert (train.kind == "single-view").sum() == settings.single_view_samples == 3
    assert (train.strong_view > 0).sum() == 3
    assert (dataset.splits["test_multi"].kind == "multi-view").all()
    assert (dataset.splits["test_single"].kind == "single-view").all()
    assert set(np.unique(dataset.splits["test_single"].strong_view)) == {1, 2}
    counts = np.bincount(dataset.splits["test_multi"].label, minlength=4)
    assert ((counts - 75) ** 2 / 75).sum() < 20  # uniform labels: chi-square with 3 degrees of freedom


def test_same_seed_same_data_and_another_seed_other_data(settings):
    again = multi_view.draw(settings).digest
    assert multi_view.draw(settings).digest == again
    assert multi_view.draw(settings.model_copy(update={"seed": settings.seed + 1})).digest != again


def test_a_larger_test_split_leaves_the_other_splits_alone(settings):
    one, two = (multi_view.draw(settings.model_copy(update={"test_multi_samples": n})).splits for n in (300, 500))
    for split in ("train", "test_single"):
        np.testing.assert_array_equal(one[split].x, two[split].x)


def test_tables_tell_what_the_patches_hold(settings):
    dataset = multi_view.draw(settings.model_copy(update={"gamma": 0.0, "feature_noise_norm": 0.0}))
    table = dataset.tables["patches"]
    rows = (table["split"] == "train") & (table["view"] > 0)
    x = dataset.splits["train"].x[table["sample"][rows], table["patch"][rows]]
    view = 2 * table["class"][rows] + table["view"][rows] - 1
    np.testing.assert_allclose(np.einsum("nd,nd->n", x, dataset.tables["views"]["v"][view]), table["z"][rows])
