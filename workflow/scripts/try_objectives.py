"""Train students with some pairs of alpha and temperature, and measure them on the validation split."""

from multiview.runtime import jobs

jobs.start(snakemake)

import itertools
import json
import logging

import torch
from pydantic import TypeAdapter

from multiview import config, objectives
from multiview.data import tensors
from multiview.predictors.logits import negative_log_likelihood
from multiview.store import artifacts
from multiview.training import minibatch_job, objective_grid

torch.set_num_threads(snakemake.threads)
source, params = snakemake.input, snakemake.params
distillation = config.ImageDistillation.model_validate_json(params.distillation)
trials = json.loads(params.trials)
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
label = data.labels["validation"].numpy()
rows = []
for (alpha, temperature), group in itertools.groupby(trials, key=lambda trial: trial[:2]):
    settings = objective_grid.with_pair(distillation.objective, alpha, temperature)
    for run in job.fit([seed for *_, seed in group], objectives.from_config(settings), teachers, starts):
        logits = job.logits(run, "validation")
        accuracy = float((logits.argmax(axis=1) == label).mean())
        nll = float(negative_log_likelihood(logits, label).mean())
        rows.append((alpha, temperature, run.seed, accuracy, nll))
        logging.info("alpha %g, temperature %g, student %d: accuracy %.4f, NLL %.4f", *rows[-1])
columns = dict(zip(artifacts.KINDS["trials"], zip(*rows, strict=True), strict=True))
provenance = {"study": params.study, "dataset": data.digest, "distillation": distillation.model_dump()}
artifacts.write(snakemake.output[0], "trials", columns, provenance)
