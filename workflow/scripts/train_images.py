"""Train a chunk of seeds on the labels of images: single networks, or averages of several end to end."""

from multiview.runtime import jobs

jobs.start(snakemake, frames=False)

from multiview import config
from multiview.training.minibatch_job import Job

job = Job(snakemake, config.ImageTraining.model_validate_json(snakemake.params.training))
runs = job.fit(jobs.seeds(snakemake))
job.write(runs)

jobs.end()
