"""Draw the accuracy over the size of the ensemble."""

from multiview import jobs

jobs.start(snakemake)

from multiview import artifacts, config  # noqa: E402
from multiview.figures import accuracy_over_size, style  # noqa: E402

settings = config.Figures.model_validate_json(snakemake.params.figures)
scores = artifacts.read(snakemake.input.scores, "image_scores").pandas()
errors = artifacts.read(snakemake.input.errors, "ensemble_errors").pandas()
figure = accuracy_over_size.draw(scores, errors, settings)
style.save(figure, {"image_scores": scores, "ensemble_errors": errors}, snakemake.output, settings)
