"""Measure the errors of single networks and ensembles, the lottery, and the paper's statements."""

from multiview import jobs

jobs.start(snakemake.log[0])

import pandas as pd  # noqa: E402

from multiview import artifacts, config, evaluation, predictors  # noqa: E402

source, target, params = snakemake.input, snakemake.output, snakemake.params
settings = config.Evaluation.model_validate_json(params.evaluation)
about = artifacts.read(source.samples, "samples")
dataset = about.provenance["dataset"]
samples = about.pandas()
seeds, logits = predictors.read_logits(source.logits, dataset, about.numpy("split"))


def read(kind: str) -> pd.DataFrame:
    """One kind of table, of all the training jobs."""
    files = [artifacts.read(path, kind, expect={"dataset": dataset}).pandas() for path in source[kind]]
    return pd.concat(files, ignore_index=True)


drawn = artifacts.read(source.members, "members", expect={"dataset": dataset, "seeds": seeds}).pandas()
members = {
    size: part["seed"].to_numpy().reshape(part["ensemble"].nunique(), size)
    for size, part in drawn.groupby("size", sort=True)
}
strengths = read("strengths")
lottery = evaluation.lottery_table(
    read("start"), evaluation.last_step(strengths), float(params.q), settings.learned_ratio
)
scores, errors = evaluation.score_tables(params.study, samples, seeds, logits, members, settings)
verdicts = evaluation.verdict_table(params.study, scores, read("outcome"), lottery, settings)

trained = artifacts.read(source.outcome[0], "outcome").provenance
provenance = {
    "study": params.study,
    "dataset": dataset,
    "seeds": seeds,
    "config": {
        "dataset": about.provenance["config"],
        "network": trained["network"],
        "training": trained["training"],
        "evaluation": settings.model_dump(),
    },
}
tables = {"scores": scores, "ensemble_errors": errors, "lottery": lottery, "verdicts": verdicts}
for path, (kind, table) in zip(target, tables.items(), strict=True):
    artifacts.write(path, kind, table.to_dict("series"), provenance)
