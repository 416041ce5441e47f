"""Write how alike the features of a study's seeds are, and what excites them."""

from multiview.runtime import jobs

jobs.start(snakemake)

import pandas as pd
import torch
from pydantic import TypeAdapter

from multiview import config
from multiview.data import tensors
from multiview.measure import features
from multiview.networks.registry import build
from multiview.store import artifacts

torch.set_num_threads(snakemake.threads)
source, target, params = snakemake.input, snakemake.output, snakemake.params
network = TypeAdapter(config.ImageNetwork).validate_json(params.network)
settings = config.Features.model_validate_json(params.features)
data = tensors.read(source.samples, source.images)
train, test = ((data.images[split], data.labels[split]) for split in ("train", "test"))
states = tensors.read_networks(source.networks, params.seeds, data.digest)
seen, excited = {True: {}, False: {}}, []
for seed in params.seeds:
    model = build(network, train[0], data.about["classes"], seed).eval()
    seen[False][seed] = features.embed(model, test[0]).numpy()
    model.load_state_dict(states[seed])
    model.requires_grad_(False)
    seen[True][seed] = features.embed(model, test[0]).numpy()
    if seed in params.seeds[: settings.seeds]:
        for class_ in settings.classes:
            excited += features.exciting_rows(model, seed, class_, train, test, settings)
similar = [row for trained, by_seed in seen.items() for row in features.similarity_rows(by_seed, trained)]
provenance = {"study": params.study, "dataset": data.digest, "seeds": params.seeds}
provenance |= {"shape": data.about["shape"], "config": settings.model_dump()}
artifacts.write(target.similarity, "similarity", pd.DataFrame(similar).to_dict("series"), provenance)
table = pd.DataFrame(excited).sort_values(["class", "seed", "rank"]).to_dict("list")
artifacts.write(target.exciting, "exciting", table, provenance)

jobs.end()
