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
    threads: 1
    resources:
        mem_mb=growing(megabytes),
    params:
        study="{study}",
        dataset=lambda wildcards: canonical(studies[wildcards.study].dataset),
        code=code_digest("data/base.py", "data/multi_view.py"),
    script:
        "../scripts/dataset.py"
