"""Measure every predictor of a study, what its networks learned of views, and hold both against the paper."""

from multiview.runtime import jobs

jobs.start(snakemake)

import json

import pandas as pd

from multiview import config
from multiview.claims import claim, terms
from multiview.measure import dark_knowledge, errors, fidelity, views
from multiview.predictors import ensembles
from multiview.predictors.logits import read_logits, training_accuracy
from multiview.store import artifacts

source, target, params = snakemake.input, snakemake.output, snakemake.params
settings = config.Evaluation.model_validate_json(params.evaluation)
roles = json.loads(params.roles)
samples = artifacts.read(source.samples, "samples")
dataset, classes = samples.provenance["dataset"], samples.provenance["classes"]
split, label = samples.numpy("split"), samples.numpy("label")
logits = read_logits(source.logits, dataset, split, classes)
single = logits["single"]
trained = artifacts.read(source.logits[0], "logits").provenance


def read(kind: str, paths: list[str]) -> pd.DataFrame:
    """One kind of table, of several training jobs."""
    files = [artifacts.read(path, kind, expect={"dataset": dataset}).pandas() for path in paths]
    return pd.concat(files, ignore_index=True)


def views_of_theory() -> dict[str, pd.DataFrame]:
    """Which views each network learned, who won the races, and what soft labels tell of views."""
    final = {
        name.removesuffix("_strengths"): views.last_step(read("strengths", paths))
        for name, paths in source.items()
        if name.endswith("_strengths")
    }
    if source.members_of_joint:
        final["member_of_joint"] = views.members_of_joint(read("member_strengths", source.members_of_joint))
    learned = views.learned_table(final, settings.learned_ratio)
    of_single = learned[learned["predictor"] == "single"]
    lottery = views.lottery_table(read("start", source.start), of_single, float(params.q))
    carried = dark_knowledge.carried_views(samples.pandas(), read("patches", [source.patches]), classes)
    of_split = label[split == dark_knowledge.SPLIT]
    dark = [pd.DataFrame(columns=list(artifacts.KINDS["dark_knowledge"]))]
    for name, role in roles.items():
        dark.append(dark_knowledge.table(name, role, logits, learned, carried, of_split, settings))
    return {"lottery": lottery, "learned": learned, "dark_knowledge": pd.concat(dark, ignore_index=True)}


paths, tables = dict(target.items()), {}
if "lottery" in paths:
    tables = views_of_theory()
elif "learned" in paths:
    tables = {"learned": views.learned_of_pictures(logits, samples.pandas(), settings.learned_accuracy)}
shares = views.shares(tables["learned"], roles, tables.get("lottery")) if tables else {}

of_ensembles = config.Ensembles.model_validate_json(params.ensembles)
members = ensembles.draw(single.members, of_ensembles)
main = errors.main_split(list(split))
labels = {name: label[split == name] for name in errors.measured_splits(list(split))}
measured = errors.measure(labels, logits, members, roles, of_ensembles.best)
observed = terms.Observed(
    study=params.study,
    errors=measured,
    main=errors.ERRORS[main],
    training_accuracy=training_accuracy(logits, split, label),
    more_training=params.more_training,
    shares=shares,
    roles=roles,
    networks=params.networks,
)
tables |= {
    "scores": errors.score_table(params.study, measured, settings),
    "ensemble_errors": errors.ensemble_errors(measured),
    "agreement": errors.agreement(single, main, labels[main]),
    "fidelity": fidelity.with_teachers(logits, roles, split, label),
    "averages": fidelity.of_averages(single, members, split, label),
    "measures": terms.measure(observed, claim.lists()[params.claims]),
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
columns = {kind: table.to_dict("series") for kind, table in tables.items()}
columns |= {"members": ensembles.members_table(members), "logits": ensembles.ensemble_table(single)}
for kind, path in paths.items():
    artifacts.write(path, kind, columns[kind], provenance)

jobs.end()
