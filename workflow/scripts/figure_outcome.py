"""Draw the outcome of all races."""

from multiview import jobs

jobs.start(snakemake)

from multiview import artifacts, config  # noqa: E402
from multiview.figures import outcome, style  # noqa: E402

settings = config.Figures.model_validate_json(snakemake.params.figures)
table = artifacts.read(snakemake.input.lottery, "lottery").pandas()
figure = outcome.draw(table, float(snakemake.params.learned_ratio), settings)
style.save(figure, table, snakemake.output, settings)
