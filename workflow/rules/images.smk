# Studies on images, from the files to the figures. Ensembles are formed by the rule that serves all studies.


IMAGES = any_of(settings.images)
PHOTOS = any_of(studies_on(*PHOTO_KINDS))


rule train_images:
    input:
        samples="results/{study}/dataset/samples.parquet",
        images=inputs_of,
        own=own_network,
    output:
        logits="results/{study}/{predictor}/seeds_{first}-{last}/logits.parquet",
        history="results/{study}/{predictor}/seeds_{first}-{last}/history.parquet",
        outcome="results/{study}/{predictor}/seeds_{first}-{last}/outcome.parquet",
        networks="results/{study}/{predictor}/seeds_{first}-{last}/networks.pt",
    log:
        "logs/{study}/{predictor}_{first}-{last}.log",
    benchmark:
        "benchmarks/{study}/{predictor}_{first}-{last}.tsv"
    wildcard_constraints:
        study=IMAGES,
        predictor=any_of([SINGLE, JOINT]),
    conda:
        "../../envs/multiview.yaml"
    resources:
        mem_mb=growing(lambda wildcards: megabytes(wildcards, wildcards.predictor)),
        runtime=at_most(lambda wildcards: minutes(wildcards, wildcards.predictor)),
        gpu=gpus_of,
        gres=gres_of,
    params:
        study="{study}",
        predictor="{predictor}",
        first_seed="{first}",
        last_seed="{last}",
        networks=lambda wildcards: studies[wildcards.study].networks_of(wildcards.predictor),
        network=lambda wildcards: canonical(studies[wildcards.study].network),
        training=lambda wildcards: canonical(studies[wildcards.study].training_of(wildcards.predictor)),
        checkpoints=placed("results/{study}/checkpoints/{predictor}/{first}-{last}"),
        lightning_logs=placed("logs/{study}/lightning"),
        code=lambda wildcards: code_of("train_images", *network_code(wildcards.study)),
    script:
        "../scripts/train_images.py"


rule label_copies:
    input:
        samples="results/{study}/dataset/samples.parquet",
        images=inputs_of,
        own=own_network,
        networks="results/{study}/{predictor}/seeds_{first}-{last}/networks.pt",
    output:
        "results/{study}/{predictor}/seeds_{first}-{last}/copies.parquet",
    log:
        "logs/{study}/{predictor}_{first}-{last}_copies.log",
    benchmark:
        "benchmarks/{study}/{predictor}_{first}-{last}_copies.tsv"
    wildcard_constraints:
        study=IMAGES,
        predictor=any_of([SINGLE, *{name: None for study in studies.values() for name in study.students}]),
    conda:
        "../../envs/multiview.yaml"
    resources:
        mem_mb=growing(lambda wildcards: requests.label_megabytes(*labelled_by(wildcards))),
        runtime=at_most(lambda wildcards: requests.label_minutes(*labelled_by(wildcards))),
        gpu=gpus_of,
        gres=gres_of,
    params:
        study="{study}",
        predictor="{predictor}",
        first_seed="{first}",
        last_seed="{last}",
        copies=lambda wildcards: studies[wildcards.study].copies,
        network=lambda wildcards: canonical(studies[wildcards.study].network),
        training=lambda wildcards: canonical(studies[wildcards.study].training),
        code=lambda wildcards: code_of("label_copies", *network_code(wildcards.study)),
    script:
        "../scripts/label_copies.py"


rule try_objectives:
    input:
        samples="results/{study}/dataset/samples.parquet",
        images=inputs_of,
        own=own_network,
        teacher=of_the_teachers(what_teachers_say, teachers_of_trials),
        start=of_the_starts("networks", teachers_of_trials),
    output:
        "results/{study}/{students}/trials/{first}-{last}.parquet",
    log:
        "logs/{study}/{students}_trials_{first}-{last}.log",
    benchmark:
        "benchmarks/{study}/{students}_trials_{first}-{last}.tsv"
    wildcard_constraints:
        study=IMAGES,
    conda:
        "../../envs/multiview.yaml"
    resources:
        mem_mb=growing(lambda wildcards: megabytes(wildcards, wildcards.students)),
        runtime=at_most(lambda wildcards: minutes(wildcards, wildcards.students)),
        gpu=gpus_of,
        gres=gres_of,
    params:
        study="{study}",
        students="{students}",
        trials=lambda wildcards: json.dumps(tried_by(wildcards)),
        teacher=lambda wildcards: students_of(wildcards).teacher,
        teachers=lambda wildcards: json.dumps(teachers_of_trials(wildcards), sort_keys=True),
        network=lambda wildcards: canonical(studies[wildcards.study].network),
        distillation=lambda wildcards: canonical(students_of(wildcards), ImageDistillation),
        copies=lambda wildcards: studies[wildcards.study].copies,
        teachers_say=what_teachers_say,
        checkpoints=placed("results/{study}/checkpoints/{students}/trials_{first}-{last}"),
        lightning_logs=placed("logs/{study}/lightning"),
        code=lambda wildcards: code_of("try_objectives", *network_code(wildcards.study)),
    script:
        "../scripts/try_objectives.py"


rule choose_objective:
    input:
        samples="results/{study}/dataset/samples.parquet",
        trials=lambda wildcards: plan.trial_files(wildcards.study, wildcards.students),
    output:
        "results/{study}/{students}/choice.parquet",
    log:
        "logs/{study}/{students}_choice.log",
    benchmark:
        "benchmarks/{study}/{students}_choice.tsv"
    wildcard_constraints:
        study=IMAGES,
    conda:
        "../../envs/multiview.yaml"
    params:
        code=code_of("choose_objective"),
    script:
        "../scripts/choose_objective.py"


rule distil_images:
    input:
        samples="results/{study}/dataset/samples.parquet",
        images=inputs_of,
        own=own_network,
        teacher=of_the_teachers(what_teachers_say),
        start=of_the_starts("networks"),
        choice=lambda wildcards: plan.choice_files(wildcards.study, wildcards.students),
    output:
        logits="results/{study}/{students}/seeds_{first}-{last}/logits.parquet",
        history="results/{study}/{students}/seeds_{first}-{last}/history.parquet",
        outcome="results/{study}/{students}/seeds_{first}-{last}/outcome.parquet",
        networks="results/{study}/{students}/seeds_{first}-{last}/networks.pt",
    log:
        "logs/{study}/{students}_{first}-{last}.log",
    benchmark:
        "benchmarks/{study}/{students}_{first}-{last}.tsv"
    wildcard_constraints:
        study=IMAGES,
    conda:
        "../../envs/multiview.yaml"
    resources:
        mem_mb=growing(lambda wildcards: megabytes(wildcards, wildcards.students)),
        runtime=at_most(lambda wildcards: minutes(wildcards, wildcards.students)),
        gpu=gpus_of,
        gres=gres_of,
    params:
        study="{study}",
        students="{students}",
        teacher=lambda wildcards: students_of(wildcards).teacher,
        teachers=lambda wildcards: json.dumps(teachers_of(wildcards)),
        network=lambda wildcards: canonical(studies[wildcards.study].network),
        distillation=lambda wildcards: canonical(students_of(wildcards), ImageDistillation),
        copies=lambda wildcards: studies[wildcards.study].copies,
        teachers_say=what_teachers_say,
        checkpoints=placed("results/{study}/checkpoints/{students}/{first}-{last}"),
        lightning_logs=placed("logs/{study}/lightning"),
        code=lambda wildcards: code_of("distil_images", *network_code(wildcards.study)),
    script:
        "../scripts/distil_images.py"


rule headline:
    input:
        expand("results/{study}/evaluation/scores.parquet", study=settings.photos),
    output:
        table="results/headline.parquet",
        text="results/headline.md",
        page=report(
            "results/headline.html",
            caption="../report/headline.rst",
            category="6 Images",
            labels={"study": "all", "figure": "headline table"},
        ),
    log:
        "logs/headline.log",
    benchmark:
        "benchmarks/headline.tsv"
    conda:
        "../../envs/multiview.yaml"
    params:
        code=code_of("headline"),
    script:
        "../scripts/headline.py"
