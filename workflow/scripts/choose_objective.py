"""Choose alpha and temperature by what students tried on the validation split."""

from multiview.runtime import jobs

jobs.start(snakemake)

import pandas as pd

from multiview.store import artifacts
from multiview.training import objective_grid

about = artifacts.read(snakemake.input.samples, "samples").provenance
expect = {"dataset": about["dataset"]}
files = [artifacts.read(path, "trials", expect=expect) for path in snakemake.input.trials]
table = objective_grid.choose(pd.concat([file.pandas() for file in files], ignore_index=True))
artifacts.write(snakemake.output[0], "choice", table.to_dict("series"), files[0].provenance)

jobs.end()
