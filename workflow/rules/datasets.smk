# Data: from the config to the splits of every study.


rule dataset:
    output:
        samples="results/{study}/dataset/samples.parquet",
        patches="results/{study}/dataset/patches.parquet",
        views="results/{study}/dataset/views.parquet",
    log:
        "logs/{study}/dataset.log",
    benchmark:
        "benchmarks/{study}/dataset.tsv"
    wildcard_constraints:
        study=any_of(settings.theory),
    conda:
        "../../envs/multiview.yaml"
    resources:
        mem_mb=growing(megabytes),
    params:
        study="{study}",
        dataset=lambda wildcards: canonical(studies[wildcards.study].dataset),
        code=lambda wildcards: code_of("dataset", dataset_code(wildcards.study)),
    script:
        "../scripts/dataset.py"
