"""Train a chunk of students on the labels and on the logits of their teachers."""

from multiview.runtime import jobs

jobs.start(snakemake, frames=False)

import numpy as np
import torch

from multiview import config
from multiview.predictors.logits import read_logits
from multiview.training import full_batch_job

source, params = snakemake.input, snakemake.params
distillation = config.Distillation.model_validate_json(params.distillation)
job = full_batch_job.Job(snakemake)
data, taught_by = job.data, jobs.taught_by(snakemake)
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
    starts = job.read_weights(seeds)
    if init_std is not None:
        for seed, weight in starts.items():
            fresh = full_batch_job.fresh(seed, weight.shape, init_std, classes, distillation.centred)
            starts[seed] = weight + fresh
    lessons["starts"] = starts
elif init_std is not None:
    job.network = job.network.model_copy(update={"init_std": init_std})
runs = job.fit(seeds, distillation.training, **lessons)

recorded = {"start", "init_std", "centred", "soft_labels", "stop", "union_margin", "training", "objective"}
job.write(job.tables(runs), **distillation.model_dump(include=recorded))

jobs.end()
