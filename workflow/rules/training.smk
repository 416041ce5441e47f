# Training: one job a chunk of seeds. A job that is killed leaves checkpoints in a folder that is no output
# (Snakemake deletes the outputs of failed jobs), from which the next one carries on.


SINGLE = "results/{study}/single/seeds_{first}-{last}"
STUDENTS = "results/{study}/{students}/seeds_{first}-{last}"
THEORY = any_of(settings.theory)
TRAINING_CODE = ["training.py", "objectives.py", "networks/two_layer.py"]


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
    wildcard_constraints:
        study=THEORY,
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
        training_code=code_digest(*TRAINING_CODE),
        code=code_digest("fitting.py", "lottery.py", "predictors.py", "records.py"),
    script:
        "../scripts/train.py"


rule distil:
    input:
        samples="results/{study}/dataset/samples.parquet",
        inputs="results/{study}/dataset/inputs.parquet",
        views="results/{study}/dataset/views.parquet",
        teacher=of_the_teachers("logits"),
        start=of_the_starts("weights"),
    output:
        logits=f"{STUDENTS}/logits.parquet",
        history=f"{STUDENTS}/history.parquet",
        outcome=f"{STUDENTS}/outcome.parquet",
        strengths=f"{STUDENTS}/strengths.parquet",
        weights=f"{STUDENTS}/weights.parquet",
    log:
        "logs/{study}/{students}_{first}-{last}.log",
    benchmark:
        "benchmarks/{study}/{students}_{first}-{last}.tsv"
    wildcard_constraints:
        study=THEORY,
    conda:
        "../../envs/multiview.yaml"
    threads: 1
    resources:
        mem_mb=4000,
    params:
        study="{study}",
        students="{students}",
        teacher=lambda wildcards: students_of(wildcards).teacher,
        teachers=lambda wildcards: json.dumps(teachers_of(wildcards)),
        network=lambda wildcards: canonical(studies[wildcards.study].network),
        distillation=lambda wildcards: canonical(students_of(wildcards), Distillation),
        checkpoints="results/{study}/checkpoints",
        training_code=code_digest(*TRAINING_CODE),
        code=code_digest("fitting.py", "predictors.py", "records.py"),
    script:
        "../scripts/distil.py"
