"""Measure every predictor of a study, and hold it against the paper's statements."""

from multiview.runtime import jobs

jobs.start(snakemake)

import json

from multiview import config
from multiview.claims import claim, measures
from multiview.measure import errors, fidelity, views
from multiview.predictors import ensembles
from multiview.predictors.logits import read_logits, training_accuracy
from multiview.store import artifacts

source, target, params = snakemake.input, snakemake.output, snakemake.params
settings = config.Evaluation.model_validate_json(params.evaluation)
roles = json.loads(params.roles)
samples = artifacts.read(source.samples, "samples")
dataset, classes = samples.provenance["dataset"], samples.provenance["classes"]
split, label = samples.numpy("split"), samples.numpy("label")
logits = read_logits([*source.logits, *source.others], dataset, split, classes)
single = logits["single"]
members = ensembles.draw(single.members, config.Ensembles.model_validate_json(params.ensembles))
main = errors.main_split(list(split))
labels = {name: label[split == name] for name in errors.measured_splits(list(split))}
measured = errors.measure(labels, logits, members, roles)
trained = artifacts.read(source.logits[0], "logits").provenance
of_views = {kind: path for kind, path in source.items() if kind in ("learned", "lottery")}
tables = {
    kind: artifacts.read(path, kind, expect={"dataset": dataset}).pandas() for kind, path in of_views.items()
}
shares = views.shares(**tables, roles=roles) if tables else {}
observed = measures.Observed(
    study=params.study,
    errors=measured,
    main=errors.ERRORS[main],
    training_accuracy=training_accuracy(logits, split, label),
    more_training=measures.key_of(params.study, params.more_training),
    shares=shares,
    roles=roles,
    networks=params.networks,
)
tables = {
    "scores": errors.score_table(params.study, measured, settings),
    "ensemble_errors": errors.ensemble_errors(measured),
    "agreement": errors.agreement(single, main, labels[main]),
    "fidelity": fidelity.with_teachers(logits, roles, split, label),
    "averages": fidelity.of_averages(single, members, split, label),
    "measures": measures.measure(observed, claim.lists()[params.claims]),
}
provenance = {
    "study": params.study,
    "dataset": dataset,
    "seeds": single.members,
    "spreads": errors.spreads(measured),
    "config": {
        "dataset": samples.provenance["config"],
        "network": trained["network"],
        "training": trained["training"],
        "students": roles,
        "evaluation": settings.model_dump(),
    },
}
tables = {kind: table.to_dict("series") for kind, table in tables.items()}
tables |= {"members": ensembles.members_table(members), "logits": ensembles.ensemble_table(single)}
for path, (kind, columns) in zip(target, tables.items(), strict=True):
    artifacts.write(path, kind, columns, provenance)
