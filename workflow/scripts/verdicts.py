"""Put the verdicts of all studies into one table."""

from multiview.runtime import jobs

jobs.start(snakemake)

import pandas as pd

from multiview.claims import claim, verdicts
from multiview.store import artifacts

files = [artifacts.read(path, "measures") for path in snakemake.input]
provenances = {file.provenance["study"]: file.provenance for file in files}
measures = pd.concat([file.pandas() for file in files], ignore_index=True)
together = verdicts.pooled(measures, verdicts.draws(provenances), claim.by_name())
table = verdicts.judge(pd.concat([measures, together], ignore_index=True), claim.by_name())
artifacts.write(snakemake.output.table, "verdicts", table.to_dict("series"), {"studies": provenances})
artifacts.write_text(snakemake.output.page, verdicts.as_page(table.to_dict("records")))

jobs.end()
