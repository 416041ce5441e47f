# Figures: one rule each, from the tables alone.


rule figure_samples:
    input:
        samples="results/{study}/dataset/samples.parquet",
        patches="results/{study}/dataset/patches.parquet",
    output:
        svg=report(
            "results/{study}/figures/samples.svg",
            caption="../report/samples.rst",
            category="2 The data",
            labels={"study": "{study}", "figure": "samples"},
        ),
        pdf="results/{study}/figures/samples.pdf",
        png="results/{study}/figures/samples.png",
        csv="results/{study}/figures/samples.csv",
    log:
        "logs/{study}/figure_samples.log",
    benchmark:
        "benchmarks/{study}/figure_samples.tsv"
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
        svg=report(
            "results/{study}/figures/race.svg",
            caption="../report/race.rst",
            category="3 The race",
            labels={"study": "{study}", "figure": "race"},
        ),
        pdf="results/{study}/figures/race.pdf",
        png="results/{study}/figures/race.png",
        csv="results/{study}/figures/race.csv",
    log:
        "logs/{study}/figure_race.log",
    benchmark:
        "benchmarks/{study}/figure_race.tsv"
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
        svg=report(
            "results/{study}/figures/outcome.svg",
            caption="../report/outcome.rst",
            category="3 The race",
            labels={"study": "{study}", "figure": "outcome"},
        ),
        pdf="results/{study}/figures/outcome.pdf",
        png="results/{study}/figures/outcome.png",
        csv="results/{study}/figures/outcome.csv",
    log:
        "logs/{study}/figure_outcome.log",
    benchmark:
        "benchmarks/{study}/figure_outcome.tsv"
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
        svg=report(
            "results/{study}/figures/ensemble_size.svg",
            caption="../report/ensemble_size.rst",
            category="4 Ensembles",
            labels={"study": "{study}", "figure": "ensemble size"},
        ),
        pdf="results/{study}/figures/ensemble_size.pdf",
        png="results/{study}/figures/ensemble_size.png",
        csv="results/{study}/figures/ensemble_size.csv",
    log:
        "logs/{study}/figure_ensemble_size.log",
    benchmark:
        "benchmarks/{study}/figure_ensemble_size.tsv"
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
        svg=report(
            "results/{study}/figures/lottery.svg",
            caption="../report/lottery.rst",
            category="3 The race",
            labels={"study": "{study}", "figure": "lottery"},
        ),
        pdf="results/{study}/figures/lottery.pdf",
        png="results/{study}/figures/lottery.png",
        csv="results/{study}/figures/lottery.csv",
    log:
        "logs/{study}/figure_lottery.log",
    benchmark:
        "benchmarks/{study}/figure_lottery.tsv"
    conda:
        "../../envs/multiview.yaml"
    params:
        figures=canonical(settings.figures),
        code=code_digest("figures/lottery.py", "figures/style.py", "intervals.py"),
    script:
        "../scripts/figure_lottery.py"


rule figure_error_over_mu:
    input:
        scores="results/{study}/evaluation/scores.parquet",
    output:
        svg=report(
            "results/{study}/figures/error_over_mu.svg",
            caption="../report/error_over_mu.rst",
            category="5 Students",
            labels={"study": "{study}", "figure": "error over mu"},
        ),
        pdf="results/{study}/figures/error_over_mu.pdf",
        png="results/{study}/figures/error_over_mu.png",
        csv="results/{study}/figures/error_over_mu.csv",
    log:
        "logs/{study}/figure_error_over_mu.log",
    benchmark:
        "benchmarks/{study}/figure_error_over_mu.tsv"
    conda:
        "../../envs/multiview.yaml"
    params:
        figures=canonical(settings.figures),
        code=code_digest("figures/error_over_mu.py", "figures/style.py"),
    script:
        "../scripts/figure_error_over_mu.py"


rule figure_views_learned:
    input:
        learned="results/{study}/evaluation/learned.parquet",
    output:
        svg=report(
            "results/{study}/figures/views_learned.svg",
            caption="../report/views_learned.rst",
            category="5 Students",
            labels={"study": "{study}", "figure": "views learned"},
        ),
        pdf="results/{study}/figures/views_learned.pdf",
        png="results/{study}/figures/views_learned.png",
        csv="results/{study}/figures/views_learned.csv",
    log:
        "logs/{study}/figure_views_learned.log",
    benchmark:
        "benchmarks/{study}/figure_views_learned.tsv"
    conda:
        "../../envs/multiview.yaml"
    params:
        figures=canonical(settings.figures),
        code=code_digest("figures/views_learned.py", "figures/style.py"),
    script:
        "../scripts/figure_views_learned.py"


rule figure_dark_knowledge:
    input:
        dark_knowledge="results/{study}/evaluation/dark_knowledge.parquet",
    output:
        svg=report(
            "results/{study}/figures/dark_knowledge.svg",
            caption="../report/dark_knowledge.rst",
            category="5 Students",
            labels={"study": "{study}", "figure": "dark knowledge"},
        ),
        pdf="results/{study}/figures/dark_knowledge.pdf",
        png="results/{study}/figures/dark_knowledge.png",
        csv="results/{study}/figures/dark_knowledge.csv",
    log:
        "logs/{study}/figure_dark_knowledge.log",
    benchmark:
        "benchmarks/{study}/figure_dark_knowledge.tsv"
    conda:
        "../../envs/multiview.yaml"
    params:
        figures=canonical(settings.figures),
        code=code_digest("figures/dark_knowledge.py", "figures/style.py"),
    script:
        "../scripts/figure_dark_knowledge.py"


rule figure_student_race:
    input:
        unpack(of_every_predictor("strengths")),
    output:
        svg=report(
            "results/{study}/figures/student_race.svg",
            caption="../report/student_race.rst",
            category="5 Students",
            labels={"study": "{study}", "figure": "student race"},
        ),
        pdf="results/{study}/figures/student_race.pdf",
        png="results/{study}/figures/student_race.png",
        csv="results/{study}/figures/student_race.csv",
    log:
        "logs/{study}/figure_student_race.log",
    benchmark:
        "benchmarks/{study}/figure_student_race.tsv"
    conda:
        "../../envs/multiview.yaml"
    params:
        figures=canonical(settings.figures),
        student=lambda wildcards: first_student(wildcards.study),
        students=lambda wildcards: sorted(studies[wildcards.study].students),
        code=code_digest("figures/student_race.py", "figures/style.py"),
    script:
        "../scripts/figure_student_race.py"


rule figure_generations:
    input:
        scores="results/{study}/evaluation/scores.parquet",
    output:
        svg=report(
            "results/{study}/figures/generations.svg",
            caption="../report/generations.rst",
            category="5 Students",
            labels={"study": "{study}", "figure": "generations"},
        ),
        pdf="results/{study}/figures/generations.pdf",
        png="results/{study}/figures/generations.png",
        csv="results/{study}/figures/generations.csv",
    log:
        "logs/{study}/figure_generations.log",
    benchmark:
        "benchmarks/{study}/figure_generations.tsv"
    conda:
        "../../envs/multiview.yaml"
    params:
        figures=canonical(settings.figures),
        code=code_digest("figures/generations.py", "figures/style.py"),
    script:
        "../scripts/figure_generations.py"


rule figure_sweep:
    input:
        expand("results/{study}/evaluation/scores.parquet", study=swept_studies()),
    output:
        svg=report(
            "results/sweep.svg",
            caption="../report/sweep.rst",
            category="5 Students",
            labels={"study": "sweep", "figure": "sweep"},
        ),
        pdf="results/sweep.pdf",
        png="results/sweep.png",
        csv="results/sweep.csv",
    log:
        "logs/figure_sweep.log",
    benchmark:
        "benchmarks/figure_sweep.tsv"
    conda:
        "../../envs/multiview.yaml"
    params:
        figures=canonical(settings.figures),
        sweeps=json.dumps({name: one.model_dump() for name, one in settings.sweeps.items()}, sort_keys=True),
        code=code_digest("figures/sweep.py", "figures/style.py"),
    script:
        "../scripts/figure_sweep.py"
