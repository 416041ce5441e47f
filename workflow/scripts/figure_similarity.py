"""Draw how alike the features of seeds are."""

from multiview import jobs

jobs.start(snakemake)

from multiview import artifacts, config  # noqa: E402
from multiview.figures import similarity, style  # noqa: E402

settings = config.Figures.model_validate_json(snakemake.params.figures)
table = artifacts.read(snakemake.input.similarity, "similarity").pandas()
style.save(similarity.draw(table, settings), table, snakemake.output, settings)
