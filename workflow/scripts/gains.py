"""Write what the ensemble gains in each study of a family, and beside it."""

from multiview.runtime import jobs

jobs.start(snakemake)

import json

from multiview.claims import families
from multiview.store import artifacts

files = [artifacts.read(path, "scores") for path in snakemake.input]
places = map(tuple, json.loads(snakemake.params.places))
table = families.gain_table({place: file.pandas() for place, file in zip(places, files, strict=True)})
provenance = {"study": snakemake.params.family, "studies": {f.provenance["study"]: f.provenance for f in files}}
artifacts.write(snakemake.output.table, "gains", table.to_dict("series"), provenance)

jobs.end()
