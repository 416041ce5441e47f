"""Measure which views each network of a study learned, who won the races, and what soft labels tell of views."""

from multiview.runtime import jobs

jobs.start(snakemake)

import json

import pandas as pd

from multiview import config
from multiview.measure import dark_knowledge, views
from multiview.predictors.logits import read_logits
from multiview.store import artifacts

source, params = snakemake.input, snakemake.params
settings = config.Evaluation.model_validate_json(params.evaluation)
roles = json.loads(params.roles)
about = artifacts.read(source.samples, "samples")
dataset, classes = about.provenance["dataset"], about.provenance["classes"]
samples = about.pandas()


def read(kind: str, paths: list[str]) -> pd.DataFrame:
    """One kind of table, of several training jobs."""
    files = [artifacts.read(path, kind, expect={"dataset": dataset}).pandas() for path in paths]
    return pd.concat(files, ignore_index=True)


strengths = {name: paths for name, paths in source.items() if name.endswith("_strengths")}
final = {
    name.removesuffix("_strengths"): views.last_step(read("strengths", paths)) for name, paths in strengths.items()
}
if source.members_of_joint:
    final["member_of_joint"] = views.members_of_joint(read("member_strengths", source.members_of_joint))
learned = views.learned_table(final, settings.learned_ratio)
start = read("start", source.start)
lottery = views.lottery_table(start, final["single"], float(params.q), settings.learned_ratio)
dark = [pd.DataFrame(columns=list(artifacts.KINDS["dark_knowledge"]))]
if roles:
    patches = artifacts.read(source.patches, "patches", expect={"dataset": dataset}).pandas()
    logits = read_logits([*source.logits, *source.others], dataset, about.numpy("split"), classes)
    carried = dark_knowledge.carried_views(samples, patches, classes)
    label = samples.loc[samples["split"] == dark_knowledge.SPLIT, "label"].to_numpy()
    dark = [
        dark_knowledge.table(name, role, logits, learned, carried, label, settings) for name, role in roles.items()
    ]
tables = {"lottery": lottery, "learned": learned, "dark_knowledge": pd.concat(dark, ignore_index=True)}
decisive = {"students": roles, "evaluation": settings.model_dump()}
provenance = {"study": params.study, "dataset": dataset, "config": decisive}
for kind, table in tables.items():
    artifacts.write(snakemake.output[kind], kind, table.to_dict("series"), provenance)
