"""Train a chunk of seeds on hard labels: single networks, or averages of several end to end."""

from multiview.runtime import jobs

jobs.start(snakemake, frames=False)

import torch

from multiview import config
from multiview.measure import lottery
from multiview.store import artifacts
from multiview.training import full_batch_job, full_batch_tables

torch.set_num_threads(snakemake.threads)
source, params = snakemake.input, snakemake.params
network = config.Network.model_validate_json(params.network)
settings = config.Training.model_validate_json(params.training)
data, machine = full_batch_job.read(source.samples, source.views), jobs.machine(snakemake)
patches = artifacts.read(source.patches, "patches", expect={"dataset": data.digest})
runs = full_batch_job.fit(
    data, jobs.seeds(snakemake), network, settings, machine, params.checkpoints, members=params.networks
)

in_train = patches.numpy("split") == "train"
columns = {name: patches.numpy(name)[in_train] for name in ("sample", "class", "view", "z")}
scale = lottery.view_scale(data.splits["train"].label, columns, data.about["classes"], network.q)
tables = full_batch_job.tables(params.predictor, runs, data, machine.block_samples)
tables["start"] = full_batch_tables.start_table(runs, scale)
tables["member_strengths"] = full_batch_tables.member_strengths_table(runs, data.views)
provenance = {"networks": params.networks, "training": settings.model_dump()}
full_batch_job.write(snakemake, tables, data, network, provenance)
