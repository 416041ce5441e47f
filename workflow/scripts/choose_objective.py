"""Choose alpha and temperature by what students tried on the validation split."""

from multiview import jobs

jobs.start(snakemake)

import pandas as pd  # noqa: E402

from multiview import artifacts, choice  # noqa: E402

about = artifacts.read(snakemake.input.samples, "samples").provenance
expect = {"dataset": about["dataset"]}
files = [artifacts.read(path, "trials", expect=expect) for path in snakemake.input.trials]
table = choice.choose(pd.concat([file.pandas() for file in files], ignore_index=True))
artifacts.write(snakemake.output[0], "choice", table.to_dict("series"), files[0].provenance)
