"""Draw figures, all those of a study, of a family or of a comparison."""

from multiview.runtime import jobs

jobs.start(snakemake)

import json

from multiview import config
from multiview.figures import registry, style

settings = config.Figures.model_validate_json(snakemake.params.figures)
about = json.loads(snakemake.params.about)
sources = registry.Sources(dict(snakemake.input.items()))
for i, name in enumerate(snakemake.params.names):
    figure, tables = registry.make(name, sources, about, settings)
    style.save(figure, tables, {kind: paths[i] for kind, paths in snakemake.output.items()}, settings)

jobs.end()
