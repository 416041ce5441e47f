"""Labelled images: scikit-learn's digits, the hub's Parquet files, or a user's own in the same schema.

In that schema (that of Hugging Face's `datasets`) a row has an image, a structure with the encoded file in its
field ``bytes``, and a label, a whole number. Only PNG, JPEG and the like are decoded: nothing is unpickled.
"""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from multiview import config as settings
from multiview.data.base import Dataset, Split
from multiview.data.hub import DataError, fetch, source_of

TRAIN, VALIDATION, TEST = "train", "validation", "test"
KIND = "image"
"""The kind of every sample: images have no strata."""

MODES = {"L": "L", "1": "L", "RGB": "RGB", "P": "RGB", "RGBA": "RGB", "CMYK": "RGB", "YCbCr": "RGB", "LA": "L"}
"""How images of Pillow's modes are read: as grey or as red, green, blue. Of modes with more than 8 bits a channel
Pillow would cut off what is above 255."""


def draw(config: settings.Images) -> Dataset:
    """Divide the images into ``train``, ``validation`` and ``test``.

    Validation images are drawn from the training file (digits: everything is drawn from its one set), so that no
    choice ever sees a test image. The seed of the config draws; each split keeps the order of its file.

    Raises:
        DataError: if images or labels are missing or not what they should be.
    """
    rng, k = np.random.default_rng(config.seed), config.classes or settings.CLASSES[config.kind]
    if config.kind == "digits":
        from sklearn.datasets import load_digits

        digits = load_digits()
        x = np.rint(digits.images * (255 / 16)).astype(np.uint8)  # their pixels are 0 to 16
        whole = dict.fromkeys((TRAIN, TEST), (x[:, None], digits.target.astype(np.int16)))
        sizes = [config.train_samples, config.validation_samples, config.test_samples]
        train, validation, test = _divide(len(whole[TRAIN][1]), sizes, rng)
    else:
        whole = _from_parquet(config, k)
        sizes = [config.validation_samples, config.train_samples]
        validation, train = _divide(len(whole[TRAIN][1]), sizes, rng)
        (test,) = _divide(len(whole[TEST][1]), [config.test_samples], rng)
    splits = {}
    for name, file, rows in ((TRAIN, TRAIN, train), (VALIDATION, TRAIN, validation), (TEST, TEST, test)):
        x, label = (values[rows] for values in whole[file])
        kind, strong_view = np.full(len(label), KIND), np.zeros(len(label), np.int8)
        splits[name] = Split(shrink(x, config.shrink), label, kind, strong_view)
    return Dataset(k, splits, {})


def shrink(images: np.ndarray, factor: int) -> np.ndarray:
    """Images uint8 ``[n, channels, h, w]`` with the mean of each `factor` x `factor` pixels in their place.

    Raises:
        DataError: if height and width are no multiples of it.
    """
    n, channels, height, width = images.shape
    if height % factor or width % factor:
        raise DataError(f"dataset.shrink: expected a divisor of {height} x {width} pixels, found {factor}")
    blocks = images.reshape(n, channels, height // factor, factor, width // factor, factor)
    return np.rint(blocks.mean(axis=(3, 5))).astype(np.uint8)


def _divide(n: int, sizes: Sequence[int | None], rng: np.random.Generator) -> list[np.ndarray]:
    """Draw disjoint parts of ``range(n)``, each in ascending order; the last one may be all that is left."""
    order = rng.permutation(n)
    sizes = [*sizes[:-1], n - sum(sizes[:-1]) if sizes[-1] is None else sizes[-1]]
    if sizes[-1] < 1 or sum(sizes) > n:
        raise DataError(f"dataset: splits of {', '.join(map(str, sizes))} images are asked for, but there are {n}")
    ends = np.cumsum(sizes)
    return [np.sort(order[end - size : end]) for size, end in zip(sizes, ends, strict=True)]


def _from_parquet(config: settings.Images, classes: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The images and labels of the training and the test files."""
    source = source_of(config) if config.kind in settings.HUB else None
    image = source.image if source else config.image_column or "image"
    column = source.label if source else config.label_column or "label"
    whole = {}
    for split in (TRAIN, TEST):
        files = [fetch(source, split)] if config.path is None else config.files(split)
        parts = [read_file(path, image, column, classes) for path in files]
        _check_size("images", {part[0].shape[1:]: path for part, path in zip(parts, files, strict=True)})
        whole[split] = tuple(np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    _check_size("training and test images", {x.shape[1:]: split for split, (x, _) in whole.items()})
    return whole


def _check_size(images: str, places: dict[tuple[int, ...], Any], file: str = "") -> None:
    """Raise a DataError if there is more than one shape ``[channels, h, w]``, and say where each is."""
    if len(places) > 1:
        found = [f"{h} x {w} pixels of {c} channel(s) in {where}" for (c, h, w), where in places.items()]
        raise DataError(f"{file}expected {images} of one size, found {', '.join(found)}")


def read_file(path: Path, image: str, label: str, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Read two columns of a Parquet file in the hub's schema: images and labels, which must be 0 to k - 1.

    Returns:
        uint8 ``[n, channels, height, width]`` and int16 ``[n]``.

    Raises:
        DataError: naming the file and the row.
    """
    try:
        names = pq.read_schema(path).names
        columns = [name for name in (image, label) if name in names]
        table = pq.read_table(path, columns=columns, page_checksum_verification=True)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path}: expected a Parquet file, found one that is damaged ({error})") from error
    if len(columns) < 2:
        raise DataError(
            f"{path}: expected the columns {image!r} and {label!r}, found {', '.join(names)} "
            "(dataset.image_column and dataset.label_column name them for kind parquet)"
        )
    if len(table) == 0:
        raise DataError(f"{path}: expected images, found no row")
    column = table.column(label)
    if not pa.types.is_integer(column.type):
        raise DataError(f"{path}: expected whole numbers in column {label!r}, found {column.type}")
    labels = column.to_numpy()
    outside = np.flatnonzero((labels < 0) | (labels >= classes) | np.isnan(labels.astype(float)))
    if len(outside):
        raise DataError(
            f"{path}: expected labels 0 to {classes - 1}, found {labels[outside[0]]} in row {outside[0]}"
        )
    type_ = table.schema.field(image).type
    if not (pa.types.is_struct(type_) and type_.get_field_index("bytes") >= 0):
        raise DataError(
            f"{path}: expected images as a structure with the field 'bytes' in {image!r}, found {type_}"
        )
    images = None
    for row, entry in enumerate(table.column(image).to_pylist()):
        pixels = _decode(entry, path, row)
        if images is None:
            images = np.empty((len(table), *pixels.shape), np.uint8)
        _check_size("images", {images.shape[1:]: "row 0", pixels.shape: f"row {row}"}, f"{path}: ")
        images[row] = pixels
    return images, labels.astype(np.int16)


def _decode(entry: dict | None, path: Path, row: int) -> np.ndarray:
    """A single image as uint8 ``[channels, height, width]``."""
    from PIL import Image

    if entry is None or entry["bytes"] is None:
        raise DataError(f"{path}: expected an image in row {row}, found none (a path alone is not enough)")
    try:
        with Image.open(io.BytesIO(entry["bytes"])) as image:
            mode = image.mode
            pixels = np.asarray(image.convert(MODES.get(mode, "RGB")))
    except Exception as error:  # Pillow raises what it likes: SyntaxError, DecompressionBombError, TypeError
        raise DataError(f"{path}: expected an image in row {row}, found bytes that are none ({error})") from error
    if mode not in MODES:
        raise DataError(
            f"{path}: expected 8 bits a channel in row {row}, found an image of Pillow's mode {mode}; "
            f"read are {', '.join(MODES)}"
        )
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
