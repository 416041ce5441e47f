"""Draw the race of one seed."""

from multiview import jobs

jobs.start(snakemake)

from multiview import artifacts, config  # noqa: E402
from multiview.figures import race, style  # noqa: E402

settings = config.Figures.model_validate_json(snakemake.params.figures)
seed = snakemake.params.first_seed if settings.race_seed is None else settings.race_seed
files = [artifacts.read(path, "strengths").pandas() for path in snakemake.input.strengths]
table = next(file for file in files if seed in file["seed"].to_numpy())
figure = race.draw(table, seed, settings)
style.save(figure, table[table["seed"] == seed], snakemake.output, settings)
