"""Put our accuracies on images beside the paper's headline."""

from multiview.runtime import jobs

jobs.start(snakemake)

from multiview.claims import headline, pages
from multiview.store import artifacts

files = [artifacts.read(path, "scores") for path in snakemake.input]
studies = {file.provenance["study"]: file.provenance for file in files}
scores = {file.provenance["study"]: file.pandas() for file in files}
table = headline.table(scores, {study: provenance["spreads"] for study, provenance in studies.items()})
cells = headline.cells(table)
artifacts.write(snakemake.output.table, "headline", table.to_dict("series"), {"studies": studies})
artifacts.write_text(snakemake.output.text, pages.markdown(*cells) + "\n")
artifacts.write_text(snakemake.output.page, pages.page("Test accuracies beside the paper's", pages.table(*cells)))

jobs.end()
