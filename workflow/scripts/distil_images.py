"""Train a chunk of students on images: labels and their teacher's logits."""

from multiview.runtime import jobs

jobs.start(snakemake)

import json
import logging

import torch
from pydantic import TypeAdapter

from multiview import config, objectives
from multiview.data import tensors
from multiview.store import artifacts
from multiview.training import minibatch_job, objective_grid

torch.set_num_threads(snakemake.threads)
source, params = snakemake.input, snakemake.params
distillation = config.ImageDistillation.model_validate_json(params.distillation)
taught_by = {int(seed): members for seed, members in json.loads(params.teachers).items()}
data = tensors.read(source.samples, source.images)
job = minibatch_job.Job(
    data,
    params.students,
    TypeAdapter(config.ImageNetwork).validate_json(params.network),
    distillation.training,
    jobs.machine(snakemake),
    params.checkpoints,
    params.lightning_logs,
    copies=params.copies,
)
teachers = job.teachers(source.teacher, params.teacher, taught_by, params.teachers_say)
starts = tensors.read_networks(source.start, list(taught_by), data.digest)
settings = distillation.objective
if distillation.grid is not None:
    settings = objective_grid.with_chosen(settings, artifacts.read(source.choice[0], "choice"))
    logging.info("chosen: alpha %g, temperature %g", settings.hinton.alpha, settings.hinton.temperature)
for seed, members in taught_by.items():
    logging.info("student %d learns from %s %s", seed, params.teacher, ", ".join(map(str, members)))
objective = objectives.from_config(settings) if distillation.soft_labels == "all" else objectives.HARD_LABELS
runs = job.fit(sorted(taught_by), objective, teachers, starts)
provenance = {
    "study": params.study,
    "start": distillation.start,
    "objective": settings.model_dump(),
    "soft_labels": distillation.soft_labels,
    "teachers_say": params.teachers_say,
    "teacher": params.teacher,
    "teachers": {str(seed): members for seed, members in taught_by.items()},
    "threads": snakemake.threads,
}
job.write(runs, snakemake.output, provenance)
