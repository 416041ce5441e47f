"""Train a chunk of students on the labels and on the logits of their teachers."""

from multiview.runtime import jobs

jobs.start(snakemake)

import json
import logging

import numpy as np
import torch

from multiview import config
from multiview.predictors.logits import read_logits
from multiview.runtime import devices
from multiview.store import artifacts
from multiview.training import full_batch_job

torch.set_num_threads(snakemake.threads)
source, target, params = snakemake.input, snakemake.output, snakemake.params
network = config.Network.model_validate_json(params.network)
distillation = config.Distillation.model_validate_json(params.distillation)
machine = jobs.machine(snakemake)
taught_by = {int(seed): members for seed, members in json.loads(params.teachers).items()}
seeds = sorted(taught_by)

data = full_batch_job.read(source.samples, source.views)
teacher = read_logits(source.teacher, data.digest, data.names, data.about["classes"])[params.teacher]
label = torch.from_numpy(np.array(data.splits["train"].label)).long()
own = {}
if source.own:
    single = read_logits(source.own, data.digest, data.names, data.about["classes"])["single"]
    own = {seed: torch.from_numpy(single.of([seed], "train")[0]) for seed in seeds}
taught = {seed: torch.from_numpy(teacher.of(members, "train").mean(axis=0)) for seed, members in taught_by.items()}
lessons = full_batch_job.lessons(distillation, taught, own, label)
if distillation.start == "warm":
    lessons["starts"] = full_batch_job.read_weights(source.start, seeds, data, network)
    if distillation.init_std is not None:
        lessons["starts"] = {
            seed: weight
            + full_batch_job.fresh(
                seed, weight.shape, distillation.init_std, data.about["classes"], distillation.mirrored
            )
            for seed, weight in lessons["starts"].items()
        }
elif distillation.init_std is not None:
    network = network.model_copy(update={"init_std": distillation.init_std})
for seed, members in taught_by.items():
    logging.info("student %d learns from %s %s", seed, params.teacher, ", ".join(map(str, members)))
decisive = [config.canonical(distillation.objective), distillation.stop]
runs = full_batch_job.fit(
    data, seeds, network, distillation.training, machine, params.checkpoints, decisive, **lessons
)

provenance = {
    "dataset": data.digest,
    "study": params.study,
    "seeds": seeds,
    "network": network.model_dump(),
    "training": distillation.training.model_dump(),
    "start": distillation.start,
    "init_std": distillation.init_std,
    "mirrored": distillation.mirrored,
    "soft_labels": distillation.soft_labels,
    "stop": distillation.stop,
    "objective": distillation.objective.model_dump(),
    "teacher": params.teacher,
    "teachers": {str(seed): members for seed, members in taught_by.items()},
    "device": devices.name(machine.accelerator),
    "threads": snakemake.threads,
}
for kind, table in full_batch_job.tables(params.students, runs, data, machine.block_samples).items():
    artifacts.write(target[kind], kind, table, provenance)
