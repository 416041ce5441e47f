"""Measure what every predictor gets wrong and has learned, and hold it against the paper's statements."""

from multiview.runtime import jobs

jobs.start(snakemake)

import json

import pandas as pd

from multiview import config
from multiview.claims import claim, measures
from multiview.measure import dark_knowledge, fidelity
from multiview.measure.errors import (
    all_errors,
    last_step,
    learned_table,
    lottery_table,
    members_of_joint,
    score_tables,
    shares,
)
from multiview.predictors import ensembles
from multiview.predictors.logits import ensemble_table, read_logits, training_accuracy
from multiview.store import artifacts

source, target, params = snakemake.input, snakemake.output, snakemake.params
settings = config.Evaluation.model_validate_json(params.evaluation)
roles = json.loads(params.roles)
about = artifacts.read(source.samples, "samples")
dataset, classes = about.provenance["dataset"], about.provenance["classes"]
samples = about.pandas()
said = read_logits([*source.logits, *source.others], dataset, about.numpy("split"), classes)
seeds = said["single"].members


def read(kind: str, paths: list[str]) -> pd.DataFrame:
    """One kind of table, of several training jobs."""
    files = [artifacts.read(path, kind, expect={"dataset": dataset}).pandas() for path in paths]
    return pd.concat(files, ignore_index=True)


members = ensembles.draw(seeds, config.Ensembles.model_validate_json(params.ensembles))
names = ["single", *roles] + (["joint"] if "joint" in said else [])
final = {name: last_step(read("strengths", source[f"{name}_strengths"])) for name in names}
if "joint" in said:
    final["member_of_joint"] = members_of_joint(read("member_strengths", source.members_of_joint))
learned = learned_table(final, settings.learned_ratio)
lottery = lottery_table(read("start", source.start), final["single"], float(params.q), settings.learned_ratio)
errors = all_errors(samples, said, members, roles)
scores, ensemble_errors = score_tables(params.study, errors, settings)
trained = artifacts.read(source.outcome[0], "outcome").provenance
observed = measures.Observed(
    study=params.study,
    errors=errors,
    main="error_s",
    training_accuracy=training_accuracy(said, about.numpy("split"), about.numpy("label")),
    more_training=measures.key_of(params.study, "training.max_steps"),
    shares=shares(learned, lottery, roles),
    roles=roles,
    networks=params.networks,
)
measured = measures.measure(observed, claim.lists()[params.claims])
dark = [pd.DataFrame(columns=list(artifacts.KINDS["dark_knowledge"]))]
if roles:
    patches = artifacts.read(source.patches, "patches", expect={"dataset": dataset}).pandas()
    carried = dark_knowledge.carried_views(samples, patches, classes)
    label = samples.loc[samples["split"] == dark_knowledge.SPLIT, "label"].to_numpy()
    dark = [
        dark_knowledge.table(name, role, said, learned, carried, label, settings) for name, role in roles.items()
    ]

provenance = {
    "study": params.study,
    "dataset": dataset,
    "seeds": seeds,
    "config": {
        "dataset": about.provenance["config"],
        "network": trained["network"],
        "training": trained["training"],
        "students": roles,
        "evaluation": settings.model_dump(),
    },
}
tables = {
    "scores": scores,
    "ensemble_errors": ensemble_errors,
    "lottery": lottery,
    "learned": learned,
    "dark_knowledge": pd.concat(dark, ignore_index=True),
    "fidelity": fidelity.with_teachers(said, roles, about.numpy("split"), about.numpy("label")),
    "averages": fidelity.of_averages(said["single"], members, about.numpy("split"), about.numpy("label")),
    "measures": measured,
}
tables = {kind: table.to_dict("series") for kind, table in tables.items()}
tables |= {"members": ensembles.members_table(members), "logits": ensemble_table(said["single"])}
for path, (kind, columns) in zip(target, tables.items(), strict=True):
    artifacts.write(path, kind, columns, provenance)
