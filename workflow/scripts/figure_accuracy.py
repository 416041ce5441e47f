"""Draw accuracy, gain and calibration of every predictor."""

from multiview import jobs

jobs.start(snakemake)

from multiview import artifacts, config  # noqa: E402
from multiview.figures import accuracy, style  # noqa: E402

settings = config.Figures.model_validate_json(snakemake.params.figures)
scores = artifacts.read(snakemake.input.scores, "image_scores")
figure = accuracy.draw(scores.pandas(), scores.provenance["config"]["students"], settings)
style.save(figure, scores.pandas(), snakemake.output, settings)
