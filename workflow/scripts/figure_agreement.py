"""Draw how often seeds agree."""

from multiview import jobs

jobs.start(snakemake)

from multiview import artifacts, config  # noqa: E402
from multiview.figures import agreement, style  # noqa: E402

settings = config.Figures.model_validate_json(snakemake.params.figures)
table = artifacts.read(snakemake.input.agreement, "agreement").pandas()
style.save(agreement.draw(table, settings), table, snakemake.output, settings)
