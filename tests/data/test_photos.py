"""Datasets of images: splits, the hub's schema and protocol, and every way in which they can be wrong."""

import gzip
import hashlib
import io
import os
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hub import serving
from PIL import Image

import idx
from multiview import config
from multiview.data import base, hub, photos, registry

RNG = np.random.default_rng(3)


def section(**keys):
    return config.Images(**{"kind": "digits", "seed": 0, "validation_samples": 30} | keys)


def some_images(n=40, size=(5, 6), channels=3, classes=4):
    shape = (n, *size, 3) if channels == 3 else (n, *size)
    return RNG.integers(256, size=shape, dtype=np.uint8), np.arange(n) % classes


def folder_of(path, **changes):
    """A folder with a training and a test file; `changes` are tables put in their place."""
    path.mkdir(exist_ok=True)
    for split in ("train", "test"):
        table = changes.get(split, idx.hub_table(*some_images()))
        pq.write_table(table, path / f"{split}.parquet")
    return str(path)


def test_digits_are_divided_into_disjoint_splits_that_cover_them():
    dataset = photos.draw(section(train_samples=100))
    sizes = {name: len(split.label) for name, split in dataset.splits.items()}
    assert sizes == {"train": 100, "validation": 30, "test": 1797 - 130}
    everything = np.concatenate([split.x for split in dataset.splits.values()])
    assert everything.shape == (1797, 1, 8, 8) and everything.dtype == np.uint8
    from sklearn.datasets import load_digits

    # Each digit once: as multisets of images the splits together are the whole.
    whole = np.rint(load_digits().images * 255 / 16).astype(np.uint8).reshape(1797, -1)
    assert sorted(map(bytes, everything.reshape(1797, -1))) == sorted(map(bytes, whole))


def test_the_seed_divides_and_a_larger_training_split_leaves_the_validation_split():
    one, same, other = (photos.draw(section(train_samples=100, seed=seed)) for seed in (0, 0, 1))
    assert one.digest == same.digest != other.digest


def test_validation_images_come_from_the_training_file_alone(tmp_path):
    train, test = some_images(), some_images()
    path = folder_of(tmp_path / "own", train=idx.hub_table(*train), test=idx.hub_table(*test))
    few, more = (
        photos.draw(
            section(kind="parquet", path=path, classes=4, validation_samples=10, train_samples=n, test_samples=15)
        )
        for n in (20, 30)
    )
    assert (few.splits["validation"].x == more.splits["validation"].x).all()
    of_training = {bytes(one.transpose(2, 0, 1).tobytes()) for one in train[0]}
    of_testing = {bytes(one.transpose(2, 0, 1).tobytes()) for one in test[0]}
    for name, there in (("train", of_training), ("validation", of_training), ("test", of_testing)):
        found = {one.tobytes() for one in more.splits[name].x}
        assert found <= there and len(found) == len(more.splits[name].x)
    overlap = {one.tobytes() for one in more.splits["train"].x} & {
        one.tobytes() for one in more.splits["validation"].x
    }
    assert not overlap


@pytest.mark.parametrize("channels", [1, 3])
def test_parquet_and_back(tmp_path, channels):
    pixels, labels = some_images(channels=channels)
    path = tmp_path / "train.parquet"
    pq.write_table(idx.hub_table(pixels, labels), path)
    x, label = photos.read_file(path, "image", "label", 4)
    assert (label == labels).all()
    expected = pixels.transpose(0, 3, 1, 2) if channels == 3 else pixels[:, None]
    assert (x == expected).all()


def test_an_image_dataset_as_artifacts(tmp_path):
    dataset = photos.draw(section(train_samples=100))
    base.write(tmp_path, dataset, {"study": "digits"})
    splits, about = base.read(tmp_path / "samples.parquet", tmp_path / "images.parquet")
    assert about["classes"] == 10 and about["shape"] == [1, 8, 8]
    for name, split in dataset.splits.items():
        assert (splits[name].x == split.x).all() and splits[name].x.dtype == np.uint8
        assert (splits[name].label == split.label).all()


def png(size):
    file = io.BytesIO()
    Image.new("L", size).save(file, "PNG")
    return file.getvalue()


def deep_png(size):
    file = io.BytesIO()
    Image.fromarray(np.full(size[::-1], 30000, np.uint16)).save(file, "PNG")
    return file.getvalue()


def damaged_png():
    """A PNG whose pixels end after five bytes, of which Pillow says so with a SyntaxError."""
    file = io.BytesIO()
    Image.fromarray(np.arange(90, dtype=np.uint8).reshape(5, 6, 3)).save(file, "PNG")
    whole = file.getvalue()
    return whole[:33] + (5).to_bytes(4, "big") + whole[37:]


def replaced(column, row, value):
    """A good table but for one value."""
    rows = idx.hub_table(*some_images()).to_pylist()
    rows[row][column] = value
    return pa.Table.from_pylist(rows)


BROKEN = {
    "mixed sizes": (replaced("image", 7, {"bytes": png((9, 6)), "path": ""}), ["row 7", "6 x 9", "5 x 6"]),
    "label out of range": (replaced("label", 3, 4), ["labels 0 to 3", "found 4 in row 3"]),
    "negative label": (replaced("label", 3, -1), ["labels 0 to 3", "found -1 in row 3"]),
    "no image": (replaced("image", 2, {"bytes": b"no image", "path": ""}), ["image in row 2"]),
    "damaged": (replaced("image", 2, {"bytes": damaged_png(), "path": ""}), ["image in row 2", "broken PNG"]),
    "16 bits": (
        replaced("image", 2, {"bytes": deep_png((6, 5)), "path": ""}),
        ["8 bits a channel in row 2", "I;16"],
    ),
    "path only": (replaced("image", 2, {"bytes": None, "path": "2.png"}), ["image in row 2"]),
    "no label column": (idx.hub_table(*some_images()).rename_columns(["image", "fine"]), ["'label'", "fine"]),
    "labels are words": (
        idx.hub_table(*some_images()).set_column(1, "label", pa.array(["cat"] * 40)),
        ["whole numbers", "string"],
    ),
    "images are numbers": (pa.table({"image": [1, 2], "label": [0, 1]}), ["'bytes'", "int64"]),
    "empty": (idx.hub_table(*some_images()).slice(0, 0), ["found no row"]),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_one_error_that_names_it(tmp_path, name):
    table, words = BROKEN[name]
    path = folder_of(tmp_path / "own", train=table)
    with pytest.raises(hub.DataError) as caught:
        photos.draw(section(kind="parquet", path=path, classes=4, validation_samples=5))
    message = str(caught.value)
    assert "train.parquet" in message
    for word in words:
        assert word in message, message


def test_a_cut_off_file_is_one_error(tmp_path):
    path = folder_of(tmp_path / "own")
    file = tmp_path / "own" / "train.parquet"
    file.write_bytes(file.read_bytes()[:500])
    with pytest.raises(hub.DataError, match="damaged"):
        photos.draw(section(kind="parquet", path=path, classes=4))


def test_train_and_test_of_two_sizes_are_refused(tmp_path):
    path = folder_of(tmp_path / "own", test=idx.hub_table(*some_images(size=(7, 7))))
    with pytest.raises(hub.DataError, match=r"5 x 6 .* train, 7 x 7 .* test"):
        photos.draw(section(kind="parquet", path=path, classes=4))


def test_more_images_than_there_are(tmp_path):
    with pytest.raises(hub.DataError, match="but there are 1797"):
        photos.draw(section(train_samples=1790))


SOURCE = hub.SOURCES["cifar10"]


@pytest.fixture
def served(tmp_path, monkeypatch):
    """CIFAR-shaped files on a hub of our own, an empty cache, and the config that asks for them."""
    tables = {split: idx.hub_table(*some_images(60, (32, 32), classes=10)) for split in ("train", "test")}
    files = {}
    for split, table in tables.items():
        file = io.BytesIO()
        pq.write_table(table.rename_columns([SOURCE.image, SOURCE.label]), file)
        files[f"{SOURCE.repository}/{SOURCE.files[split]}"] = file.getvalue()
    with serving(files) as server:
        yield server, tmp_path / "cache"


def draw_elsewhere(server, cache, offline=False, **keys):
    """Draw from the hub in a process of its own: huggingface-hub reads its environment when it is imported."""
    sums = {
        split: hashlib.sha256(server.files[f"{SOURCE.repository}/{name}"]).hexdigest()
        for split, name in SOURCE.files.items()
    }
    text = config.canonical(section(**{"kind": "cifar10", "validation_samples": 10, "sha256": sums} | keys))
    code = (
        "import sys\nfrom multiview.data import registry\nfrom multiview.data.hub import DataError\n"
        f"try: print(registry.draw({text!r})[0].splits['train'].x.shape)\n"
        "except DataError as error: sys.exit(str(error))\n"
    )
    environment = os.environ | {
        "HF_ENDPOINT": server.url,
        "HF_HOME": str(cache),
        "HF_HUB_OFFLINE": str(int(offline)),
        "HF_HUB_DOWNLOAD_TIMEOUT": "5",
        "NO_PROXY": "127.0.0.1",
    }
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)


def test_a_download_is_kept_and_needs_no_network_again(served):
    server, cache = served
    assert "(50, 3, 32, 32)" in draw_elsewhere(server, cache).stdout
    assert {key for _, key, _ in server.requests} >= set(server.files)
    server.requests.clear()
    assert "(50, 3, 32, 32)" in draw_elsewhere(server, cache, offline=True).stdout
    assert server.requests == []


def test_a_broken_download_is_resumed(served):
    server, cache = served
    key = f"{SOURCE.repository}/{SOURCE.files['train']}"
    table = pq.read_table(io.BytesIO(server.files[key]))
    file = io.BytesIO()  # more than huggingface-hub writes at once, which is 10 MB
    pq.write_table(table.append_column("more", pa.array([RNG.bytes(500_000)] * 60)), file, use_dictionary=False)
    server.files[key] = file.getvalue()
    server.broken = 1
    assert "(50, 3, 32, 32)" in draw_elsewhere(server, cache).stdout
    ranges = [wanted for method, name, wanted in server.requests if (method, name) == ("GET", key) and wanted]
    assert ranges == ["bytes=10485760-"]


@pytest.mark.parametrize("offline", [True, False])
def test_what_cannot_be_had_is_one_error(served, offline):
    # Offline by the switch, or a hub that does not have the file.
    server, cache = served
    repository = SOURCE.repository
    changes = {"sha256": None} if offline else {"kind": "fashion_mnist", "sha256": None}
    message = draw_elsewhere(server, cache, offline, **changes).stderr
    name = f"{repository}, plain_text" if offline else "zalando-datasets/fashion_mnist, fashion_mnist"
    assert f"{name}/train-00000-of-00001.parquet: not in the cache" in message
    assert "dataset.path" in message
    assert "Traceback" not in message


def test_a_wrong_checksum_is_one_error(served):
    server, cache = served
    done = draw_elsewhere(server, cache, sha256={"train": "0" * 64})
    assert "expected a file with the SHA-256 0000" in done.stderr
    assert "Delete that file" in done.stderr and "Traceback" not in done.stderr


def test_a_file_that_the_hub_changed_is_one_error(served):
    # The pinned checksum is that of the true CIFAR-10.
    server, cache = served
    done = draw_elsewhere(server, cache, sha256=None)
    assert f"expected a file with the SHA-256 {SOURCE.sha256['train']}" in done.stderr


def idx_file(path, array, cut=0):
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes()
    path.write_bytes(gzip.compress((header + array.tobytes())[: -cut or None]))


def test_idx_files_become_parquet(tmp_path, capsys):
    pixels, labels = some_images(channels=1)
    for prefix in ("train", "t10k"):
        idx_file(tmp_path / f"{prefix}-images-idx3-ubyte.gz", pixels)
        idx_file(tmp_path / f"{prefix}-labels-idx1-ubyte.gz", labels.astype(np.uint8))
    idx.convert(tmp_path, tmp_path / "out")
    x, label = photos.read_file(tmp_path / "out" / "test.parquet", "image", "label", 4)
    assert (x[:, 0] == pixels).all() and (label == labels).all()
    # The kind fashion_mnist reads such a folder too.
    _, settings = registry.draw(
        config.canonical(section(kind="fashion_mnist", path=str(tmp_path / "out"), validation_samples=5))
    )
    assert settings.kind == "fashion_mnist"


def test_a_cut_off_idx_file_is_an_error(tmp_path):
    idx_file(tmp_path / "x.gz", some_images(channels=1)[0], cut=3)
    with pytest.raises(hub.DataError, match="it is cut off"):
        idx.read_idx(tmp_path / "x.gz")


def test_a_smaller_image_has_the_mean_of_each_block_of_pixels():
    pixels = np.array([[[[0, 2, 10, 20], [4, 6, 30, 40]]]], np.uint8)
    np.testing.assert_array_equal(photos.shrink(pixels, 2), [[[[3, 25]]]])
    np.testing.assert_array_equal(photos.shrink(pixels, 1), pixels)
    with pytest.raises(hub.DataError, match="divisor of 2 x 4 pixels, found 3"):
        photos.shrink(pixels, 3)


def test_digits_are_shrunk():
    whole, _ = registry.draw(config.canonical(section(kind="digits", train_samples=50)))
    small, _ = registry.draw(config.canonical(section(kind="digits", train_samples=50, shrink=2)))
    np.testing.assert_array_equal(small.splits["test"].x, photos.shrink(whole.splits["test"].x, 2))
