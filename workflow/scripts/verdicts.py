"""Put the verdicts of all studies into one table."""

from multiview import jobs

jobs.start(snakemake)

import pyarrow as pa  # noqa: E402

from multiview import artifacts, pages  # noqa: E402

files = [artifacts.read(path, "verdicts") for path in snakemake.input]
table = pa.concat_tables([file.table.replace_schema_metadata() for file in files])
columns = {name: table.column(name).to_pylist() for name in table.column_names}
provenance = {"studies": {file.provenance["study"]: file.provenance for file in files}}
artifacts.write(snakemake.output.table, "verdicts", columns, provenance)
with artifacts.replacing(snakemake.output.page) as temporary:
    temporary.write_text(pages.verdicts(table.to_pylist()))
