"""Train a chunk of seeds on hard labels and write what they say, learned and went through."""

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
runs = full_batch_job.fit(data, seeds, network, settings, machine, params.checkpoints)

in_train = patches.numpy("split") == "train"
columns = {name: patches.numpy(name)[in_train] for name in ("sample", "class", "view", "z")}
scale = lottery.view_scale(data.splits["train"].label, columns, data.about["classes"], network.q)
provenance = {
    "dataset": data.digest,
    "study": params.study,
    "seeds": seeds,
    "network": network.model_dump(),
    "training": settings.model_dump(),
    "device": devices.name(machine.accelerator),
    "threads": snakemake.threads,
}
tables = full_batch_job.tables("single", runs, data, machine.block_samples)
for kind, table in (tables | {"start": full_batch_tables.start_table(runs, scale)}).items():
    artifacts.write(target[kind], kind, table, provenance)
