"""Train averages of networks end to end, and write what they say and what each network of them learned."""

from multiview import jobs

jobs.start(snakemake)

import torch  # noqa: E402

from multiview import artifacts, config, devices, fitting, records  # noqa: E402

torch.set_num_threads(snakemake.threads)
source, target, params = snakemake.input, snakemake.output, snakemake.params
network = config.Network.model_validate_json(params.network)
settings = config.Training.model_validate_json(params.training)
seeds = list(range(int(params.first_seed), int(params.last_seed) + 1))

data = fitting.read(source.samples, source.views)
decisive = [params.training_code]
runs = fitting.fit(data, seeds, network, settings, params.checkpoints, decisive, members=params.networks)

provenance = {
    "dataset": data.digest,
    "study": params.study,
    "seeds": seeds,
    "network": network.model_dump(),
    "networks": params.networks,
    "training": fitting.deciding(settings),
    "device": devices.name(settings.accelerator),
    "threads": snakemake.threads,
}
tables = fitting.tables("joint", runs, data, settings.block_samples)
tables["member_strengths"] = records.member_strengths_table(runs, data.views)
for kind in ("logits", "history", "outcome", "strengths", "member_strengths"):
    artifacts.write(target[kind], kind, tables[kind], provenance)
