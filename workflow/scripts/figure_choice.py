"""Draw what students tried on the validation split."""

from multiview import jobs

jobs.start(snakemake)

from multiview import artifacts, config  # noqa: E402
from multiview.figures import choice, style  # noqa: E402

settings = config.Figures.model_validate_json(snakemake.params.figures)
files = zip(snakemake.params.students, snakemake.input.choices, strict=True)
tables = {name: artifacts.read(path, "choice").pandas() for name, path in files}
style.save(choice.draw(tables, settings), tables, snakemake.output, settings)
