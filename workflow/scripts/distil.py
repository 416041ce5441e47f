"""Train a chunk of students on the labels and on the logits of their teachers."""

from multiview import jobs

jobs.start(snakemake)

import json  # noqa: E402
import logging  # noqa: E402

import numpy as np  # noqa: E402
import torch  # noqa: E402

from multiview import artifacts, config, devices, fitting, interventions, objectives, predictors  # noqa: E402

torch.set_num_threads(snakemake.threads)
source, target, params = snakemake.input, snakemake.output, snakemake.params
network = config.Network.model_validate_json(params.network)
way = config.Distillation.model_validate_json(params.distillation)
taught_by = {int(seed): members for seed, members in json.loads(params.teachers).items()}
seeds = sorted(taught_by)

data = fitting.read(source.samples, source.views)
teacher = predictors.read_logits(source.teacher, data.digest, data.names, data.about["classes"])[params.teacher]
label = torch.from_numpy(np.array(data.splits["train"].label)).long()
own = {}
if source.own:
    single = predictors.read_logits(source.own, data.digest, data.names, data.about["classes"])["single"]
    own = {seed: torch.from_numpy(single.of([seed], "train")[0]) for seed in seeds}
taught = {seed: torch.from_numpy(teacher.of(members, "train").mean(axis=0)) for seed, members in taught_by.items()}
more = {
    "objective": objectives.from_config(way.objective),
    "teachers": {
        seed: interventions.soft_label_logits(way.soft_labels, logits, label, own.get(seed), seed)
        for seed, logits in taught.items()
    },
}
if way.stop == "union":
    half = way.objective.teacher_scale / 2
    more["unions"] = {seed: objectives.Union(taught[seed], own[seed], half) for seed in seeds}
if way.start == "warm":
    more["starts"] = fitting.read_weights(source.start, seeds, data, network)
    if way.init_std is not None:
        more["starts"] = {
            seed: weight + fitting.fresh(seed, weight.shape, way.init_std)
            for seed, weight in more["starts"].items()
        }
elif way.init_std is not None:
    network = network.model_copy(update={"init_std": way.init_std})
for seed, members in taught_by.items():
    logging.info("student %d learns from %s %s", seed, params.teacher, ", ".join(map(str, members)))
decisive = [params.training_code, config.canonical(way.objective), way.stop]
runs = fitting.fit(data, seeds, network, way.training, params.checkpoints, decisive, **more)

provenance = {
    "dataset": data.digest,
    "study": params.study,
    "seeds": seeds,
    "network": network.model_dump(),
    "training": fitting.deciding(way.training),
    "start": way.start,
    "init_std": way.init_std,
    "soft_labels": way.soft_labels,
    "stop": way.stop,
    "objective": way.objective.model_dump(),
    "teacher": params.teacher,
    "teachers": {str(seed): members for seed, members in taught_by.items()},
    "device": devices.name(way.training.accelerator),
    "threads": snakemake.threads,
}
for kind, table in fitting.tables(params.students, runs, data, way.training.block_samples).items():
    artifacts.write(target[kind], kind, table, provenance)
