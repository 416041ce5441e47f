# Studies on images, from the files to the figures. Ensembles are formed by the rule that serves all studies.


IMAGES = any_of(settings.images)
CHECKPOINTS_OF_TRIALS = placed("results/{study}/checkpoints/{students}/trials_{first}-{last}")

IMAGES_AND_NETWORK = {
    "samples": "results/{study}/dataset/samples.parquet",
    "images": lambda wildcards: (
        f"results/{wildcards.study}/dataset/{studies[wildcards.study].dataset.artifact}.parquet"
    ),
    # The user's own files with the network, if there are any. Of these the code counts, see `network_code`.
    "own": lambda wildcards: [ancient(file) for file in of_the_user(studies[wildcards.study].network.files)],
}


use rule train as train_images with:
    input:
        **IMAGES_AND_NETWORK,
    output:
        **files_in(TRAINED, "logits", "history", "outcome", "networks"),
    wildcard_constraints:
        study=IMAGES,
        predictor=any_of([SINGLE, JOINT]),
    priority: 5
    params:
        script="train_images",
        lightning_logs=placed("logs/{study}/lightning"),
        code=lambda wildcards: code_of("train_images", *network_code(wildcards.study)),


use rule train as label_copies with:
    input:
        **IMAGES_AND_NETWORK,
        networks=f"{TRAINED}/networks.pt",
    output:
        f"{TRAINED}/copies.parquet",
    log:
        "logs/{study}/{predictor}_{first}-{last}_copies.log",
    benchmark:
        "benchmarks/{study}/{predictor}_{first}-{last}_copies.tsv"
    wildcard_constraints:
        study=IMAGES,
        predictor=f"{SINGLE}|{STUDENTS}",
    priority: 5
    resources:
        mem_mb=growing(lambda wildcards: resources.label_megabytes(*labelled_by(wildcards))),
        runtime=at_most(lambda wildcards: resources.label_minutes(*labelled_by(wildcards))),
        gpu=gpus_of,
        gres=gres_of,
    params:
        script="label_copies",
        checkpoints=None,  # none of its own
        copies=lambda wildcards: studies[wildcards.study].copies,
        training=lambda wildcards: canonical(studies[wildcards.study].training),
        code=lambda wildcards: code_of("label_copies", *network_code(wildcards.study)),


use rule distil as distil_images with:
    input:
        **IMAGES_AND_NETWORK,
        teacher=for_students(plan.files_of_what_teachers_say),
        start=for_students(plan.start_files, "networks"),
        choice=lambda wildcards: plan.choice_files(wildcards.study, wildcards.students),
    output:
        **files_in(STUDENTS_FOLDER, "logits", "history", "outcome", "networks"),
    wildcard_constraints:
        study=IMAGES,
    priority: 5
    params:
        script="distil_images",
        distillation=lambda wildcards: canonical(students_of(wildcards), ImageDistillation),
        copies=lambda wildcards: studies[wildcards.study].copies,
        teachers_say=lambda wildcards: plan.what_teachers_say(wildcards.study, wildcards.students),
        # No input: with these, no student is trained twice; without, it is trained to the same numbers.
        tried=lambda wildcards: [
            CHECKPOINTS_OF_TRIALS.format(study=wildcards.study, students=wildcards.students, first=a, last=b)
            for a, b in studies[wildcards.study].trial_chunks(wildcards.students)
        ],
        lightning_logs=placed("logs/{study}/lightning"),
        code=lambda wildcards: code_of("distil_images", *network_code(wildcards.study)),


use rule distil_images as try_objectives with:
    input:
        **IMAGES_AND_NETWORK,
        teacher=for_students(plan.files_of_what_teachers_say, seeds=seeds_of_trials),
        start=for_students(plan.start_files, "networks", seeds=seeds_of_trials),
    output:
        "results/{study}/{students}/trials/{first}-{last}.parquet",
    log:
        "logs/{study}/{students}_trials_{first}-{last}.log",
    benchmark:
        "benchmarks/{study}/{students}_trials_{first}-{last}.tsv"
    params:
        script="try_objectives",
        trials=lambda wildcards: json.dumps(tried_by(wildcards)),
        teachers=lambda wildcards: teachers_of(wildcards, seeds_of_trials),
        checkpoints=CHECKPOINTS_OF_TRIALS,
        tried=[],
        code=lambda wildcards: code_of("try_objectives", *network_code(wildcards.study)),


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
    priority: 10  # students wait for it
    localrule: True
    conda:
        "../../envs/multiview.yaml"
    params:
        code=code_of("choose_objective"),
    script:
        "../scripts/choose_objective.py"


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
    localrule: True
    conda:
        "../../envs/multiview.yaml"
    params:
        code=code_of("headline"),
    script:
        "../scripts/headline.py"
