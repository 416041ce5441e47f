"""Draw soft labels on samples of other classes."""

from multiview import jobs

jobs.start(snakemake)

from multiview import artifacts, config  # noqa: E402
from multiview.figures import dark_knowledge, style  # noqa: E402

settings = config.Figures.model_validate_json(snakemake.params.figures)
dark = artifacts.read(snakemake.input.dark_knowledge, "dark_knowledge").pandas()
figure = dark_knowledge.draw(dark, settings)
style.save(figure, dark, snakemake.output, settings)
