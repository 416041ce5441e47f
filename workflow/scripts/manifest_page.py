"""Make a page of the manifest, for the report."""

from multiview.runtime import jobs

jobs.start(snakemake)

import json
from pathlib import Path

from multiview.claims import pages
from multiview.store import artifacts

found = json.loads(Path(snakemake.input[0]).read_text(encoding="utf-8"))
with artifacts.replacing(snakemake.output[0]) as temporary:
    temporary.write_text(pages.manifest(found), encoding="utf-8")
