"""Draw a study's dataset."""

import logging
from pathlib import Path

from multiview.runtime import jobs

jobs.start(snakemake, frames=False)

from multiview.data import base, registry

dataset, settings = registry.draw(snakemake.params.dataset)
provenance = {"study": snakemake.params.study, "config": settings.model_dump()}
stored = not {"inputs", "images"}.isdisjoint(snakemake.output.keys())
base.write(Path(snakemake.output.samples).parent, dataset, provenance, inputs=stored)
for name, split in dataset.splits.items():
    logging.info("split %s: %d samples of shape %s", name, len(split.label), split.x.shape[1:])

jobs.end()
