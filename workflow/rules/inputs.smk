# Input functions that several rules share.


def of_every_seed(kind):
    """The files of one kind that all the training jobs of a study write."""

    def files(wildcards):
        chunks = studies[wildcards.study].chunks
        return [f"results/{wildcards.study}/single/seeds_{a}-{b}/{kind}.parquet" for a, b in chunks]

    return files
