# Data: from the config to the splits of every study. Studies with the same dataset share its files.


rule dataset:
    output:
        **files_in("results/{study}/dataset", "samples", "patches", "views"),
    log:
        "logs/{study}/dataset.log",
    benchmark:
        "benchmarks/{study}/dataset.tsv"
    wildcard_constraints:
        study=drawn(settings.theory),
    priority: 5  # 10: what others wait for; 7: theory; 5: data, trainings, figures; 0: the rest
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
        study=drawn(ON_FILES),
    # Before anything else: what is missing should be known at once.
    priority: 10


use rule dataset as gaussian_dataset with:
    output:
        **files_in("results/{study}/dataset", "samples", "inputs"),
    wildcard_constraints:
        study=drawn(studies_on("gaussian")),


use rule dataset as layer_dataset with:
    input:
        samples=lambda wildcards: plan.dataset(layered(wildcards), "samples"),
        images=lambda wildcards: plan.dataset(layered(wildcards), "images"),
        networks=lambda wildcards: plan.files(
            layered(wildcards), SINGLE, "networks", [studies[layered(wildcards)].first_seed]
        ),
    output:
        **files_in("results/{study}/dataset", "samples", "inputs"),
    wildcard_constraints:
        study=drawn(studies_on("layer")),
    params:
        script="layer_dataset",
        network=lambda wildcards: canonical(studies[layered(wildcards)].network),
        seed=lambda wildcards: studies[layered(wildcards)].first_seed,
        code=lambda wildcards: code_of("layer_dataset", *network_code(layered(wildcards))),
