# Training: one job a chunk of seeds. A job that is killed leaves checkpoints in a folder that is no output
# (Snakemake deletes the outputs of failed jobs), from which the next one carries on.


SINGLE = "results/{study}/single/seeds_{first}-{last}"


rule train:
    input:
        samples="results/{study}/dataset/samples.parquet",
        inputs="results/{study}/dataset/inputs.parquet",
        patches="results/{study}/dataset/patches.parquet",
        views="results/{study}/dataset/views.parquet",
    output:
        logits=f"{SINGLE}/logits.parquet",
        history=f"{SINGLE}/history.parquet",
        outcome=f"{SINGLE}/outcome.parquet",
        strengths=f"{SINGLE}/strengths.parquet",
        start=f"{SINGLE}/start.parquet",
        weights=f"{SINGLE}/weights.parquet",
    log:
        "logs/{study}/train_{first}-{last}.log",
    benchmark:
        "benchmarks/{study}/train_{first}-{last}.tsv"
    conda:
        "../../envs/multiview.yaml"
    threads: 1
    resources:
        mem_mb=4000,
    params:
        study="{study}",
        first_seed="{first}",
        last_seed="{last}",
        network=lambda wildcards: canonical(studies[wildcards.study].network),
        training=lambda wildcards: canonical(studies[wildcards.study].training),
        checkpoints="results/{study}/checkpoints",
        training_code=code_digest("training.py", "networks/two_layer.py"),
        code=code_digest("lottery.py", "predictors.py", "records.py"),
    script:
        "../scripts/train.py"
