# Training: one job a chunk of seeds. A job that is killed leaves checkpoints in a folder that is no output
# (Snakemake deletes the outputs of failed jobs), from which the next one carries on. What the rules of studies on images
# share with these they take over from them, see `images.smk`.


TRAINED = "results/{study}/{predictor}/seeds_{first}-{last}"
STUDENTS_FOLDER = "results/{study}/{students}/seeds_{first}-{last}"
THEORY = any_of(settings.theory)


rule train:
    input:
        samples="results/{study}/dataset/samples.parquet",
    output:
        **files_in(TRAINED, "logits", "history", "outcome", "strengths", "member_strengths", "start", "weights"),
    log:
        "logs/{study}/{predictor}_{first}-{last}.log",
    benchmark:
        "benchmarks/{study}/{predictor}_{first}-{last}.tsv"
    wildcard_constraints:
        study=THEORY,
        predictor=any_of([SINGLE, JOINT]),
    priority: 7  # before images, as what comes after takes longest; short jobs fill what is left of a run's end
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
        training=lambda wildcards: canonical(studies[wildcards.study].predictors[wildcards.predictor].training),
        checkpoints=placed("results/{study}/checkpoints/{predictor}/{first}-{last}"),
        code=lambda wildcards: code_of("train", *network_code(wildcards.study)),
    script:
        "../scripts/{params.script}.py"


rule distil:
    input:
        samples="results/{study}/dataset/samples.parquet",
        teacher=for_students(plan.teacher_files, "logits"),
        start=for_students(plan.start_files, "weights"),
        own=for_students(plan.own_logits),
    output:
        **files_in(STUDENTS_FOLDER, "logits", "history", "outcome", "strengths", "weights"),
    log:
        "logs/{study}/{students}_{first}-{last}.log",
    benchmark:
        "benchmarks/{study}/{students}_{first}-{last}.tsv"
    wildcard_constraints:
        study=THEORY,
    priority: 7
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
