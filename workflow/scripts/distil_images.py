"""Train a chunk of students on images: labels and their teacher's logits."""

from multiview import jobs

jobs.start(snakemake)

import json  # noqa: E402
import logging  # noqa: E402

import numpy as np  # noqa: E402
import torch  # noqa: E402
from pydantic import TypeAdapter  # noqa: E402

from multiview import artifacts, choice, config, image_data, image_fitting, objectives, predictors  # noqa: E402

torch.set_num_threads(snakemake.threads)
source, params = snakemake.input, snakemake.params
way = config.ImageDistillation.model_validate_json(params.distillation)
taught_by = {int(seed): members for seed, members in json.loads(params.teachers).items()}
data = image_data.read(source.samples, source.images)
job = image_fitting.Job(
    data,
    params.students,
    TypeAdapter(config.ImageNetwork).validate_json(params.network),
    way.training,
    params.checkpoints,
    params.lightning_logs,
    params.training_code,
    copies=params.copies,
)
teacher = predictors.read_copies(source.teacher, data.digest, params.teacher)
starts = image_data.read_networks(source.start, list(taught_by), data.digest)
settings = way.objective
if way.grid is not None:
    settings = choice.with_chosen(settings, artifacts.read(source.choice[0], "choice"))
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
