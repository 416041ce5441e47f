"""Write what the single networks and the ensembles of a family's rows lose against those of its first row."""

from multiview.runtime import jobs

jobs.start(snakemake)

from multiview.claims import families
from multiview.measure import errors
from multiview.predictors.logits import read_logits, training_accuracy
from multiview.store import artifacts

source, params, target = snakemake.input, snakemake.params, snakemake.output
rows, provenance = {}, {"study": params.family, "studies": {}}
for row in params.rows:
    about = artifacts.read(source[f"{row}_samples"], "samples")
    dataset, classes = about.provenance["dataset"], about.provenance["classes"]
    names, labels = about.numpy("split"), about.numpy("label")
    logits = read_logits(source[f"{row}_logits"], dataset, names, classes)
    seeds = logits["single"].members
    expect = {"dataset": dataset, "seeds": seeds}
    table = artifacts.read(source[f"{row}_members"], "members", expect).pandas()
    largest = table[table["size"] == table["size"].max()]
    members = largest["seed"].to_numpy().reshape(largest["ensemble"].nunique(), -1)
    split = errors.main_split(list(names))
    label = labels[names == split]
    single, ensemble, _ = errors.measure({split: label}, logits, {members.shape[1]: members}, {}, members.shape[1])
    fitted = training_accuracy(logits, names, labels)["single"]
    rows[row] = families.Row(label, {"single": single, "ensemble": ensemble}, fitted)
    provenance["studies"][about.provenance["study"]] = about.provenance["config"]
table, measured = families.loss_tables(params.family, rows, params.more_training)
artifacts.write(target.table, "losses", table.to_dict("series"), provenance)
artifacts.write(target.measures, "measures", measured.to_dict("series"), provenance)

jobs.end()
