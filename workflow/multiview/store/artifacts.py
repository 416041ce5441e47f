"""The one place that reads and writes artifacts: Parquet files with a declared schema and their provenance.

A file is written to a temporary name beside the final one and renamed, so that a reader never meets half
of it. Its key-value metadata say what it is, how it was made, and a digest of its values: a file that
is cut off, foreign, edited by hand or made from other inputs is refused with one error that names it.
"""

import contextlib
import functools
import hashlib
import json
import os
import platform
import subprocess
import sys
import types
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from multiview import __version__
from multiview.store.schemas import KINDS, VECTORS

METADATA_KEY = b"multiview"
AGAIN = "Delete it and run again"


class ArtifactError(ValueError):
    """An artifact that cannot be used. The message names the file, what was expected and what was found."""


class DataError(ValueError):
    """Data of the user's, or from the hub, that cannot be used. The message says what was expected and found."""


@dataclass(frozen=True)
class Artifact:
    """A table, and the provenance and the versions of libraries that were written with it."""

    table: pa.Table
    provenance: dict[str, Any]
    versions: dict[str, str]

    def numpy(self, column: str) -> np.ndarray:
        """A column as an array: ``[rows]``, or ``[rows, length]`` for a vector column."""
        data = self.table.column(column)
        if pa.types.is_fixed_size_list(data.type):
            return _flat(data.combine_chunks()).to_numpy().reshape(len(data), data.type.list_size)
        return data.to_numpy()

    def pandas(self):
        """The table as a pandas data frame."""
        return self.table.to_pandas()


def without_pandas() -> None:
    """Let pyarrow convert arrays without pandas, which it imports for that, for nothing, and which takes long.

    It decides once in a process: `Artifact.pandas` fails from here on.
    """
    if "pandas" in sys.modules:
        return
    too_old = types.ModuleType("pandas")
    too_old.__version__ = "0"  # so that pyarrow does not use it
    sys.modules["pandas"] = too_old
    try:
        with warnings.catch_warnings(action="ignore"):
            pa.array([])
    finally:
        del sys.modules["pandas"]


def write(path: str | Path, kind: str, columns: Mapping[str, Any], provenance: Mapping[str, Any]) -> None:
    """Write an artifact of a kind of `KINDS`; its folder is made.

    Columns are array-likes of one length, ``[rows, length]`` for a vector column. The provenance is anything that
    JSON holds: the study, the config, digests of the inputs.

    Raises:
        ArtifactError: if the columns are not those that the kind declares.
    """
    path, declared = Path(path), KINDS[kind]
    if set(columns) != set(declared):
        raise ArtifactError(f"{path}: {kind} has the columns {list(declared)}, found {list(columns)}")
    table = pa.table({name: _to_arrow(columns[name], type_) for name, type_ in declared.items()})
    record = {
        "kind": kind,
        "versions": versions(),
        "revision": revision(),
        "digest": _digest(table),
        "provenance": dict(provenance),
    }
    table = table.replace_schema_metadata({METADATA_KEY: json.dumps(record, sort_keys=True)})
    with replacing(path) as temporary:
        pq.write_table(table, temporary, compression="zstd", write_page_checksum=True)


def write_text(path: str | Path, text: str) -> None:
    """Write a text by renaming."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Context manager: gives a temporary name beside `path`, renamed to it if the block succeeds.

    Raises:
        OSError: if the block fails because the disk is full, or the quota used up.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
    except BaseException as failure:
        try:
            # PyTorch says "unexpected pos" where a disk is full: whether it is so, more bytes tell.
            if isinstance(failure, RuntimeError) and temporary.exists():
                with temporary.open("ab") as file:
                    file.write(bytes(2**20))
                    file.flush()
                    os.fsync(file.fileno())
        except OSError as refused:
            raise OSError(refused.errno, refused.strerror, str(path)) from failure
        finally:
            temporary.unlink(missing_ok=True)
        raise
    with temporary.open("rb+") as file:
        os.fsync(file.fileno())
    temporary.replace(path)


def read(path: str | Path, kind: str, expect: Mapping[str, Any] | None = None) -> Artifact:
    """Read an artifact and check that it is what it should be.

    `expect` are entries that its provenance must have, such as the digest of the dataset it is about.

    Raises:
        ArtifactError: naming the file, what was expected and what was found.
    """
    path = Path(path)
    if not path.is_file():
        raise ArtifactError(f"{path}: expected an artifact of kind {kind!r}, found no such file")
    try:
        # Not by read_table, which imports what reads datasets of many files.
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            return _read(path, kind, file, expect or {})
    except (pa.ArrowException, OSError) as error:
        # Of the file system's own errors (EIO, ESTALE) the system gives a number: the file may be good.
        if isinstance(error, OSError) and error.errno is not None:
            raise
        why = [*str(error).strip().splitlines(), type(error).__name__][0]
        found = f"one that is damaged ({why}). {AGAIN}"
        raise ArtifactError(f"{path}: expected a complete Parquet file, found {found}") from error


def _read(path: Path, kind: str, file: pq.ParquetFile, expect: Mapping[str, Any]) -> Artifact:
    """What `read` returns of an open file."""
    schema, declared = file.schema_arrow, KINDS[kind]

    def refusal(expected: str, found: object) -> ArtifactError:
        return ArtifactError(f"{path}: expected {expected}, found {found}")

    try:
        record = json.loads((schema.metadata or {})[METADATA_KEY])
        found_kind, digest, provenance = record["kind"], record["digest"], record["provenance"]
        libraries = record["versions"]
    except (KeyError, TypeError, ValueError):
        found = f"a Parquet file without its provenance: made elsewhere, or edited. {AGAIN}"
        raise refusal(f"an artifact of this project (kind {kind!r})", found) from None
    if found_kind != kind:
        raise refusal(f"an artifact of kind {kind!r}", repr(found_kind))
    for name, type_ in declared.items():
        if name not in schema.names:
            raise refusal(f"the column {name!r}", ", ".join(schema.names))
        if not _same_type(schema.field(name).type, type_):
            raise refusal(f"column {name!r} to be {type_}", schema.field(name).type)
    for key, value in expect.items():
        if provenance.get(key) != value:
            found = f"{provenance.get(key)!r}: it was made from something else. {AGAIN}"
            raise refusal(f"an artifact whose {key} is {value!r}", found)
    table = file.read(columns=list(declared))
    for name in declared:
        if missing := table.column(name).null_count:
            raise refusal(f"no missing value in column {name!r}", missing)
    if _digest(table) != digest:
        raise refusal("its values as they were written", f"other values: the file was edited. {AGAIN}")
    return Artifact(table, provenance, libraries)


def entries(**axes: Sequence) -> dict[str, np.ndarray]:
    """Columns that number the entries of an array in their order, by the values along each of its axes."""
    grid = np.meshgrid(*axes.values(), indexing="ij")
    return {name: column.ravel() for name, column in zip(axes, grid, strict=True)}


def data_digest(*arrays: np.ndarray) -> str:
    """A digest of the values of arrays: two datasets with the same one are the same."""
    digest = hashlib.blake2b(digest_size=16)
    for array in arrays:
        digest.update(f"{array.dtype}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


@functools.cache
def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that numbers depend on."""
    libraries = ("torch", "pytorch-lightning", "numpy", "numba", "scipy", "pyarrow", "pandas")
    ours = {"python": platform.python_version(), "multiview": __version__}
    return ours | {name: metadata.version(name) for name in libraries}


@functools.cache
def revision() -> str:
    """The git revision of the source, with ``-dirty`` if it was edited; ``unknown`` outside a checkout."""
    package = Path(__file__).parents[1]
    noted = package.with_name("REVISION")  # where the package was written out of a repository
    if noted.exists():
        return noted.read_text(encoding="utf-8")
    git = ["git", "-C", str(package)]
    try:
        # A copy in somebody else's checkout is none of theirs.
        subprocess.run([*git, "ls-files", "--error-unmatch", "__init__.py"], capture_output=True, check=True)
        command = [*git, "describe", "--always", "--dirty", "--abbrev=40"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _to_arrow(values: Any, type_: Any) -> pa.Array:
    if type_ not in VECTORS:
        return pa.array(values, type=type_)
    matrix = np.ascontiguousarray(values, dtype=VECTORS[type_].to_pandas_dtype())
    return pa.FixedSizeListArray.from_arrays(pa.array(matrix.reshape(-1)), matrix.shape[1])


def _same_type(type_: pa.DataType, declared: Any) -> bool:
    if declared in VECTORS:
        return pa.types.is_fixed_size_list(type_) and type_.value_type == VECTORS[declared]
    return type_ == declared


def _flat(chunk: pa.FixedSizeListArray) -> pa.Array:
    """The numbers of vectors; not by `flatten`, which imports all that Arrow computes with."""
    size = chunk.type.list_size
    return chunk.values.slice(chunk.offset * size, len(chunk) * size)


def _terminated(chunk: pa.StringArray) -> np.ndarray:
    """The bytes of texts, each with a zero at its end; without a Python object for each."""
    _, offsets, text = chunk.buffers()
    ends = np.frombuffer(offsets, np.int32)[chunk.offset :][: len(chunk) + 1]
    return np.insert(np.frombuffer(text, np.uint8)[ends[0] : ends[-1]], ends[1:] - ends[0], 0)


def _digest(table: pa.Table) -> str:
    """A digest of a table's values that does not depend on how they are cut into chunks."""
    digest = hashlib.blake2b(digest_size=16)
    for name in table.column_names:
        digest.update(f"\0{name}\0{table.num_rows}\0".encode())
        for chunk in table.column(name).chunks:
            if len(chunk) == 0:  # which may have no memory at all
                continue
            if pa.types.is_string(chunk.type):
                digest.update(_terminated(chunk).data)
                continue
            if pa.types.is_fixed_size_list(chunk.type):
                chunk = _flat(chunk)
            digest.update(np.ascontiguousarray(chunk.to_numpy(zero_copy_only=False)).data)
    return digest.hexdigest()
