"""Train a chunk of students on images: labels and their teacher's logits."""

from multiview.runtime import jobs

jobs.start(snakemake)

import json
import logging

import numpy as np
import torch
from pydantic import TypeAdapter

from multiview import config, objectives
from multiview.data import tensors
from multiview.predictors.logits import read_copies
from multiview.store import artifacts
from multiview.training import minibatch_job, objective_grid

torch.set_num_threads(snakemake.threads)
source, params = snakemake.input, snakemake.params
way = config.ImageDistillation.model_validate_json(params.distillation)
taught_by = {int(seed): members for seed, members in json.loads(params.teachers).items()}
data = tensors.read(source.samples, source.images)
job = minibatch_job.Job(
    data,
    params.students,
    TypeAdapter(config.ImageNetwork).validate_json(params.network),
    way.training,
    jobs.machine(snakemake),
    params.checkpoints,
    params.lightning_logs,
    copies=params.copies,
)
teacher = read_copies(source.teacher, data.digest, params.teacher)
starts = tensors.read_networks(source.start, list(taught_by), data.digest)
settings = way.objective
if way.grid is not None:
    settings = objective_grid.with_chosen(settings, artifacts.read(source.choice[0], "choice"))
    logging.info("chosen: alpha %g, temperature %g", settings.hinton.alpha, settings.hinton.temperature)
runs = []
for seed, members in sorted(taught_by.items()):
    logging.info("student %d learns from %s %s", seed, params.teacher, ", ".join(map(str, members)))
    told = torch.from_numpy(np.mean([teacher[member] for member in members], axis=0))
    runs.append(job.fit(seed, objectives.from_config(settings), told, starts.get(seed)))
provenance = {
    "study": params.study,
    "start": way.start,
    "objective": settings.model_dump(),
    "teacher": params.teacher,
    "teachers": {str(seed): members for seed, members in taught_by.items()},
    "threads": snakemake.threads,
}
job.write(runs, snakemake.output, provenance)
