"""Draw the errors of several studies over the parameters in which they differ."""

from multiview import jobs

jobs.start(snakemake)

import json  # noqa: E402

from multiview import artifacts, config  # noqa: E402
from multiview.figures import style, sweep  # noqa: E402

settings = config.Figures.model_validate_json(snakemake.params.figures)
sweeps = {name: config.Sweep.model_validate(one) for name, one in json.loads(snakemake.params.sweeps).items()}
files = [artifacts.read(path, "scores") for path in snakemake.input]
scores = {file.provenance["study"]: file.pandas() for file in files}
style.save(sweep.draw(sweeps, scores, settings), scores, snakemake.output, settings)
