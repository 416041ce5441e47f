"""Train a chunk of seeds on hard labels: single networks, or averages of several end to end."""

from multiview.runtime import jobs

jobs.start(snakemake)

import torch

from multiview import config
from multiview.measure import lottery
from multiview.runtime import devices
from multiview.store import artifacts
from multiview.training import full_batch_job, full_batch_tables

torch.set_num_threads(snakemake.threads)
source, target, params = snakemake.input, snakemake.output, snakemake.params
network = config.Network.model_validate_json(params.network)
settings = config.Training.model_validate_json(params.training)
machine = jobs.machine(snakemake)
seeds = list(range(int(params.first_seed), int(params.last_seed) + 1))

data = full_batch_job.read(source.samples, source.views)
patches = artifacts.read(source.patches, "patches", expect={"dataset": data.digest})
runs = full_batch_job.fit(data, seeds, network, settings, machine, params.checkpoints, members=params.networks)

in_train = patches.numpy("split") == "train"
columns = {name: patches.numpy(name)[in_train] for name in ("sample", "class", "view", "z")}
scale = lottery.view_scale(data.splits["train"].label, columns, data.about["classes"], network.q)
tables = full_batch_job.tables(params.predictor, runs, data, machine.block_samples)
tables["start"] = full_batch_tables.start_table(runs, scale)
tables["member_strengths"] = full_batch_tables.member_strengths_table(runs, data.views)
provenance = {
    "dataset": data.digest,
    "study": params.study,
    "seeds": seeds,
    "network": network.model_dump(),
    "networks": params.networks,
    "training": settings.model_dump(),
    "device": devices.name(machine.accelerator),
    "threads": snakemake.threads,
}
for kind, table in tables.items():
    artifacts.write(target[kind], kind, table, provenance)
