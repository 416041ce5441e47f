"""Draw what excites the channels that matter most."""

from multiview import jobs

jobs.start(snakemake)

import numpy as np  # noqa: E402

from multiview import artifacts, config  # noqa: E402
from multiview.figures import exciting, style  # noqa: E402

settings = config.Figures.model_validate_json(snakemake.params.figures)
file = artifacts.read(snakemake.input.exciting, "exciting")
table = file.pandas()
figure = exciting.draw(table, file.provenance["shape"], settings)
# As lists: an array is cut short when it is written as text.
listed = table.assign(x=[np.asarray(x, int).tolist() for x in table["x"]])
style.save(figure, listed, snakemake.output, settings)
