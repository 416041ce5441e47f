"""Draw what the ensemble gains in each cell of a family."""

from multiview import jobs

jobs.start(snakemake.log[0])

from multiview import artifacts, config  # noqa: E402
from multiview.figures import gains, style  # noqa: E402

settings = config.Figures.model_validate_json(snakemake.params.figures)
figure = gains.draw(artifacts.read(snakemake.input.gains, "gains").pandas(), settings)
style.save(figure, snakemake.output.svg, snakemake.output.png, settings)
