"""Measure every predictor of a study on images, and hold it against the paper's statements."""

from multiview import jobs

jobs.start(snakemake)

import json  # noqa: E402

from multiview import artifacts, config, ensembles, image_evaluation, image_verdicts, predictors, regime_verdicts  # noqa: E402

source, target, params = snakemake.input, snakemake.output, snakemake.params
settings = config.Evaluation.model_validate_json(params.evaluation)
roles = json.loads(params.roles)
about = artifacts.read(source.samples, "samples")
dataset, classes = about.provenance["dataset"], about.provenance["classes"]
splits = about.numpy("split")
said = predictors.read_logits([*source.logits, *source.others], dataset, splits, classes)
single = said["single"]
members = ensembles.draw(single.members, config.Ensembles.model_validate_json(params.ensembles))
label = about.numpy("label")[splits == image_evaluation.SPLIT]
measured = image_evaluation.measure(label, said, members, roles)
spreads = image_evaluation.spreads(measured)
trained = artifacts.read(source.logits[0], "logits").provenance
if about.provenance["config"]["kind"] == "gaussian":
    claims = image_verdicts.gaussian_verdicts(params.study, measured, settings)
elif trained["network"]["regime"] == "learned":
    claims = image_verdicts.verdict_table(params.study, measured, roles, params.networks, settings)
else:
    wrong = {(one.predictor, one.size): (one.wrong, one.units) for one in measured}
    claims = regime_verdicts.verdict_table(params.study, "error", wrong, roles, params.networks, settings)
tables = {
    "image_scores": image_evaluation.score_table(params.study, measured, settings),
    "ensemble_errors": image_evaluation.ensemble_errors(measured),
    "agreement": image_evaluation.agreement(single, label),
    "verdicts": claims,
}
provenance = {
    "study": params.study,
    "dataset": dataset,
    "seeds": single.members,
    "spreads": spreads,
    "config": {
        "dataset": about.provenance["config"],
        "network": trained["network"],
        "training": trained["training"],
        "students": roles,
        "evaluation": settings.model_dump(),
    },
}
tables = {kind: table.to_dict("series") for kind, table in tables.items()}
tables |= {"members": ensembles.members_table(members), "logits": predictors.ensemble_table(single)}
for path, (kind, columns) in zip(target, tables.items(), strict=True):
    artifacts.write(path, kind, columns, provenance)
