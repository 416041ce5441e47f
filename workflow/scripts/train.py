"""Train a chunk of seeds on hard labels: single networks, or averages of several end to end."""

from multiview.runtime import jobs

jobs.start(snakemake, frames=False)

from multiview import config
from multiview.measure import lottery
from multiview.training.full_batch_job import Job, start_table

members = snakemake.params.networks
settings = config.Training.model_validate_json(snakemake.params.training)
job = Job(snakemake)
runs = job.fit(jobs.seeds(snakemake), settings, members)

data = job.data
patches = data.tables["patches"]
in_train = {name: column[patches["split"] == "train"] for name, column in patches.items()}
scale = lottery.view_scale(data.splits["train"].label, in_train, data.classes, job.network.q)
made = {"start": start_table(runs, scale), "member_strengths": job.member_strengths_table(runs)}
job.write(job.tables(runs) | made, networks=members, training=settings.model_dump())

jobs.end()
