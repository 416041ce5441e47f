"""Make a page of the manifest, for the report."""

from multiview import jobs

jobs.start(snakemake)

import json  # noqa: E402
from pathlib import Path  # noqa: E402

from multiview import artifacts, pages  # noqa: E402

found = json.loads(Path(snakemake.input[0]).read_text())
with artifacts.replacing(snakemake.output[0]) as temporary:
    temporary.write_text(pages.manifest(found))
