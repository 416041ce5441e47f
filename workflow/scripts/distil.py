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
way = config.Distillation.model_validate_json(params.distillation)
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
more = full_batch_job.lessons(way, taught, own, label)
if way.start == "warm":
    more["starts"] = full_batch_job.read_weights(source.start, seeds, data, network)
    if way.init_std is not None:
        more["starts"] = {
            seed: weight
            + full_batch_job.fresh(seed, weight.shape, way.init_std, data.about["classes"], way.mirrored)
            for seed, weight in more["starts"].items()
        }
elif way.init_std is not None:
    network = network.model_copy(update={"init_std": way.init_std})
for seed, members in taught_by.items():
    logging.info("student %d learns from %s %s", seed, params.teacher, ", ".join(map(str, members)))
decisive = [config.canonical(way.objective), way.stop]
runs = full_batch_job.fit(data, seeds, network, way.training, machine, params.checkpoints, decisive, **more)

provenance = {
    "dataset": data.digest,
    "study": params.study,
    "seeds": seeds,
    "network": network.model_dump(),
    "training": way.training.model_dump(),
    "start": way.start,
    "init_std": way.init_std,
    "mirrored": way.mirrored,
    "soft_labels": way.soft_labels,
    "stop": way.stop,
    "objective": way.objective.model_dump(),
    "teacher": params.teacher,
    "teachers": {str(seed): members for seed, members in taught_by.items()},
    "device": devices.name(machine.accelerator),
    "threads": snakemake.threads,
}
for kind, table in full_batch_job.tables(params.students, runs, data, machine.block_samples).items():
    artifacts.write(target[kind], kind, table, provenance)
