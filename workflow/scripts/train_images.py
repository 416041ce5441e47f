"""Train a chunk of seeds on the labels of images: single networks, or averages of several end to end."""

from multiview import jobs

jobs.start(snakemake)

import torch  # noqa: E402
from pydantic import TypeAdapter  # noqa: E402

from multiview import config, image_data, image_fitting  # noqa: E402

torch.set_num_threads(snakemake.threads)
source, params = snakemake.input, snakemake.params
job = image_fitting.Job(
    image_data.read(source.samples, source.images),
    params.predictor,
    TypeAdapter(config.ImageNetwork).validate_json(params.network),
    config.ImageTraining.model_validate_json(params.training),
    params.checkpoints,
    params.lightning_logs,
    params.training_code,
    networks=params.networks,
)
runs = [job.fit(seed) for seed in range(int(params.first_seed), int(params.last_seed) + 1)]
job.write(runs, snakemake.output, {"study": params.study, "threads": snakemake.threads})
