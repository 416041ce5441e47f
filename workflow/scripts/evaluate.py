"""Measure what every predictor gets wrong and has learned, and hold it against the paper's statements."""

from multiview import jobs

jobs.start(snakemake)

import json  # noqa: E402

import pandas as pd  # noqa: E402

from multiview import (  # noqa: E402
    artifacts,
    config,
    dark_knowledge,
    ensembles,
    evaluation,
    predictors,
    regime_verdicts,
    verdicts,
)

source, target, params = snakemake.input, snakemake.output, snakemake.params
settings = config.Evaluation.model_validate_json(params.evaluation)
roles = json.loads(params.roles)
about = artifacts.read(source.samples, "samples")
dataset, classes = about.provenance["dataset"], about.provenance["classes"]
samples = about.pandas()
said = predictors.read_logits([*source.logits, *source.others], dataset, about.numpy("split"), classes)
seeds = said["single"].members


def read(kind: str, paths: list[str]) -> pd.DataFrame:
    """One kind of table, of several training jobs."""
    files = [artifacts.read(path, kind, expect={"dataset": dataset}).pandas() for path in paths]
    return pd.concat(files, ignore_index=True)


members = ensembles.draw(seeds, config.Ensembles.model_validate_json(params.ensembles))
names = ["single", *roles] + (["joint"] if "joint" in said else [])
final = {name: evaluation.last_step(read("strengths", source[f"{name}_strengths"])) for name in names}
accuracy = {name: read("outcome", source[f"{name}_outcome"])["train_accuracy"].to_numpy() for name in names}
if "joint" in said:
    final["member_of_joint"] = evaluation.members_of_joint(read("member_strengths", source.members_of_joint))
learned = evaluation.learned_table(final, settings.learned_ratio)
lottery = evaluation.lottery_table(
    read("start", source.start), final["single"], float(params.q), settings.learned_ratio
)
errors = evaluation.all_errors(samples, said, members, roles)
scores, ensemble_errors = evaluation.score_tables(params.study, errors, settings)
trained = artifacts.read(source.single_outcome[0], "outcome").provenance
if trained["network"]["regime"] == "learned":
    tables = (scores, errors, accuracy, learned, lottery)
    claims = verdicts.verdict_table(params.study, *tables, roles, params.networks, settings)
else:
    wrong = {(one.predictor, one.size): (one.wrong["error_s"], one.units) for one in errors}
    claims = regime_verdicts.verdict_table(params.study, "error_s", wrong, roles, params.networks, settings)
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
    "verdicts": claims,
}
tables = {kind: table.to_dict("series") for kind, table in tables.items()}
tables |= {"members": ensembles.members_table(members), "logits": predictors.ensemble_table(said["single"])}
for path, (kind, columns) in zip(target, tables.items(), strict=True):
    artifacts.write(path, kind, columns, provenance)
