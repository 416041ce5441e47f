"""Draw the errors of every predictor of several studies beside one another."""

from multiview import jobs

jobs.start(snakemake)

from multiview import artifacts, config  # noqa: E402
from multiview.figures import comparison, style  # noqa: E402

settings = config.Figures.model_validate_json(snakemake.params.figures)
section = config.Comparison.model_validate_json(snakemake.params.comparison)
kinds = ["scores" if path.endswith("/scores.parquet") else "image_scores" for path in snakemake.input]
files = [artifacts.read(path, kind) for path, kind in zip(snakemake.input, kinds, strict=True)]
scores = {file.provenance["study"]: file.pandas() for file in files}
style.save(comparison.draw(section, scores, settings), scores, snakemake.output, settings)
