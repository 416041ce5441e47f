"""Writes arrays of images as Parquet files that a study can be run on, here scikit-learn's digits 0 to 4."""

import io
from pathlib import Path

import pandas as pd
from PIL import Image
from sklearn.datasets import load_digits

# Yours: bytes [n, height, width] or [n, height, width, 3], all of one size, and labels from 0 on.
found = load_digits(n_class=5)
images, labels = (found.images * 15).astype("uint8"), found.target


def png(pixels):
    """An image as the bytes of a PNG file, which loses nothing."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return {"bytes": file.getvalue()}


folder = Path("data/mine")
folder.mkdir(parents=True, exist_ok=True)
for split, part in {"train": slice(None, 700), "test": slice(700, None)}.items():
    table = pd.DataFrame({"image": map(png, images[part]), "label": labels[part]})
    table.to_parquet(folder / f"{split}.parquet")
    print(f"{folder / split}.parquet: {len(table)} images")
