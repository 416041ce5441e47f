"""Turn images in the IDX format of MNIST and its kin into Parquet files of the hub's schema.

``python tools/idx.py FROM TO`` reads ``train-images-idx3-ubyte.gz`` and its three companions in the
folder FROM (Debian's package dataset-fashion-mnist puts them into /usr/share/datasets/fashion-mnist) and writes
``train.parquet`` and ``test.parquet`` into the folder TO, which ``dataset.path`` can then name.
"""

import gzip
import io
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from multiview.data.hub import DataError
from multiview.store import artifacts

FILES = {"train": "train", "test": "t10k"}


def read_idx(path: Path) -> np.ndarray:
    """The array of bytes in an IDX file, compressed by gzip.

    Raises:
        DataError: if the file is missing, or is not one.
    """
    try:
        data = gzip.decompress(path.read_bytes())
    except (OSError, EOFError) as error:
        raise DataError(f"{path}: expected a gzip file, found {error}") from error
    # Two zeros, 8 for bytes, the number of axes, and the length of each as four bytes.
    if data[:3] != b"\0\0\x08":
        raise DataError(f"{path}: expected an IDX file of bytes, found one that starts with {data[:4].hex()}")
    shape = np.frombuffer(data, ">i4", count=data[3], offset=4)
    values = np.frombuffer(data, np.uint8, offset=4 + 4 * data[3])
    if values.size != shape.prod():
        raise DataError(f"{path}: expected {shape.prod()} values, found {values.size}: it is cut off")
    return values.reshape(shape)


def hub_table(images: np.ndarray, labels: np.ndarray) -> pa.Table:
    """Images uint8 ``[n, height, width(, 3)]`` and labels ``[n]`` as a table in the hub's schema (PNG files)."""
    from PIL import Image

    rows = []
    for i, pixels in enumerate(images):
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "PNG")
        rows.append({"bytes": file.getvalue(), "path": f"{i}.png"})
    type_ = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    return pa.table({"image": pa.array(rows, type_), "label": pa.array(labels, pa.int64())})


def convert(source: Path, target: Path) -> None:
    """Convert the four files of a folder."""
    for split, prefix in FILES.items():
        images = read_idx(source / f"{prefix}-images-idx3-ubyte.gz")
        labels = read_idx(source / f"{prefix}-labels-idx1-ubyte.gz")
        if len(images) != len(labels):
            raise DataError(f"{source}: expected as many labels as {prefix} images, found {len(labels)}")
        path = target / f"{split}.parquet"
        with artifacts.replacing(path) as temporary:
            pq.write_table(hub_table(images, labels), temporary, write_page_checksum=True)
        print(f"{path}: {len(images)} images of {images.shape[1]} x {images.shape[2]} pixels")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        convert(Path(sys.argv[1]), Path(sys.argv[2]))
    except DataError as error:
        sys.exit(f"{type(error).__name__}: {error}")
