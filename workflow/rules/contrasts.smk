# Where ensembles do not work this way (Section 5): data without views, layers of networks as data, models that learn
# no features. Their training and evaluation is that of all studies; here are their data, and what holds studies
# against one another.


FAMILIES = any_of(settings.families)
FAMILY_CODE = code_digest("ensembles.py", "families.py", "intervals.py", "measures.py", "predictors.py")


rule gaussian_dataset:
    output:
        samples="results/{study}/dataset/samples.parquet",
        inputs="results/{study}/dataset/inputs.parquet",
    log:
        "logs/{study}/dataset.log",
    benchmark:
        "benchmarks/{study}/dataset.tsv"
    wildcard_constraints:
        study=any_of(studies_on("gaussian")),
    conda:
        "../../envs/multiview.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
    params:
        study="{study}",
        dataset=lambda wildcards: canonical(studies[wildcards.study].dataset),
        code=code_digest("datasets/base.py", "datasets/gaussian.py"),
    script:
        "../scripts/dataset.py"


rule layer_dataset:
    input:
        samples=lambda wildcards: f"results/{layered(wildcards)}/dataset/samples.parquet",
        images=lambda wildcards: f"results/{layered(wildcards)}/dataset/images.parquet",
        networks=lambda wildcards: first_network_of(layered(wildcards)),
    output:
        samples="results/{study}/dataset/samples.parquet",
        inputs="results/{study}/dataset/inputs.parquet",
    log:
        "logs/{study}/dataset.log",
    benchmark:
        "benchmarks/{study}/dataset.tsv"
    wildcard_constraints:
        study=any_of(studies_on("layer")),
    conda:
        "../../envs/multiview.yaml"
    threads: 1
    resources:
        mem_mb=growing(8000),
    params:
        study="{study}",
        dataset=lambda wildcards: canonical(studies[wildcards.study].dataset),
        network=lambda wildcards: canonical(studies[layered(wildcards)].network),
        seed=lambda wildcards: studies[layered(wildcards)].first_seed,
        code=code_digest("datasets/base.py", "image_fitting.py", "layers.py", "networks/images.py"),
    script:
        "../scripts/layer_dataset.py"


rule gains:
    input:
        files_of_family,
    output:
        table="results/{family}/evaluation/gains.parquet",
    log:
        "logs/{family}/gains.log",
    benchmark:
        "benchmarks/{family}/gains.tsv"
    wildcard_constraints:
        family=FAMILIES,
    conda:
        "../../envs/multiview.yaml"
    resources:
        mem_mb=growing(8000),
    params:
        family="{family}",
        shows="gains",
        files=lambda wildcards: json.dumps(files_by_study(wildcards.family)),
        places=lambda wildcards: json.dumps(places_in_family(wildcards.family)),
        code=FAMILY_CODE,
    script:
        "../scripts/family.py"


rule losses:
    input:
        files_of_family,
    output:
        table="results/{family}/evaluation/losses.parquet",
        measures="results/{family}/evaluation/measures.parquet",
    log:
        "logs/{family}/losses.log",
    benchmark:
        "benchmarks/{family}/losses.tsv"
    wildcard_constraints:
        family=FAMILIES,
    conda:
        "../../envs/multiview.yaml"
    resources:
        mem_mb=growing(8000),
    params:
        family="{family}",
        shows="losses",
        files=lambda wildcards: json.dumps(files_by_study(wildcards.family)),
        places=lambda wildcards: json.dumps(places_in_family(wildcards.family)),
        terms=claims.digest("layers"),
        code=FAMILY_CODE,
    script:
        "../scripts/family.py"


rule features:
    input:
        samples="results/{study}/dataset/samples.parquet",
        images="results/{study}/dataset/images.parquet",
        networks=of_every_seed("networks"),
    output:
        similarity="results/{study}/evaluation/similarity.parquet",
        exciting="results/{study}/evaluation/exciting.parquet",
    log:
        "logs/{study}/features.log",
    benchmark:
        "benchmarks/{study}/features.tsv"
    wildcard_constraints:
        study=PHOTOS,
    conda:
        "../../envs/multiview.yaml"
    threads: 1
    resources:
        mem_mb=growing(8000),
    params:
        study="{study}",
        seeds=lambda wildcards: studies[wildcards.study].seed_list,
        network=lambda wildcards: canonical(studies[wildcards.study].network),
        features=lambda wildcards: canonical(studies[wildcards.study].features),
        code=code_digest("features.py", "image_fitting.py", "networks/images.py"),
    script:
        "../scripts/features.py"


rule figure_gains:
    input:
        gains="results/{family}/evaluation/gains.parquet",
    output:
        svg=report(
            "results/{family}/figures/gains.svg",
            caption="../report/gains.rst",
            category="7 Contrasts",
            labels={"study": "{family}", "figure": "gains"},
        ),
        pdf="results/{family}/figures/gains.pdf",
        png="results/{family}/figures/gains.png",
        csv="results/{family}/figures/gains.csv",
    log:
        "logs/{family}/figure_gains.log",
    benchmark:
        "benchmarks/{family}/figure_gains.tsv"
    wildcard_constraints:
        family=FAMILIES,
    conda:
        "../../envs/multiview.yaml"
    params:
        figures=canonical(settings.figures),
        code=code_digest("figures/gains.py", "figures/style.py"),
    script:
        "../scripts/figure_gains.py"


rule figure_losses:
    input:
        losses="results/{family}/evaluation/losses.parquet",
    output:
        svg=report(
            "results/{family}/figures/losses.svg",
            caption="../report/losses.rst",
            category="7 Contrasts",
            labels={"study": "{family}", "figure": "losses"},
        ),
        pdf="results/{family}/figures/losses.pdf",
        png="results/{family}/figures/losses.png",
        csv="results/{family}/figures/losses.csv",
    log:
        "logs/{family}/figure_losses.log",
    benchmark:
        "benchmarks/{family}/figure_losses.tsv"
    wildcard_constraints:
        family=FAMILIES,
    conda:
        "../../envs/multiview.yaml"
    params:
        figures=canonical(settings.figures),
        code=code_digest("figures/losses.py", "figures/style.py"),
    script:
        "../scripts/figure_losses.py"


rule figure_comparison:
    input:
        lambda wildcards: [scores_of(study) for study in settings.comparisons[wildcards.comparison].studies],
    output:
        svg=report(
            "results/comparisons/{comparison}.svg",
            caption="../report/comparison.rst",
            category="7 Contrasts",
            labels={"study": "{comparison}", "figure": "comparison"},
        ),
        pdf="results/comparisons/{comparison}.pdf",
        png="results/comparisons/{comparison}.png",
        csv="results/comparisons/{comparison}.csv",
    log:
        "logs/comparisons/{comparison}.log",
    benchmark:
        "benchmarks/comparisons/{comparison}.tsv"
    wildcard_constraints:
        comparison=any_of(settings.comparisons),
    conda:
        "../../envs/multiview.yaml"
    params:
        figures=canonical(settings.figures),
        # Not canonical: the order of the studies is that of the panels.
        comparison=lambda wildcards: settings.comparisons[wildcards.comparison].model_dump_json(),
        code=code_digest("figures/comparison.py", "figures/style.py"),
    script:
        "../scripts/figure_comparison.py"


rule figure_similarity:
    input:
        similarity="results/{study}/evaluation/similarity.parquet",
    output:
        svg=report(
            "results/{study}/figures/similarity.svg",
            caption="../report/similarity.rst",
            category="7 Contrasts",
            labels={"study": "{study}", "figure": "similarity"},
        ),
        pdf="results/{study}/figures/similarity.pdf",
        png="results/{study}/figures/similarity.png",
        csv="results/{study}/figures/similarity.csv",
    log:
        "logs/{study}/figure_similarity.log",
    benchmark:
        "benchmarks/{study}/figure_similarity.tsv"
    wildcard_constraints:
        study=PHOTOS,
    conda:
        "../../envs/multiview.yaml"
    params:
        figures=canonical(settings.figures),
        code=code_digest("figures/similarity.py", "figures/style.py"),
    script:
        "../scripts/figure_similarity.py"


rule figure_exciting:
    input:
        exciting="results/{study}/evaluation/exciting.parquet",
    output:
        svg=report(
            "results/{study}/figures/exciting.svg",
            caption="../report/exciting.rst",
            category="7 Contrasts",
            labels={"study": "{study}", "figure": "exciting"},
        ),
        pdf="results/{study}/figures/exciting.pdf",
        png="results/{study}/figures/exciting.png",
        csv="results/{study}/figures/exciting.csv",
    log:
        "logs/{study}/figure_exciting.log",
    benchmark:
        "benchmarks/{study}/figure_exciting.tsv"
    wildcard_constraints:
        study=PHOTOS,
    conda:
        "../../envs/multiview.yaml"
    params:
        figures=canonical(settings.figures),
        code=code_digest("figures/exciting.py", "figures/style.py"),
    script:
        "../scripts/figure_exciting.py"
