"""Pictures with two known views: two pictures of one class make a sample (Section 2, with pictures as views).

The paper's distribution with pictures in place of the vectors ``v_{j,l}``. A multi-view sample shows a picture in
either view at full contrast. A single-view one shows its strong view at full contrast; its weak view has a picture
of its class at a low contrast, and over it one of another class. That other class is what a network that has not
learned the strong view goes by. Pictures are laid over one another by the brighter pixel, so that the contrast of
either is what the config says.

The splits of the pictures are those of `multiview.data.photos`; pairs are made inside of a split. Every
test picture is once each view of the samples of a test split, so that samples share no picture in a view.
"""

import numpy as np

from multiview import config as settings
from multiview.data import photos
from multiview.data.base import ALONE, MULTI_VIEW, SINGLE_VIEW, TEST_MULTI, TEST_SINGLE, Dataset, Split

AXES = {"channels": 1, "side_by_side": 3}
"""Of samples ``[n, channels, h, w]``, along which the two views lie."""


def draw(config: settings.Paired) -> Dataset:
    """Draw ``train``, ``validation`` (half of it single-view), and the test splits.

    The validation split has each picture held out once in either view. The paper is silent on one; half of it is
    single-view because all the error is there, which a choice by ``mu`` of it would not see.

    Raises:
        DataError: if pictures are missing or not what they should be.
    """
    pictures = photos.draw(config.pictures)
    rngs = [np.random.default_rng(stream) for stream in np.random.SeedSequence(config.seed).spawn(6)]
    n_single = round(config.mu * config.train_samples)
    held_out, tested = (len(pictures.splits[name].label) for name in ("validation", "test"))
    numbers = {
        "train": (config.train_samples - n_single, n_single),
        "validation": (held_out - held_out // 2, held_out // 2),
        TEST_MULTI: (tested, 0),
        TEST_SINGLE: (0, tested),
    }
    splits, test = {}, pictures.splits["test"]
    for (name, each), rng in zip(numbers.items(), rngs, strict=False):
        kinds = np.repeat([MULTI_VIEW, SINGLE_VIEW], each)
        splits[name] = _pairs(pictures.splits.get(name, test), kinds, rng, config, pictures.classes)
    contrast = config.contrast.model_copy(update={"other_multi": [0.0, 0.0]})
    clear = config.model_copy(update={"contrast": contrast})
    for view, (name, rng) in enumerate(zip(ALONE, rngs[4:], strict=True)):
        splits[name] = _pairs(test, np.repeat([MULTI_VIEW], tested), rng, clear, pictures.classes)
        halves = np.array_split(splits[name].x, 2, axis=AXES[config.layout])
        halves[1 - view][:] = 0  # nothing is left of the other view
    return Dataset(pictures.classes, splits, {})


def _pairs(
    pictures: Split, kinds: np.ndarray, rng: np.random.Generator, config: settings.Paired, classes: int
) -> Split:
    """Samples of some `kinds`, from the pictures of one split."""
    n, x, contrast = len(kinds), pictures.x, config.contrast
    first = _in_turn(len(x), n, rng)
    label = pictures.label[first]
    second = _of_class(pictures.label, (label + config.shift) % classes, rng, in_turn=True)
    single = kinds == SINGLE_VIEW
    # Each view is the strong one of half of the single-view samples.
    strong = np.zeros(n, np.int8)
    strong[single] = 1 + rng.permutation(single.sum()) % 2
    views = []
    for view, own in ((1, first), (2, second)):
        other_class = (label + rng.integers(1, classes, n)) % classes
        other_class = (other_class + (config.shift if view == 2 else 0)) % classes
        other = _of_class(pictures.label, other_class, rng, in_turn=False)
        weak = single & (strong != view)
        seen = np.where(weak, rng.uniform(*contrast.weak, n), 1.0)
        over = np.where(weak, rng.uniform(*contrast.other_single, n), rng.uniform(*contrast.other_multi, n))
        over[single & ~weak] = 0.0
        views.append(np.maximum(_faded(x[own], seen), _faded(x[other], over)))
    return Split(np.concatenate(views, axis=AXES[config.layout]), label, kinds, strong)


def _in_turn(pictures: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """Numbers of `n` pictures: each once in a random order, then each again, so that all are as frequent."""
    rounds = [rng.permutation(pictures) for _ in range(-(-n // pictures))]
    return np.concatenate(rounds)[:n]


def _of_class(label: np.ndarray, wanted: np.ndarray, rng: np.random.Generator, in_turn: bool) -> np.ndarray:
    """For each wanted class a picture of it: any, or those of a class take turns, so that all are as frequent."""
    chosen = np.empty(len(wanted), int)
    for class_ in np.unique(wanted):
        places, of_class = np.flatnonzero(wanted == class_), np.flatnonzero(label == class_)
        if len(of_class) == 0:
            raise photos.DataError(
                f"dataset.pictures: expected pictures of class {class_} in every split, found a split without; "
                "raise its number of pictures"
            )
        n = len(places)
        chosen[places] = of_class[_in_turn(len(of_class), n, rng)] if in_turn else rng.choice(of_class, n)
    return chosen


def _faded(x: np.ndarray, contrast: np.ndarray) -> np.ndarray:
    """Pictures ``[n, ...]`` in bytes at contrasts ``[n]``."""
    return np.rint(x * contrast[:, None, None, None]).astype(np.uint8)
