"""Put the images of a study through the first layers of one of its trained networks, as a dataset."""

from multiview import jobs

jobs.start(snakemake)

from pathlib import Path  # noqa: E402

import torch  # noqa: E402
from pydantic import TypeAdapter  # noqa: E402

from multiview import config, image_data, layers  # noqa: E402
from multiview.datasets import base  # noqa: E402
from multiview.networks.images import build  # noqa: E402

torch.set_num_threads(snakemake.threads)
source, params = snakemake.input, snakemake.params
settings = config.Layer.model_validate_json(params.dataset)
splits, about = base.read(source.samples, source.images, kind="images")
network = TypeAdapter(config.ImageNetwork).validate_json(params.network)
(state,) = image_data.read_networks([source.networks], [params.seed], about["dataset"]).values()
trained = build(network, torch.from_numpy(splits["train"].x.copy()), about["classes"], params.seed)
trained.load_state_dict(state)
dataset = layers.cut(trained.eval(), splits, about["classes"], settings)
provenance = {"study": params.study, "config": settings.model_dump(), "of": about["dataset"], "seed": params.seed}
base.write(Path(snakemake.output.samples).parent, dataset, provenance)
