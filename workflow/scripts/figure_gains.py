"""Draw what the ensemble gains in each cell of a family."""

from multiview import jobs

jobs.start(snakemake)

from multiview import artifacts, config  # noqa: E402
from multiview.figures import gains, style  # noqa: E402

settings = config.Figures.model_validate_json(snakemake.params.figures)
table = artifacts.read(snakemake.input.gains, "gains").pandas()
style.save(gains.draw(table, settings), table, snakemake.output, settings)
