"""Train averages of networks end to end, and write what they say and what each network of them learned."""

from multiview.runtime import jobs

jobs.start(snakemake)

import torch

from multiview import config
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
runs = full_batch_job.fit(data, seeds, network, settings, machine, params.checkpoints, members=params.networks)

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
tables = full_batch_job.tables("joint", runs, data, machine.block_samples)
tables["member_strengths"] = full_batch_tables.member_strengths_table(runs, data.views)
for kind in ("logits", "history", "outcome", "strengths", "member_strengths"):
    artifacts.write(target[kind], kind, tables[kind], provenance)
