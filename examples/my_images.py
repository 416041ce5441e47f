"""Writes arrays of images as Parquet files that a study can be run on, here scikit-learn's digits 0 to 4."""

from pathlib import Path

import pyarrow.parquet as pq
from sklearn.datasets import load_digits

from idx import hub_table

# Yours: bytes [n, height, width] or [n, height, width, 3], all of one size, and labels from 0 on.
found = load_digits(n_class=5)
images, labels = (found.images * 15).astype("uint8"), found.target

folder = Path("data/mine")
folder.mkdir(parents=True, exist_ok=True)
for split, part in {"train": slice(None, 700), "test": slice(700, None)}.items():
    pq.write_table(hub_table(images[part], labels[part]), folder / f"{split}.parquet")
    print(f"{folder / split}.parquet: {len(labels[part])} images")
