"""The datasets, one file each. `DATASETS` maps a config's ``dataset.kind`` to what draws it."""

from multiview.datasets import multiview

DATASETS = {"multiview": multiview.draw}
