"""Measure every predictor of a study on images, and hold it against the paper's statements."""

from multiview import jobs

jobs.start(snakemake)

import json  # noqa: E402

from multiview import artifacts, claims, config, ensembles, fidelity, image_evaluation, measures, predictors  # noqa: E402

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
observed = measures.Observed(
    study=params.study,
    errors=[one.errors for one in measured],
    main=image_evaluation.ERROR,
    training_accuracy=predictors.training_accuracy(said, splits, about.numpy("label")),
    more_training=measures.key_of(params.study, "training.epochs"),
    roles=roles,
    networks=params.networks,
)
tables = {
    "image_scores": image_evaluation.score_table(params.study, measured, settings),
    "ensemble_errors": image_evaluation.ensemble_errors(measured),
    "agreement": image_evaluation.agreement(single, label),
    "fidelity": fidelity.with_teachers(said, roles, splits, about.numpy("label")),
    "averages": fidelity.of_averages(single, members, splits, about.numpy("label")),
    "measures": measures.measure(observed, claims.lists()[params.claims]),
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
