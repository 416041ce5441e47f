"""Draw the lottery: prediction against outcome."""

from multiview import jobs

jobs.start(snakemake)

from multiview import artifacts, config  # noqa: E402
from multiview.figures import lottery, style  # noqa: E402

settings = config.Figures.model_validate_json(snakemake.params.figures)
table = artifacts.read(snakemake.input.lottery, "lottery").pandas()
figure = lottery.draw(table, settings)
style.save(figure, table, snakemake.output, settings)
