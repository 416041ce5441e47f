"""Train a chunk of seeds on hard labels: single networks, or averages of several end to end."""

from multiview.runtime import jobs

jobs.start(snakemake, frames=False)

import torch

from multiview import config
from multiview.measure import lottery
from multiview.training import full_batch_job

torch.set_num_threads(snakemake.threads)
params = snakemake.params
network = config.Network.model_validate_json(params.network)
settings = config.Training.model_validate_json(params.training)
data, machine = full_batch_job.read(snakemake.input.samples), jobs.machine(snakemake)
runs = full_batch_job.fit(
    data, jobs.seeds(snakemake), network, settings, machine, params.checkpoints, members=params.networks
)

patches = data.tables["patches"]
in_train = {name: column[patches["split"] == "train"] for name, column in patches.items()}
scale = lottery.view_scale(data.splits["train"].label, in_train, data.classes, network.q)
tables = full_batch_job.tables(params.predictor, runs, data, machine.block_samples)
tables["start"] = full_batch_job.start_table(runs, scale)
tables["member_strengths"] = full_batch_job.member_strengths_table(runs, data)
provenance = {"networks": params.networks, "training": settings.model_dump()}
full_batch_job.write(snakemake, tables, data, network, provenance)
