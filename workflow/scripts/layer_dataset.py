"""Put the images of a study through the first layers of one of its trained networks, as a dataset."""

from multiview.runtime import jobs

jobs.start(snakemake, frames=False)

from pathlib import Path

import torch
from pydantic import TypeAdapter

from multiview import config
from multiview.data import base, layer, tensors
from multiview.networks.registry import build

torch.set_num_threads(snakemake.threads)
source, params = snakemake.input, snakemake.params
settings = config.Layer.model_validate_json(params.dataset)
splits, about = base.read(source.samples, source.images)
network = TypeAdapter(config.ImageNetwork).validate_json(params.network)
(state,) = tensors.read_networks(source.networks, [params.seed], about["dataset"]).values()
trained = build(network, torch.from_numpy(splits["train"].x.copy()), about["classes"], params.seed)
trained.load_state_dict(state)
dataset = layer.cut(trained.eval(), splits, about["classes"], settings)
provenance = {"study": params.study, "config": settings.model_dump(), "of": about["dataset"], "seed": params.seed}
base.write(Path(snakemake.output.samples).parent, dataset, provenance)

jobs.end()
