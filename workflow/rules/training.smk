# Training: one job a chunk of seeds. A job that is killed leaves checkpoints in a folder that is no output
# (Snakemake deletes the outputs of failed jobs), from which the next one carries on. What the rules of studies on images
# share with these they take over from them, see `images.smk`.


TRAINED = "results/{study}/{predictor}/seeds_{first}-{last}"
STUDENTS_FOLDER = "results/{study}/{students}/seeds_{first}-{last}"
THEORY = any_of(settings.theory)


rule train:
    input:
        samples="results/{study}/dataset/samples.parquet",
        patches="results/{study}/dataset/patches.parquet",
        views="results/{study}/dataset/views.parquet",
    output:
        logits=f"{TRAINED}/logits.parquet",
        history=f"{TRAINED}/history.parquet",
        outcome=f"{TRAINED}/outcome.parquet",
        strengths=f"{TRAINED}/strengths.parquet",
        member_strengths=f"{TRAINED}/member_strengths.parquet",
        start=f"{TRAINED}/start.parquet",
        weights=f"{TRAINED}/weights.parquet",
    log:
        "logs/{study}/{predictor}_{first}-{last}.log",
    benchmark:
        "benchmarks/{study}/{predictor}_{first}-{last}.tsv"
    wildcard_constraints:
        study=THEORY,
        predictor=any_of([SINGLE, JOINT]),
    conda:
        "../../envs/multiview.yaml"
    resources:
        mem_mb=growing(lambda wildcards: megabytes(wildcards, wildcards.predictor)),
        runtime=at_most(lambda wildcards: minutes(wildcards, wildcards.predictor)),
        gpu=gpus_of,
        gres=gres_of,
    params:
        script="train",
        study="{study}",
        predictor="{predictor}",
        first_seed="{first}",
        last_seed="{last}",
        networks=lambda wildcards: studies[wildcards.study].networks_of(wildcards.predictor),
        network=lambda wildcards: canonical(studies[wildcards.study].network),
        training=lambda wildcards: canonical(studies[wildcards.study].training_of(wildcards.predictor)),
        checkpoints=placed("results/{study}/checkpoints/{predictor}/{first}-{last}"),
        code=lambda wildcards: code_of("train", *network_code(wildcards.study)),
    script:
        "../scripts/{params.script}.py"


rule distil:
    input:
        samples="results/{study}/dataset/samples.parquet",
        views="results/{study}/dataset/views.parquet",
        teacher=for_students(plan.teacher_files, "logits"),
        start=for_students(plan.start_files, "weights"),
        own=for_students(plan.own_logits),
    output:
        logits=f"{STUDENTS_FOLDER}/logits.parquet",
        history=f"{STUDENTS_FOLDER}/history.parquet",
        outcome=f"{STUDENTS_FOLDER}/outcome.parquet",
        strengths=f"{STUDENTS_FOLDER}/strengths.parquet",
        weights=f"{STUDENTS_FOLDER}/weights.parquet",
    log:
        "logs/{study}/{students}_{first}-{last}.log",
    benchmark:
        "benchmarks/{study}/{students}_{first}-{last}.tsv"
    wildcard_constraints:
        study=THEORY,
    conda:
        "../../envs/multiview.yaml"
    resources:
        mem_mb=growing(lambda wildcards: megabytes(wildcards, wildcards.students)),
        runtime=at_most(lambda wildcards: minutes(wildcards, wildcards.students)),
        gpu=gpus_of,
        gres=gres_of,
    params:
        script="distil",
        study="{study}",
        predictor="{students}",
        teacher=lambda wildcards: students_of(wildcards).teacher,
        teachers=teachers_of,
        network=lambda wildcards: canonical(studies[wildcards.study].network),
        distillation=lambda wildcards: canonical(students_of(wildcards), Distillation),
        checkpoints=placed("results/{study}/checkpoints/{students}/{first}-{last}"),
        code=lambda wildcards: code_of("distil", *network_code(wildcards.study)),
    script:
        "../scripts/{params.script}.py"
