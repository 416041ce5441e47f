"""Write what made these results, where and how long it took."""

from multiview import jobs

jobs.start(snakemake)

import json  # noqa: E402
from pathlib import Path  # noqa: E402

from multiview import artifacts, manifest  # noqa: E402

params = snakemake.params
found = manifest.make(
    json.loads(params.config), json.loads(params.seeds), Path(params.logs), Path(params.benchmarks)
)
with artifacts.replacing(snakemake.output[0]) as temporary:
    temporary.write_text(json.dumps(found, indent=1) + "\n")
