"""Train students with some pairs of alpha and temperature, and measure them on the validation split."""

from multiview.runtime import jobs

jobs.start(snakemake, frames=False)

import itertools
import json
import logging

from multiview import config, objectives
from multiview.predictors.logits import negative_log_likelihood
from multiview.store import artifacts
from multiview.training import objective_grid
from multiview.training.minibatch_job import Job

params = snakemake.params
distillation = config.ImageDistillation.model_validate_json(params.distillation)
job = Job(snakemake, distillation.training)
lessons = job.lessons(jobs.taught_by(snakemake))
label = job.data.labels["validation"].numpy()
rows = []
for (alpha, temperature), trials in itertools.groupby(json.loads(params.trials), key=lambda trial: trial[:2]):
    objective = objectives.from_config(objective_grid.with_pair(distillation.objective, alpha, temperature))
    for run in job.fit([seed for *_, seed in trials], objective, **lessons):
        logits = job.logits(run, "validation")
        accuracy = float((logits.argmax(axis=1) == label).mean())
        nll = float(negative_log_likelihood(logits, label).mean())
        rows.append((alpha, temperature, run.seed, accuracy, nll))
        logging.info("alpha %g, temperature %g, student %d: accuracy %.4f, NLL %.4f", *rows[-1])
columns = dict(zip(artifacts.KINDS["trials"], zip(*rows, strict=True), strict=True))
provenance = {"study": params.study, "dataset": job.data.digest, "distillation": distillation.model_dump()}
artifacts.write(snakemake.output[0], "trials", columns, provenance)

jobs.end()
