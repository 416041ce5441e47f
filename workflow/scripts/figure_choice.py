"""Draw what students tried on the validation split."""

from multiview import jobs

jobs.start(snakemake.log[0])

from multiview import artifacts, config  # noqa: E402
from multiview.figures import choice, style  # noqa: E402

settings = config.Figures.model_validate_json(snakemake.params.figures)
tables = [artifacts.read(path, "choice").pandas() for path in snakemake.input.choices]
figure = choice.draw(dict(zip(snakemake.params.students, tables, strict=True)), settings)
style.save(figure, dict(zip(snakemake.params.students, tables, strict=True)), snakemake.output, settings)
