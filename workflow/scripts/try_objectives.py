"""Train students with some pairs of alpha and temperature, and measure them on the validation split."""

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
trials = json.loads(params.trials)
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
label = data.labels["validation"].numpy()
rows = []
for alpha, temperature, seed in trials:
    settings = choice.with_pair(way.objective, alpha, temperature)
    told = torch.from_numpy(np.mean([teacher[member] for member in taught_by[seed]], axis=0))
    run = job.fit(seed, objectives.from_config(settings), told, starts.get(seed))
    logits = job.logits(run, "validation")
    accuracy = float((logits.argmax(axis=1) == label).mean())
    nll = float(predictors.negative_log_likelihood(logits, label).mean())
    rows.append((alpha, temperature, seed, accuracy, nll))
    logging.info("alpha %g, temperature %g, student %d: accuracy %.4f, NLL %.4f", *rows[-1])
columns = dict(zip(artifacts.KINDS["trials"], zip(*rows, strict=True), strict=True))
provenance = {"study": params.study, "dataset": data.digest, "distillation": way.model_dump()}
artifacts.write(snakemake.output[0], "trials", columns, provenance)
