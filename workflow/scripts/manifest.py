"""Write what made these results, where and how long it took, as JSON and as a page for the report."""

from multiview.runtime import jobs

jobs.start(snakemake)

import json
from pathlib import Path

from multiview.claims import pages
from multiview.runtime import manifest
from multiview.store import artifacts

target, params = snakemake.output, snakemake.params
folders = Path(params.logs), Path(params.benchmarks)
run = manifest.make(json.loads(params.config), json.loads(params.seeds), *folders)
artifacts.write_text(target.manifest, json.dumps(run, indent=1) + "\n")
artifacts.write_text(target.page, pages.manifest(run))

jobs.end()
