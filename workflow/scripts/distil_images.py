"""Train a chunk of students on images: labels and their teacher's logits."""

from multiview.runtime import jobs

jobs.start(snakemake, frames=False)

import logging

from multiview import config, objectives
from multiview.store import artifacts
from multiview.training import objective_grid
from multiview.training.minibatch_job import Job

distillation = config.ImageDistillation.model_validate_json(snakemake.params.distillation)
job = Job(snakemake, distillation.training)
taught_by = jobs.taught_by(snakemake)
settings = distillation.objective
if distillation.grid is not None:
    settings = objective_grid.with_chosen(settings, artifacts.read(snakemake.input.choice[0], "choice"))
    logging.info("chosen: alpha %g, temperature %g", settings.hinton.alpha, settings.hinton.temperature)
objective = objectives.from_config(settings) if distillation.soft_labels == "all" else objectives.HARD_LABELS
runs = job.fit(sorted(taught_by), objective, **job.lessons(taught_by))
job.write(
    runs,
    start=distillation.start,
    objective=settings.model_dump(),
    soft_labels=distillation.soft_labels,
    teachers_say=snakemake.params.teachers_say,
)

jobs.end()
