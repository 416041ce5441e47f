"""Logits are read back as they were written; those of something else are refused by name."""

import errno

import numpy as np
import pytest

from multiview.predictors.logits import logits_table, read_logits
from multiview.store import artifacts
from multiview.store.artifacts import ArtifactError

SPLITS = np.array(["train", "train", "test_multi"])
LOGITS = {
    "train": np.arange(12, dtype=np.float32).reshape(2, 2, 3),
    "test_multi": np.arange(6, dtype=np.float32).reshape(2, 1, 3),
}


def write(path, name="single", members=(4, 2), logits=LOGITS, dataset="abc"):
    artifacts.write(path, "logits", logits_table(name, list(members), logits), {"dataset": dataset})
    return path


def read(*paths):
    return read_logits(paths, "abc", SPLITS, 3)


def test_round_trip_in_the_order_of_the_members(tmp_path):
    found = read(write(tmp_path / "a"), write(tmp_path / "b", members=(3, 1)), write(tmp_path / "c", "students"))
    assert set(found) == {"single", "students"}
    single = found["single"]
    assert single.members == [1, 2, 3, 4]
    np.testing.assert_array_equal(single.logits["train"], LOGITS["train"][[1, 1, 0, 0]])
    np.testing.assert_array_equal(single.of([4, 1], "test_multi"), LOGITS["test_multi"])


def test_a_teacher_of_another_dataset_is_refused(tmp_path):
    path = write(tmp_path / "teacher", dataset="xyz")
    with pytest.raises(ArtifactError, match="teacher: expected an artifact whose dataset is 'abc', found 'xyz'"):
        read(path)


def test_a_teacher_with_another_number_of_classes_is_refused(tmp_path):
    path = write(tmp_path / "teacher", logits={name: values[..., :2] for name, values in LOGITS.items()})
    with pytest.raises(ArtifactError, match="teacher: expected logits of 3 classes, found 2"):
        read(path)


def test_a_teacher_in_another_split_order_is_refused(tmp_path):
    path = write(tmp_path / "teacher", logits=dict(reversed(LOGITS.items())))
    with pytest.raises(ArtifactError, match="teacher: expected the 3 samples of the dataset in their order"):
        read(path)


def test_a_teacher_with_samples_in_another_order_is_refused(tmp_path):
    table = logits_table("single", [4], {name: values[:1] for name, values in LOGITS.items()})
    table["sample"] = np.array([1, 0, 0])
    artifacts.write(tmp_path / "teacher", "logits", table, {"dataset": "abc"})
    with pytest.raises(ArtifactError, match="teacher: expected the 3 samples of the dataset in their order"):
        read(tmp_path / "teacher")


MADE = {"network": {"q": 4}, "networks": 1, "training": {"epochs": 3}, "device": "cpu", "precision": "32-true"}
OTHERS = {
    "network": {"q": 5},
    "networks": 10,
    "training": {"epochs": 4},
    "device": "NVIDIA A100",
    "precision": "bf16-mixed",
    "objective": {"kind": "hinton"},
}


@pytest.mark.parametrize("key", OTHERS)
def test_a_chunk_that_was_made_otherwise_is_not_averaged(tmp_path, key):
    for name, made in (("a", MADE), ("b", MADE | {key: OTHERS[key]}), ("c", MADE)):
        table = logits_table("single", [ord(name), 200 + ord(name)], LOGITS)
        artifacts.write(tmp_path / name, "logits", table, {"dataset": "abc"} | made)
    read(tmp_path / "a", tmp_path / "c")
    with pytest.raises(ArtifactError, match=rf"b: expected the same .*{key} as in .*/a, .*found") as caught:
        read(tmp_path / "a", tmp_path / "b")
    assert len(str(caught.value).splitlines()) == 1
    # Predictors are not averaged with one another.
    write(tmp_path / "d", "students")
    read(tmp_path / "a", tmp_path / "d")


def test_a_chunk_of_another_pytorch_is_not_averaged(tmp_path, monkeypatch):
    write(tmp_path / "a", members=(1, 2))
    versions = artifacts.versions()
    monkeypatch.setattr(artifacts, "versions", lambda: versions | {"torch": "1.0"})
    write(tmp_path / "b", members=(3, 4))
    with pytest.raises(ArtifactError, match=r"b: expected the same version of torch as in .*/a, .*found '1.0'"):
        read(tmp_path / "a", tmp_path / "b")


@pytest.mark.parametrize("opened", [False, True])
def test_a_table_that_the_file_system_does_not_give_is_not_called_damaged(tmp_path, monkeypatch, opened):
    path = write(tmp_path / "a")

    def fails(*_, **__):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(artifacts.pq.ParquetFile, "read" if opened else "__init__", fails)
    with pytest.raises(OSError, match="Input/output error"):
        read(path)
