"""Draw how many views the networks of each predictor have learned."""

from multiview import jobs

jobs.start(snakemake)

from multiview import artifacts, config  # noqa: E402
from multiview.figures import style, views_learned  # noqa: E402

settings = config.Figures.model_validate_json(snakemake.params.figures)
learned = artifacts.read(snakemake.input.learned, "learned")
figure = views_learned.draw(learned.pandas(), learned.provenance["config"]["students"], settings)
style.save(figure, learned.pandas(), snakemake.output, settings)
