# Figures: one rule each, from the tables alone.


rule figure_samples:
    input:
        samples="results/{study}/dataset/samples.parquet",
        patches="results/{study}/dataset/patches.parquet",
    output:
        svg="results/{study}/figures/samples.svg",
        png="results/{study}/figures/samples.png",
    log:
        "logs/{study}/figure_samples.log",
    conda:
        "../../envs/multiview.yaml"
    params:
        figures=canonical(settings.figures),
        code=code_digest("figures/samples.py", "figures/style.py"),
    script:
        "../scripts/figure_samples.py"


rule figure_race:
    input:
        strengths=of_every_seed("strengths"),
    output:
        svg="results/{study}/figures/race.svg",
        png="results/{study}/figures/race.png",
    log:
        "logs/{study}/figure_race.log",
    conda:
        "../../envs/multiview.yaml"
    params:
        figures=canonical(settings.figures),
        first_seed=lambda wildcards: studies[wildcards.study].first_seed,
        code=code_digest("figures/race.py", "figures/style.py"),
    script:
        "../scripts/figure_race.py"


rule figure_outcome:
    input:
        lottery="results/{study}/evaluation/lottery.parquet",
    output:
        svg="results/{study}/figures/outcome.svg",
        png="results/{study}/figures/outcome.png",
    log:
        "logs/{study}/figure_outcome.log",
    conda:
        "../../envs/multiview.yaml"
    params:
        figures=canonical(settings.figures),
        learned_ratio=settings.evaluation.learned_ratio,
        code=code_digest("figures/outcome.py", "figures/style.py"),
    script:
        "../scripts/figure_outcome.py"


rule figure_ensemble_size:
    input:
        scores="results/{study}/evaluation/scores.parquet",
        errors="results/{study}/evaluation/ensemble_errors.parquet",
        lottery="results/{study}/evaluation/lottery.parquet",
    output:
        svg="results/{study}/figures/ensemble_size.svg",
        png="results/{study}/figures/ensemble_size.png",
    log:
        "logs/{study}/figure_ensemble_size.log",
    conda:
        "../../envs/multiview.yaml"
    params:
        figures=canonical(settings.figures),
        code=code_digest("figures/ensemble_size.py", "figures/style.py", "ensembles.py"),
    script:
        "../scripts/figure_ensemble_size.py"


rule figure_lottery:
    input:
        lottery="results/{study}/evaluation/lottery.parquet",
    output:
        svg="results/{study}/figures/lottery.svg",
        png="results/{study}/figures/lottery.png",
    log:
        "logs/{study}/figure_lottery.log",
    conda:
        "../../envs/multiview.yaml"
    params:
        figures=canonical(settings.figures),
        code=code_digest("figures/lottery.py", "figures/style.py", "intervals.py"),
    script:
        "../scripts/figure_lottery.py"
