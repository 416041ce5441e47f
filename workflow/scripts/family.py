"""Hold the single networks and the ensembles of a family's studies against one another."""

from multiview.runtime import jobs

jobs.start(snakemake)

import json

from multiview.claims import families
from multiview.measure.errors import main_split
from multiview.predictors.logits import read_logits, training_accuracy
from multiview.store import artifacts

params, target = snakemake.params, snakemake.output
pairs, provenance = {}, {"study": params.family, "studies": {}}
for study, files in json.loads(params.files).items():
    about = artifacts.read(*files["samples"], "samples")
    dataset, classes = about.provenance["dataset"], about.provenance["classes"]
    single = read_logits(files["logits"], dataset, about.numpy("split"), classes)["single"]
    drawn = artifacts.read(*files["members"], "members", expect={"dataset": dataset, "seeds": single.members})
    table = drawn.pandas()
    largest = table[table["size"] == table["size"].max()]
    members = largest["seed"].to_numpy().reshape(largest["ensemble"].nunique(), -1)
    split = main_split(list(about.numpy("split")))
    label = about.numpy("label")[about.numpy("split") == split]
    fitted = training_accuracy({"single": single}, about.numpy("split"), about.numpy("label"))
    pairs[study] = families.Pair.of(label, single, split, members, fitted["single"])
    provenance["studies"][study] = about.provenance["config"]
places = {tuple(place): study for study, place in json.loads(params.places).items()}
pairs = {place: pairs[study] for place, study in places.items()}
if params.shows == "gains":
    table = families.gain_table(pairs)
    artifacts.write(target.table, "gains", table.to_dict("series"), provenance)
else:
    by_row = {row: pair for (row, _), pair in pairs.items()}
    table, measured = families.loss_tables(params.family, by_row, params.more_training)
    artifacts.write(target.table, "losses", table.to_dict("series"), provenance)
    artifacts.write(target.measures, "measures", measured.to_dict("series"), provenance)
