"""Train a chunk of seeds on the labels of images: single networks, or averages of several end to end."""

from multiview.runtime import jobs

jobs.start(snakemake)

import torch
from pydantic import TypeAdapter

from multiview import config
from multiview.data import tensors
from multiview.training import minibatch_job

torch.set_num_threads(snakemake.threads)
source, params = snakemake.input, snakemake.params
job = minibatch_job.Job(
    tensors.read(source.samples, source.images),
    params.predictor,
    TypeAdapter(config.ImageNetwork).validate_json(params.network),
    config.ImageTraining.model_validate_json(params.training),
    jobs.machine(snakemake),
    params.checkpoints,
    params.lightning_logs,
    networks=params.networks,
)
runs = job.fit(range(int(params.first_seed), int(params.last_seed) + 1))
job.write(runs, snakemake.output, {"study": params.study, "threads": snakemake.threads})
