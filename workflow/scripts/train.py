"""Train a chunk of seeds and write what they say, learned and went through."""

from multiview import jobs

jobs.start(snakemake.log[0])

import hashlib  # noqa: E402
import json  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
import torch  # noqa: E402

from multiview import artifacts, config, lottery, predictors, records, training  # noqa: E402
from multiview.datasets import base  # noqa: E402

torch.set_num_threads(snakemake.threads)
source, target, params = snakemake.input, snakemake.output, snakemake.params
network = config.Network.model_validate_json(params.network)
settings = config.Training.model_validate_json(params.training)
seeds = list(range(int(params.first_seed), int(params.last_seed) + 1))

splits, about = base.read(source.samples, source.inputs)
same = {"dataset": about["dataset"]}
patches = artifacts.read(source.patches, "patches", expect=same)
views = artifacts.read(source.views, "views", expect=same).numpy("v")
train = splits["train"]
kinds = list(dict.fromkeys(np.sort(train.kind)))

# Everything that decides what a seed learns: its checkpoint may be taken up if this is the same.
decisive = settings.model_dump(exclude={"checkpoint_seconds"})
machine = [torch.__version__, torch.cuda.is_available(), snakemake.threads]
key = [about["dataset"], params.network, decisive, params.training_code, machine]
digest = hashlib.sha256(json.dumps(key).encode()).hexdigest()[:16]
runs = training.train(
    seeds,
    torch.from_numpy(np.array(train.x)),
    torch.from_numpy(np.array(train.label)),
    torch.from_numpy(np.stack([train.kind == kind for kind in kinds])),
    torch.from_numpy(np.array(views)),
    about["classes"],
    network,
    settings,
    checkpoints=Path(params.checkpoints) / digest,
)

logits = {
    name: np.stack([r.network.logits(torch.from_numpy(np.array(s.x)), settings.block_samples) for r in runs])
    for name, s in splits.items()
}
in_train = patches.numpy("split") == "train"
columns = {name: patches.numpy(name)[in_train] for name in ("sample", "class", "view", "z")}
scale = lottery.view_scale(train.label, columns, about["classes"], network.q)
provenance = same | {
    "study": params.study,
    "seeds": seeds,
    "network": network.model_dump(),
    "training": decisive,
    "threads": snakemake.threads,
}
tables = {
    "logits": predictors.logits_table("single", seeds, logits),
    "history": records.history_table(runs, kinds),
    "outcome": records.outcome_table(runs),
    "strengths": records.strengths_table(runs),
    "start": records.start_table(runs, scale),
    "weights": records.weights_table(runs, network.neurons),
}
for kind, table in tables.items():
    artifacts.write(target[kind], kind, table, provenance)
