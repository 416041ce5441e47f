"""Put our accuracies on images beside the paper's headline."""

from multiview.runtime import jobs

jobs.start(snakemake)

from multiview.claims import headline, pages
from multiview.store import artifacts

files = [artifacts.read(path, "scores") for path in snakemake.input]
scores = {file.provenance["study"]: file.pandas() for file in files}
spreads = {file.provenance["study"]: file.provenance["spreads"] for file in files}
table = headline.table(scores, spreads)
provenance = {"studies": {file.provenance["study"]: file.provenance for file in files}}
artifacts.write(snakemake.output.table, "headline", table.to_dict("series"), provenance)
with artifacts.replacing(snakemake.output.text) as temporary:
    temporary.write_text(headline.as_markdown(table), encoding="utf-8")
with artifacts.replacing(snakemake.output.page) as temporary:
    temporary.write_text(
        pages.from_markdown("Test accuracies beside the paper's", headline.as_markdown(table)), encoding="utf-8"
    )
