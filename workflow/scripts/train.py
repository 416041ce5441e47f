"""Train a chunk of seeds on hard labels and write what they say, learned and went through."""

from multiview import jobs

jobs.start(snakemake)

import torch  # noqa: E402

from multiview import artifacts, config, devices, fitting, lottery, records  # noqa: E402

torch.set_num_threads(snakemake.threads)
source, target, params = snakemake.input, snakemake.output, snakemake.params
network = config.Network.model_validate_json(params.network)
settings = config.Training.model_validate_json(params.training)
seeds = list(range(int(params.first_seed), int(params.last_seed) + 1))

data = fitting.read(source.samples, source.views)
patches = artifacts.read(source.patches, "patches", expect={"dataset": data.digest})
runs = fitting.fit(data, seeds, network, settings, params.checkpoints, [params.training_code])

in_train = patches.numpy("split") == "train"
columns = {name: patches.numpy(name)[in_train] for name in ("sample", "class", "view", "z")}
scale = lottery.view_scale(data.splits["train"].label, columns, data.about["classes"], network.q)
provenance = {
    "dataset": data.digest,
    "study": params.study,
    "seeds": seeds,
    "network": network.model_dump(),
    "training": fitting.deciding(settings),
    "device": devices.name(settings.accelerator),
    "threads": snakemake.threads,
}
tables = fitting.tables("single", runs, data, settings.block_samples)
for kind, table in (tables | {"start": records.start_table(runs, scale)}).items():
    artifacts.write(target[kind], kind, table, provenance)
