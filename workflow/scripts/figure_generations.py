"""Draw the error over the generations of self-distillation."""

from multiview import jobs

jobs.start(snakemake)

from multiview import artifacts, config  # noqa: E402
from multiview.figures import generations, style  # noqa: E402

settings = config.Figures.model_validate_json(snakemake.params.figures)
scores = artifacts.read(snakemake.input.scores, "scores")
figure = generations.draw(scores.pandas(), scores.provenance["config"]["students"], settings)
style.save(figure, scores.pandas(), snakemake.output, settings)
