# Data: from the config to the splits of every study.


rule dataset:
    output:
        **files_in("results/{study}/dataset", "samples", "patches", "views"),
    log:
        "logs/{study}/dataset.log",
    benchmark:
        "benchmarks/{study}/dataset.tsv"
    wildcard_constraints:
        study=any_of(settings.theory),
    priority: 10  # 10: what others wait for; 7: theory; 5: other data and trainings, figures; 0: the rest
    conda:
        "../../envs/multiview.yaml"
    resources:
        mem_mb=growing(megabytes),
    params:
        script="dataset",
        study="{study}",
        dataset=lambda wildcards: canonical(studies[wildcards.study].dataset),
        code=lambda wildcards: code_of("dataset", f"multiview/data/{studies[wildcards.study].dataset.module}.py"),
    script:
        "../scripts/{params.script}.py"


use rule dataset as image_dataset with:
    input:
        train=files_of_images("train"),
        test=files_of_images("test"),
    output:
        **files_in("results/{study}/dataset", "samples", "images"),
    wildcard_constraints:
        study=any_of(ON_FILES),


use rule dataset as gaussian_dataset with:
    output:
        **files_in("results/{study}/dataset", "samples", "inputs"),
    wildcard_constraints:
        study=any_of(studies_on("gaussian")),
    priority: 5


use rule dataset as layer_dataset with:
    input:
        samples=lambda wildcards: f"results/{layered(wildcards)}/dataset/samples.parquet",
        images=lambda wildcards: f"results/{layered(wildcards)}/dataset/images.parquet",
        networks=lambda wildcards: plan.files(
            layered(wildcards), SINGLE, "networks", [studies[layered(wildcards)].first_seed]
        ),
    output:
        **files_in("results/{study}/dataset", "samples", "inputs"),
    wildcard_constraints:
        study=any_of(studies_on("layer")),
    priority: 5
    params:
        script="layer_dataset",
        network=lambda wildcards: canonical(studies[layered(wildcards)].network),
        seed=lambda wildcards: studies[layered(wildcards)].first_seed,
        code=lambda wildcards: code_of("layer_dataset", *network_code(layered(wildcards))),
