"""Write what teachers say of the augmented copies of the training images that students will see."""

from multiview.runtime import jobs

jobs.start(snakemake, frames=False)

import numpy as np
import torch
from pydantic import TypeAdapter

from multiview import config
from multiview.data import tensors
from multiview.networks.registry import logits_of
from multiview.predictors.logits import copies_table
from multiview.store import artifacts

torch.set_num_threads(snakemake.threads)
source, params = snakemake.input, snakemake.params
network = TypeAdapter(config.ImageNetwork).validate_json(params.network)
settings = config.ImageTraining.model_validate_json(params.training)
accelerator = jobs.machine(snakemake).accelerator
data = tensors.read(source.samples, source.images)
images = data.images["train"]
copies = tensors.draw_copies(data, settings.augmentation, params.copies) if params.copies else None
seeds = jobs.seeds(snakemake)
teachers = tensors.trained([source.networks], seeds, data, network).values()
logits = []
for copy in range(1 if copies is None else len(copies.offset)):  # one at a time: all would not fit into memory
    shown = images if copies is None else copies.apply(copy, images, settings.augmentation.crop_padding)
    logits.append([logits_of(teacher, shown, accelerator) for teacher in teachers])
provenance = {"study": params.study, "dataset": data.digest, "predictor": params.predictor, "seeds": seeds}
provenance |= {"copies": params.copies, "augmentation": settings.augmentation.model_dump()}
table = copies_table(params.predictor, seeds, np.array(logits).swapaxes(0, 1))
artifacts.write(snakemake.output[0], "copies", table, provenance)

jobs.end()
