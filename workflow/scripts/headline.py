"""Put our accuracies on images beside the paper's headline."""

from multiview.runtime import jobs

jobs.start(snakemake)

from multiview.claims import headline, pages
from multiview.store import artifacts

files = [artifacts.read(path, "scores") for path in snakemake.input]
studies = {file.provenance["study"]: file.provenance for file in files}
scores = {file.provenance["study"]: file.pandas() for file in files}
table = headline.table(scores, {study: provenance["spreads"] for study, provenance in studies.items()})
text = headline.as_markdown(table)
artifacts.write(snakemake.output.table, "headline", table.to_dict("series"), {"studies": studies})
artifacts.write_text(snakemake.output.text, text)
artifacts.write_text(snakemake.output.page, pages.from_markdown("Test accuracies beside the paper's", text))
