"""Artifacts come back as they were written; damaged ones are refused by name."""

import hashlib
import json
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from multiview.store import artifacts
from multiview.store.artifacts import ArtifactError

COLUMNS = {
    "predictor": ["single"] * 4,
    "member": [0, 0, 1, 1],
    "split": ["train", "test_multi"] * 2,
    "sample": [0, 0, 0, 0],
    "logits": np.arange(12, dtype=np.float32).reshape(4, 3),
}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "folder" / "logits.parquet"
    artifacts.write(path, "logits", COLUMNS, {"dataset": "abc", "seeds": [0, 1]})
    return path


def rewrite(path, change):
    """Read the file with pyarrow alone, change the table, write it back with its metadata."""
    table = pq.read_table(path)
    pq.write_table(change(table), path)


def test_round_trip(path):
    found = artifacts.read(path, "logits", expect={"dataset": "abc", "seeds": [0, 1]})
    for name, values in COLUMNS.items():
        np.testing.assert_array_equal(found.numpy(name), values)
    assert found.table.schema.field("member").type == pa.int64()
    assert list(found.pandas().columns) == list(COLUMNS)


def test_no_temporary_file_is_left(path):
    assert [file.name for file in path.parent.iterdir()] == ["logits.parquet"]


def test_a_write_that_fails_leaves_the_old_file(path, monkeypatch):
    before = path.read_bytes()

    def full_disk(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq, "write_table", full_disk)
    with pytest.raises(OSError, match="No space"):
        artifacts.write(path, "logits", COLUMNS, {})
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["logits.parquet"]


def test_same_content_same_bytes(path, tmp_path):
    again = tmp_path / "again.parquet"
    artifacts.write(again, "logits", COLUMNS, {"seeds": [0, 1], "dataset": "abc"})
    assert again.read_bytes() == path.read_bytes()


def test_digest_does_not_depend_on_row_groups(path):
    rewrite(path, lambda table: table)  # as it is, but by another writer
    pq.write_table(pq.read_table(path), path, row_group_size=1)
    artifacts.read(path, "logits")


def test_rows_are_numbered_in_the_order_of_the_array():
    values = np.random.default_rng(0).permutation(12).reshape(2, 3, 2)
    index = artifacts.entries(seed=[9, 7], step=range(3), view=(1, 2))
    found = {(s, t, v): value for s, t, v, value in zip(*index.values(), values.ravel(), strict=True)}
    assert found == {(s, t, v): values[int(s == 7), t, v - 1] for s in (7, 9) for t in range(3) for v in (1, 2)}


def cut(path):
    path.write_bytes(path.read_bytes()[:-100])


def flip(path):
    data = bytearray(path.read_bytes())
    data[60] ^= 0xFF
    path.write_bytes(bytes(data))


def without_provenance(path):
    rewrite(path, lambda table: table.replace_schema_metadata(None))


def by_pandas(path):
    frame = pq.read_table(path).to_pandas()
    frame["sample"] += 1
    frame.to_parquet(path)


def edited(path):
    def change(table):
        return table.set_column(3, "sample", pa.array([0, 0, 0, 5], pa.int32()))

    rewrite(path, change)


def reordered(path):
    rewrite(path, lambda table: table.take([1, 0, 2, 3]))


def shortened(path):
    rewrite(path, lambda table: table.slice(0, 3))


def holed(path):
    rewrite(path, lambda table: table.set_column(3, "sample", pa.array([0, 0, 0, None], pa.int32())))


def without_column(path):
    rewrite(path, lambda table: table.drop_columns(["logits"]))


def of_other_type(path):
    rewrite(path, lambda table: table.set_column(3, "sample", table.column("sample").cast(pa.int64())))


def with_bad_record(path):
    def change(table):
        return table.replace_schema_metadata({artifacts.METADATA_KEY: json.dumps({"kind": "logits"})})

    rewrite(path, change)


DAMAGE = [
    (lambda path: path.unlink(), "no such file"),
    (lambda path: path.write_bytes(b""), "damaged"),
    (lambda path: path.write_text("seed,logit\n0,1.5\n"), "damaged"),
    (cut, "damaged"),
    (flip, "damaged|other values"),
    (without_provenance, "without its provenance"),
    (by_pandas, "without its provenance"),
    (with_bad_record, "without its provenance"),
    (edited, "other values"),
    (reordered, "other values"),
    (shortened, "other values"),
    (holed, "missing value in column 'sample'"),
    (without_column, "expected the column 'logits'"),
    (of_other_type, "column 'sample' to be int32, found int64"),
    (lambda path: artifacts.write(path, "members", {"size": [1], "ensemble": [0], "seed": [0]}, {}), "'members'"),
]


@pytest.mark.parametrize(("damage", "message"), DAMAGE, ids=[m for _, m in DAMAGE])
def test_damaged_artifact_is_refused_by_name(path, damage, message):
    damage(path)
    with pytest.raises(ArtifactError, match=message) as caught:
        artifacts.read(path, "logits")
    assert str(caught.value).startswith(f"{path}: expected ")
    assert len(str(caught.value).splitlines()) == 1


def test_without_pandas_the_same_is_written_and_read(path, tmp_path):
    code = """
import sys
from multiview.store import artifacts
artifacts.without_pandas()
file = artifacts.read(sys.argv[1], "logits")
columns = {name: file.numpy(name) for name in artifacts.KINDS["logits"]}
artifacts.write(sys.argv[2], "logits", columns, file.provenance)
assert "pandas" not in sys.modules
"""
    again = tmp_path / "again.parquet"
    subprocess.run([sys.executable, "-W", "error", "-c", code, str(path), str(again)], check=True)
    assert artifacts.read(again, "logits").table.equals(artifacts.read(path, "logits").table)


def test_artifact_made_from_something_else_is_refused(path):
    with pytest.raises(ArtifactError, match="dataset is 'xyz', found 'abc'"):
        artifacts.read(path, "logits", expect={"dataset": "xyz"})


def test_writing_other_columns_than_declared_is_refused(tmp_path):
    with pytest.raises(ArtifactError, match="members has the columns"):
        artifacts.write(tmp_path / "x.parquet", "members", {"size": [1]}, {})


def test_a_digest_is_that_of_the_values_whatever_the_chunks_and_offsets():
    # By the definition: texts each end with a zero, vectors are the numbers in them.
    vectors = pa.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]], pa.list_(pa.float32(), 2))
    whole = pa.table({"text": ["ä", "", "xyz", "b"], "number": [1, 2, 3, 4], "vector": vectors})
    cut = pa.concat_tables([whole.slice(0, 1), whole.slice(4), whole.slice(1)])
    for table in (whole, cut, whole.slice(1), whole.slice(2, 1), whole.slice(4), whole.schema.empty_table()):
        digest, rows = hashlib.blake2b(digest_size=16), table.to_pydict()
        parts = {
            "text": "".join(f"{text}\0" for text in rows["text"]).encode(),
            "number": np.array(rows["number"], np.int64).tobytes(),
            "vector": np.array(rows["vector"], np.float32).tobytes(),
        }
        for name, part in parts.items():
            digest.update(f"\0{name}\0{table.num_rows}\0".encode() + part)
        assert artifacts._digest(table) == digest.hexdigest()
