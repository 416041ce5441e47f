"""Draw what excites the channels that matter most."""

from multiview import jobs

jobs.start(snakemake.log[0])

from multiview import artifacts, config  # noqa: E402
from multiview.figures import exciting, style  # noqa: E402

settings = config.Figures.model_validate_json(snakemake.params.figures)
file = artifacts.read(snakemake.input.exciting, "exciting")
figure = exciting.draw(file.pandas(), file.provenance["shape"], settings)
style.save(figure, file.pandas(), snakemake.output, settings)
