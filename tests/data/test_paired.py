"""Pictures with two known views: each sample against the definition of its kind."""

import numpy as np
import pytest

from multiview import config
from multiview.data import paired, photos
from multiview.data.registry import draw

PICTURES = {"kind": "digits", "train_samples": 200, "validation_samples": 100, "test_samples": 150}


def section(**keys):
    given = {"kind": "paired", "seed": 0, "pictures": PICTURES, "mu": 0.1, "train_samples": 500}
    return config.Paired(**given | keys)


def halves(x, layout="channels"):
    return np.split(x, 2, axis=1 if layout == "channels" else 3)


def known(split):
    """From the bytes of a picture to its class."""
    return {picture.tobytes(): int(label) for picture, label in zip(split.x, split.label, strict=True)}


@pytest.fixture(scope="module")
def plain():
    """Without other classes in multi-view samples."""
    return paired.draw(section(contrast={"other_multi": [0, 0]}))


@pytest.mark.parametrize("layout", ["channels", "side_by_side"])
@pytest.mark.parametrize("shift", [0, 3])
def test_both_views_of_a_multi_view_sample_are_pictures_of_its_class(layout, shift):
    settings = section(layout=layout, shift=shift, contrast={"other_multi": [0, 0]})
    pictures = photos.draw(settings.pictures).splits["test"]
    split = paired.draw(settings).splits["test_multi"]
    assert split.x.shape[1:] == ((2, 8, 8) if layout == "channels" else (1, 8, 16))
    one, two = halves(split.x, layout)
    class_of = known(pictures)
    assert [class_of[picture.tobytes()] for picture in one] == split.label.tolist()
    assert [class_of[picture.tobytes()] for picture in two] == ((split.label + shift) % 10).tolist()


def test_samples_come_from_the_pictures_of_their_own_split(plain):
    parts = photos.draw(section().pictures).splits
    for name, of in (("train", "train"), ("validation", "validation"), ("test_multi", "test")):
        multi = plain.splits[name].kind == paired.MULTI_VIEW
        shown = {picture.tobytes() for half in halves(plain.splits[name].x[multi]) for picture in half}
        assert shown <= set(known(parts[of]))
    for one, other in (("train", "test"), ("validation", "test"), ("train", "validation")):
        assert not set(known(parts[one])) & set(known(parts[other]))


def test_every_test_picture_is_once_the_first_view(plain):
    pictures = photos.draw(section().pictures).splits["test"]
    shown = sorted(picture.tobytes() for picture in halves(plain.splits["test_multi"].x)[0])
    assert shown == sorted(picture.tobytes() for picture in pictures.x)


def test_the_strong_view_is_whole_and_the_weak_one_shows_another_class_at_its_contrast():
    contrast = {"weak": [0, 0], "other_single": [0.4, 0.4]}
    settings = section(contrast=contrast, shift=2)
    pictures = photos.draw(settings.pictures).splits["test"]
    split = paired.draw(settings).splits["test_single"]
    class_of = known(pictures)
    faint = {
        np.rint(0.4 * picture).astype(np.uint8).tobytes(): c
        for picture, c in zip(pictures.x, pictures.label, strict=True)
    }
    views = halves(split.x)
    for i, (label, strong) in enumerate(zip(split.label, split.strong_view, strict=True)):
        shifts = (0, 2)
        assert class_of[views[strong - 1][i].tobytes()] == (label + shifts[strong - 1]) % 10
        other = faint[views[2 - strong][i].tobytes()]
        assert other != (label + shifts[2 - strong]) % 10
    assert sorted(np.bincount(split.strong_view, minlength=3).tolist()) == [0, 75, 75]
    assert set(split.kind) == {paired.SINGLE_VIEW}


def test_the_weak_view_of_the_own_class_is_as_faint_as_it_says():
    settings = section(contrast={"weak": [0.25, 0.25], "other_single": [0, 0]})
    class_of = {
        np.rint(0.25 * picture).astype(np.uint8).tobytes(): label for picture, label in known_pictures(settings)
    }
    split = paired.draw(settings).splits["test_single"]
    for i, (label, strong) in enumerate(zip(split.label, split.strong_view, strict=True)):
        assert class_of[halves(split.x)[2 - strong][i].tobytes()] == label


def known_pictures(settings):
    test = photos.draw(settings.pictures).splits["test"]
    return zip(test.x, test.label.tolist(), strict=True)


def test_a_share_mu_of_the_training_samples_is_single_view(plain):
    train = plain.splits["train"]
    assert (train.kind == paired.SINGLE_VIEW).sum() == 50 and len(train.label) == 500
    assert np.array_equal(train.strong_view > 0, train.kind == paired.SINGLE_VIEW)
    assert set(plain.splits["test_multi"].strong_view) == {0}
    validation = plain.splits["validation"]
    assert (validation.kind == paired.SINGLE_VIEW).sum() == 50 and len(validation.label) == 100


@pytest.mark.parametrize("layout", ["channels", "side_by_side"])
def test_a_view_alone_has_nothing_where_the_other_would_be(layout):
    splits = paired.draw(section(layout=layout)).splits
    for view, name in enumerate(paired.ALONE):
        shown = halves(splits[name].x, layout)
        assert shown[view].any(axis=(1, 2, 3)).all() and not shown[1 - view].any()


def test_other_classes_are_laid_over_multi_view_samples():
    with_others = paired.draw(section(contrast={"other_multi": [0.4, 0.4]})).splits["test_multi"]
    without = paired.draw(section(contrast={"other_multi": [0, 0]})).splits["test_multi"]
    assert np.array_equal(with_others.label, without.label)
    assert (with_others.x >= without.x).all() and (with_others.x > without.x).any(axis=(2, 3)).mean() > 0.9


def test_the_seed_decides_all():
    one, same, other = (paired.draw(section(seed=seed)).digest for seed in (0, 0, 1))
    assert one == same != other


def test_it_is_drawn_from_its_section_of_the_config():
    dataset, settings = draw(config.canonical(section()))
    assert dataset.classes == 10 and settings.kind == "paired"


@pytest.mark.parametrize(
    "keys, said",
    [
        ({"shift": 10}, "shift is 10"),
        ({"contrast": {"weak": [0.5, 0.2]}}, "weak"),
        ({"contrast": {"other_single": [0.5, 1.0]}}, "below 1"),
        ({"pictures": PICTURES | {"seed": 7}}, "pictures.seed"),
    ],
)
def test_what_cannot_be_is_refused(keys, said):
    with pytest.raises(ValueError, match=said):
        section(**keys)


def test_a_split_without_a_class_is_named():
    few = {"kind": "digits", "train_samples": 3, "validation_samples": 3, "test_samples": 3}
    with pytest.raises(photos.DataError, match="every split"):
        paired.draw(section(pictures=few))
