"""Measure every predictor of a study on images, and hold it against the paper's statements."""

from multiview.runtime import jobs

jobs.start(snakemake)

import json

from multiview import config
from multiview.claims import claim, measures
from multiview.measure import fidelity, image_errors
from multiview.predictors import ensembles
from multiview.predictors.logits import ensemble_table, read_logits, training_accuracy
from multiview.store import artifacts

source, target, params = snakemake.input, snakemake.output, snakemake.params
settings = config.Evaluation.model_validate_json(params.evaluation)
roles = json.loads(params.roles)
about = artifacts.read(source.samples, "samples")
dataset, classes = about.provenance["dataset"], about.provenance["classes"]
splits = about.numpy("split")
said = read_logits([*source.logits, *source.others], dataset, splits, classes)
single = said["single"]
members = ensembles.draw(single.members, config.Ensembles.model_validate_json(params.ensembles))
label = about.numpy("label")[splits == image_errors.SPLIT]
measured = image_errors.measure(label, said, members, roles)
spreads = image_errors.spreads(measured)
trained = artifacts.read(source.logits[0], "logits").provenance
observed = measures.Observed(
    study=params.study,
    errors=[one.errors for one in measured],
    main=image_errors.ERROR,
    training_accuracy=training_accuracy(said, splits, about.numpy("label")),
    more_training=measures.key_of(params.study, "training.epochs"),
    roles=roles,
    networks=params.networks,
)
tables = {
    "image_scores": image_errors.score_table(params.study, measured, settings),
    "ensemble_errors": image_errors.ensemble_errors(measured),
    "agreement": image_errors.agreement(single, label),
    "fidelity": fidelity.with_teachers(said, roles, splits, about.numpy("label")),
    "averages": fidelity.of_averages(single, members, splits, about.numpy("label")),
    "measures": measures.measure(observed, claim.lists()[params.claims]),
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
tables |= {"members": ensembles.members_table(members), "logits": ensemble_table(single)}
for path, (kind, columns) in zip(target, tables.items(), strict=True):
    artifacts.write(path, kind, columns, provenance)
