"""Draw how one student learns."""

from multiview import jobs

jobs.start(snakemake)

from multiview import artifacts, config  # noqa: E402
from multiview.figures import student_race, style  # noqa: E402

settings = config.Figures.model_validate_json(snakemake.params.figures)
seed = snakemake.params.student
tables, warm = {}, {}
for name in ["single", *snakemake.params.students]:
    files = [artifacts.read(path, "strengths") for path in snakemake.input[f"{name}_strengths"]]
    file = next((file for file in files if seed in file.numpy("seed")), None)
    if file is not None:
        tables[name] = file.pandas()
        warm[name] = file.provenance.get("start") == "warm"
figure = student_race.draw(tables, seed, warm, settings)
style.save(
    figure, {name: table[table["seed"] == seed] for name, table in tables.items()}, snakemake.output, settings
)
