"""Write what made these results, where and how long it took."""

from multiview.runtime import jobs

jobs.start(snakemake)

import json
from pathlib import Path

from multiview.runtime import manifest
from multiview.store import artifacts

params = snakemake.params
found = manifest.make(
    json.loads(params.config), json.loads(params.seeds), Path(params.logs), Path(params.benchmarks)
)
with artifacts.replacing(snakemake.output[0]) as temporary:
    temporary.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
