# Pictures with two known views (`dataset.kind: paired`): their data and evaluation. Training is that of all images.


PAIRS = any_of(settings.pairs)


rule paired_dataset:
    input:
        train=files_of_images("train"),
        test=files_of_images("test"),
    output:
        samples="results/{study}/dataset/samples.parquet",
        images="results/{study}/dataset/images.parquet",
    log:
        "logs/{study}/images.log",
    benchmark:
        "benchmarks/{study}/images.tsv"
    wildcard_constraints:
        study=PAIRS,
    priority: 10
    conda:
        "../../envs/multiview.yaml"
    threads: 1
    resources:
        mem_mb=growing(megabytes),
    params:
        study="{study}",
        dataset=lambda wildcards: canonical(studies[wildcards.study].dataset),
        code=lambda wildcards: code_of("dataset", dataset_code(wildcards.study)),
    script:
        "../scripts/dataset.py"


rule views_of_pairs:
    input:
        samples="results/{study}/dataset/samples.parquet",
        logits=of_every_seed("logits"),
        others=of_all_others("logits"),
    output:
        learned="results/{study}/evaluation/learned.parquet",
    log:
        "logs/{study}/views.log",
    benchmark:
        "benchmarks/{study}/views.tsv"
    wildcard_constraints:
        study=PAIRS,
    conda:
        "../../envs/multiview.yaml"
    resources:
        mem_mb=growing(megabytes_of_evaluation),
    params:
        study="{study}",
        roles=lambda wildcards: json.dumps(studies[wildcards.study].roles(), sort_keys=True),
        evaluation=canonical(settings.evaluation),
        code=code_of("views_of_pairs"),
    script:
        "../scripts/views_of_pairs.py"
