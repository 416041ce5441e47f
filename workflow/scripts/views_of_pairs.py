"""Measure which views each network of a study on pairs of pictures learned."""

from multiview.runtime import jobs

jobs.start(snakemake)

import json

from multiview import config
from multiview.measure import views_alone
from multiview.predictors.logits import read_logits
from multiview.store import artifacts

source, params = snakemake.input, snakemake.params
settings = config.Evaluation.model_validate_json(params.evaluation)
samples = artifacts.read(source.samples, "samples")
dataset, classes = samples.provenance["dataset"], samples.provenance["classes"]
logits = read_logits([*source.logits, *source.others], dataset, samples.numpy("split"), classes)
learned = views_alone.learned_table(logits, samples.pandas(), settings.learned_accuracy)
provenance = {"study": params.study, "dataset": dataset}
provenance["config"] = {"students": json.loads(params.roles), "evaluation": settings.model_dump()}
artifacts.write(snakemake.output.learned, "learned", learned.to_dict("series"), provenance)
