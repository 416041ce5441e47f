"""Put what came out of a study on one page: its verdicts and its figures."""

from multiview.runtime import jobs

jobs.start(snakemake)

from pathlib import Path

from multiview.claims import claim, pages, verdicts
from multiview.store import artifacts

measures = artifacts.read(snakemake.input.measures, "measures").pandas()
rows = verdicts.judge(measures, claim.by_name()).to_dict("records")
folder = Path(snakemake.output[0]).parent
tables = [artifacts.read(snakemake.input[kind], kind).pandas() for kind in ("fidelity", "averages")]
lines = [f"# {snakemake.params.study}", "", verdicts.as_markdown(rows), "", pages.agreement(*tables), ""]
for path in map(Path, snakemake.input.figures):
    lines += [f"![{path.stem.replace('_', ' ')}]({path.relative_to(folder)})", ""]
artifacts.write_text(snakemake.output[0], "\n".join(lines))

jobs.end()
