# Where ensembles do not work this way (Section 5): data without views, layers of networks as data, models that learn
# no features. Their training and evaluation is that of all studies; here is what holds studies against one another.


rule gains:
    input:
        lambda wildcards: [plan.table(study, "scores") for study in plan.places(wildcards.family)],
    output:
        table="results/{family}/evaluation/gains.parquet",
    log:
        "logs/{family}/gains.log",
    benchmark:
        "benchmarks/{family}/gains.tsv"
    wildcard_constraints:
        family=any_of(settings.families),
    localrule: True
    conda:
        "../../envs/multiview.yaml"
    params:
        family="{family}",
        places=lambda wildcards: json.dumps(list(plan.places(wildcards.family).values())),
        code=code_of("gains"),
    script:
        "../scripts/gains.py"


rule losses:
    input:
        unpack(lambda wildcards: plan.files_of_rows(wildcards.family)),
    output:
        table="results/{family}/evaluation/losses.parquet",
        measures="results/{family}/evaluation/measures.parquet",
    log:
        "logs/{family}/losses.log",
    benchmark:
        "benchmarks/{family}/losses.tsv"
    wildcard_constraints:
        family=any_of(settings.families),
    conda:
        "../../envs/multiview.yaml"
    resources:
        mem_mb=growing(8000),
    params:
        family="{family}",
        rows=lambda wildcards: list(settings.families[wildcards.family].rows),
        terms=claim.digest("layers"),
        more_training=lambda wildcards: plan.more_training(wildcards.family),
        code=code_of("losses"),
    script:
        "../scripts/losses.py"


rule features:
    input:
        **files_in("results/{study}/dataset", "samples", "images"),
        networks=of_every_seed("networks"),
    output:
        **files_in("results/{study}/evaluation", "similarity", "exciting"),
    log:
        "logs/{study}/features.log",
    benchmark:
        "benchmarks/{study}/features.tsv"
    wildcard_constraints:
        study=any_of(studies_on(*PHOTO_KINDS)),
    conda:
        "../../envs/multiview.yaml"
    resources:
        mem_mb=growing(8000),
    params:
        study="{study}",
        seeds=lambda wildcards: studies[wildcards.study].seeds_of(SINGLE),
        network=lambda wildcards: canonical(studies[wildcards.study].network),
        features=lambda wildcards: canonical(studies[wildcards.study].features),
        code=lambda wildcards: code_of("features", *network_code(wildcards.study)),
    script:
        "../scripts/features.py"
