"""Choose the members of every ensemble, and write the logits of the ensemble of all seeds."""

from multiview import jobs

jobs.start(snakemake)

import numpy as np  # noqa: E402

from multiview import artifacts, config, ensembles, predictors  # noqa: E402

params = snakemake.params
settings = config.Ensembles.model_validate_json(params.ensembles)
about = artifacts.read(snakemake.input.samples, "samples")
dataset = about.provenance["dataset"]
classes = about.provenance["classes"]
single = predictors.read_logits(snakemake.input.logits, dataset, about.numpy("split"), classes)["single"]
seeds = single.members
provenance = {"study": params.study, "dataset": dataset, "seeds": seeds, "ensembles": settings.model_dump()}

columns = {"size": [], "ensemble": [], "seed": []}
for size in settings.sizes:
    # A stream for every size: another list of sizes leaves the ensembles of the others as they were.
    rng = np.random.default_rng([settings.seed, size])
    members = ensembles.draw_members(seeds, size, settings.subsets, rng)
    columns["size"].append(np.full(members.size, size))
    columns["ensemble"].append(np.repeat(np.arange(len(members)), size))
    columns["seed"].append(members.ravel())
table = {name: np.concatenate(values) for name, values in columns.items()}
artifacts.write(snakemake.output.members, "members", table, provenance)

everyone = {name: ensembles.average(values, seeds, np.array([seeds])) for name, values in single.logits.items()}
table = predictors.logits_table("ensemble", [0], everyone)
artifacts.write(snakemake.output.logits, "logits", table, provenance)
