"""Logits are read back as they were written; those of something else are refused by name."""

import numpy as np
import pytest

from multiview import artifacts, predictors
from multiview.artifacts import ArtifactError

SPLITS = np.array(["train", "train", "test_multi"])
LOGITS = {
    "train": np.arange(12, dtype=np.float32).reshape(2, 2, 3),
    "test_multi": np.arange(6, dtype=np.float32).reshape(2, 1, 3),
}


def write(path, name="single", members=(4, 2), logits=LOGITS, dataset="abc"):
    artifacts.write(path, "logits", predictors.logits_table(name, list(members), logits), {"dataset": dataset})
    return path


def read(*paths):
    return predictors.read_logits(paths, "abc", SPLITS, 3)


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
    table = predictors.logits_table("single", [4], {name: values[:1] for name, values in LOGITS.items()})
    table["sample"] = np.array([1, 0, 0])
    artifacts.write(tmp_path / "teacher", "logits", table, {"dataset": "abc"})
    with pytest.raises(ArtifactError, match="teacher: expected the 3 samples of the dataset in their order"):
        read(tmp_path / "teacher")
