"""Draw what single networks and ensembles lose in each row of a family."""

from multiview import jobs

jobs.start(snakemake)

from multiview import artifacts, config  # noqa: E402
from multiview.figures import losses, style  # noqa: E402

settings = config.Figures.model_validate_json(snakemake.params.figures)
table = artifacts.read(snakemake.input.losses, "losses").pandas()
style.save(losses.draw(table, settings), table, snakemake.output, settings)
