"""Train a chunk of students on the labels and on the logits of their teachers."""

from multiview.runtime import jobs

jobs.start(snakemake, frames=False)

import numpy as np
import torch

from multiview import config
from multiview.predictors.logits import read_logits
from multiview.training import full_batch_job

torch.set_num_threads(snakemake.threads)
source, params = snakemake.input, snakemake.params
network = config.Network.model_validate_json(params.network)
distillation = config.Distillation.model_validate_json(params.distillation)
data, machine = full_batch_job.read(source.samples), jobs.machine(snakemake)
taught_by = jobs.taught_by(snakemake)
seeds, classes, splits = sorted(taught_by), data.classes, data.index["split"]
teacher = read_logits(source.teacher, data.digest, splits, classes)[params.teacher]
label = torch.from_numpy(np.array(data.splits["train"].label)).long()
own = {}
if source.own:
    single = read_logits(source.own, data.digest, splits, classes)["single"]
    own = {seed: torch.from_numpy(single.of([seed], "train")[0]) for seed in seeds}
taught = {seed: torch.from_numpy(teacher.of(members, "train").mean(axis=0)) for seed, members in taught_by.items()}
lessons = full_batch_job.lessons(distillation, taught, own, label)
init_std = distillation.init_std
if distillation.start == "warm":
    starts = full_batch_job.read_weights(source.start, seeds, data, network)
    if init_std is not None:
        for seed, weight in starts.items():
            fresh = full_batch_job.fresh(seed, weight.shape, init_std, classes, distillation.centred)
            starts[seed] = weight + fresh
    lessons["starts"] = starts
elif init_std is not None:
    network = network.model_copy(update={"init_std": init_std})
runs = full_batch_job.fit(data, seeds, network, distillation.training, machine, params.checkpoints, **lessons)

provenance = distillation.model_dump(
    include={"start", "init_std", "centred", "soft_labels", "stop", "union_margin"}
)
provenance |= {"training": distillation.training.model_dump(), "objective": distillation.objective.model_dump()}
tables = full_batch_job.tables(params.predictor, runs, data, machine.block_samples)
full_batch_job.write(snakemake, tables, data, network, provenance)
