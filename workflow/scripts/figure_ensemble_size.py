"""Draw the error over the size of the ensemble."""

from multiview import jobs

jobs.start(snakemake)

from multiview import artifacts, config  # noqa: E402
from multiview.figures import ensemble_size, style  # noqa: E402

settings = config.Figures.model_validate_json(snakemake.params.figures)
kinds = {"scores": "scores", "errors": "ensemble_errors", "lottery": "lottery"}
tables = {name: artifacts.read(snakemake.input[name], kind).pandas() for name, kind in kinds.items()}
figure = ensemble_size.draw(**tables, settings=settings)
style.save(figure, tables, snakemake.output, settings)
