"""Draw the test images that seeds disagree on."""

from multiview import jobs

jobs.start(snakemake)

from multiview import artifacts, config, predictors  # noqa: E402
from multiview.datasets import base  # noqa: E402
from multiview.figures import disputed, style  # noqa: E402

source = snakemake.input
settings = config.Figures.model_validate_json(snakemake.params.figures)
splits, about = base.read(source.samples, source.images, kind="images")
names = artifacts.read(source.samples, "samples", columns=["split"]).numpy("split")
single = predictors.read_logits(source.logits, about["dataset"], names, about["classes"])["single"]
test = splits["test"]
table = disputed.shown(test.label, single.logits["test"])
figure = disputed.draw(test.x, table, settings)
style.save(figure, table, snakemake.output, settings)
