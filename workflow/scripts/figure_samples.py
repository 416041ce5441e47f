"""Draw a sample of each kind."""

from multiview import jobs

jobs.start(snakemake)

from multiview import artifacts, config  # noqa: E402
from multiview.figures import samples, style  # noqa: E402

settings = config.Figures.model_validate_json(snakemake.params.figures)
tables = {kind: artifacts.read(snakemake.input[kind], kind).pandas() for kind in ("samples", "patches")}
shown = samples.shown(tables["samples"])
carried = tables["patches"].merge(shown[["split", "sample"]])
figure = samples.draw(shown, tables["patches"], settings)
style.save(figure, {"samples": shown, "patches": carried}, snakemake.output, settings)
