# Studies on images, from the files to the figures. Ensembles are formed by the rule that serves all studies.


IMAGES = any_of(settings.images)
PHOTOS = any_of(name for name, study in settings.images.items() if study.dataset.kind in PHOTO_KINDS)
IMAGE_TRAINING_CODE = code_digest(
    "image_training.py",
    "objectives.py",
    "networks/images.py",
    "networks/linearised.py",
    "networks/own.py",
    "networks/plain.py",
    "networks/wide_resnet.py",
)
IMAGE_JOB_CODE = code_digest("image_fitting.py", "predictors.py", "choice.py")
IMAGE_EVALUATION_CODE = code_digest(
    *[
        f"{module}.py"
        for module in (
            "ensembles",
            "evaluation",
            "fidelity",
            "image_evaluation",
            "intervals",
            "measures",
            "predictors",
        )
    ]
)


rule image_dataset:
    input:
        train=files_of_images("train"),
        test=files_of_images("test"),
    output:
        samples="results/{study}/dataset/samples.parquet",
        images="results/{study}/dataset/images.parquet",
    log:
        "logs/{study}/images.log",
    benchmark:
        "benchmarks/{study}/images.tsv"
    wildcard_constraints:
        study=PHOTOS,
    # Before anything else: what is missing should be known at once.
    priority: 10
    conda:
        "../../envs/multiview.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
    params:
        study="{study}",
        dataset=lambda wildcards: canonical(studies[wildcards.study].dataset),
        code=code_digest("datasets/base.py", "datasets/hub.py", "datasets/images.py"),
    script:
        "../scripts/dataset.py"


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
    threads: 1
    resources:
        mem_mb=growing(8000),
        runtime=growing(720),
        gpu=lambda wildcards: gpus_of(studies[wildcards.study].training_of(wildcards.predictor)),
    params:
        study="{study}",
        predictor="{predictor}",
        first_seed="{first}",
        last_seed="{last}",
        networks=lambda wildcards: studies[wildcards.study].networks_of(wildcards.predictor),
        network=lambda wildcards: canonical(studies[wildcards.study].network),
        training=lambda wildcards: canonical(studies[wildcards.study].training_of(wildcards.predictor)),
        checkpoints="results/{study}/checkpoints",
        lightning_logs="logs/{study}/lightning",
        training_code=IMAGE_TRAINING_CODE,
        code=IMAGE_JOB_CODE,
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
    threads: 1
    resources:
        mem_mb=growing(8000),
        runtime=growing(720),
        gpu=lambda wildcards: gpus_of(studies[wildcards.study].training),
    params:
        study="{study}",
        predictor="{predictor}",
        first_seed="{first}",
        last_seed="{last}",
        copies=lambda wildcards: studies[wildcards.study].copies,
        network=lambda wildcards: canonical(studies[wildcards.study].network),
        training=lambda wildcards: canonical(studies[wildcards.study].training),
        training_code=IMAGE_TRAINING_CODE,
        code=IMAGE_JOB_CODE,
    script:
        "../scripts/label_copies.py"


rule try_objectives:
    input:
        samples="results/{study}/dataset/samples.parquet",
        images=inputs_of,
        own=own_network,
        teacher=of_the_teachers("copies", teachers_of_trials),
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
    threads: 1
    resources:
        mem_mb=growing(8000),
        runtime=growing(720),
        gpu=lambda wildcards: gpus_of(students_of(wildcards).training),
    params:
        study="{study}",
        students="{students}",
        trials=lambda wildcards: json.dumps(tried_by(wildcards)),
        teacher=lambda wildcards: students_of(wildcards).teacher,
        teachers=lambda wildcards: json.dumps(teachers_of_trials(wildcards), sort_keys=True),
        network=lambda wildcards: canonical(studies[wildcards.study].network),
        distillation=lambda wildcards: canonical(students_of(wildcards), ImageDistillation),
        copies=lambda wildcards: studies[wildcards.study].copies,
        checkpoints="results/{study}/checkpoints",
        lightning_logs="logs/{study}/lightning",
        training_code=IMAGE_TRAINING_CODE,
        code=IMAGE_JOB_CODE,
    script:
        "../scripts/try_objectives.py"


rule choose_objective:
    input:
        samples="results/{study}/dataset/samples.parquet",
        trials=trials_of,
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
        code=code_digest("choice.py"),
    script:
        "../scripts/choose_objective.py"


rule distil_images:
    input:
        samples="results/{study}/dataset/samples.parquet",
        images=inputs_of,
        own=own_network,
        teacher=of_the_teachers("copies"),
        start=of_the_starts("networks"),
        choice=choice_of,
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
    threads: 1
    resources:
        mem_mb=growing(8000),
        runtime=growing(720),
        gpu=lambda wildcards: gpus_of(students_of(wildcards).training),
    params:
        study="{study}",
        students="{students}",
        teacher=lambda wildcards: students_of(wildcards).teacher,
        teachers=lambda wildcards: json.dumps(teachers_of(wildcards)),
        network=lambda wildcards: canonical(studies[wildcards.study].network),
        distillation=lambda wildcards: canonical(students_of(wildcards), ImageDistillation),
        copies=lambda wildcards: studies[wildcards.study].copies,
        checkpoints="results/{study}/checkpoints",
        lightning_logs="logs/{study}/lightning",
        training_code=IMAGE_TRAINING_CODE,
        code=IMAGE_JOB_CODE,
    script:
        "../scripts/distil_images.py"


rule evaluate_images:
    input:
        samples="results/{study}/dataset/samples.parquet",
        logits=of_every_seed("logits"),
        others=of_all_others("logits"),
        members="results/{study}/ensemble/members.parquet",
    output:
        scores="results/{study}/evaluation/image_scores.parquet",
        errors="results/{study}/evaluation/ensemble_errors.parquet",
        agreement="results/{study}/evaluation/agreement.parquet",
        fidelity="results/{study}/evaluation/fidelity.parquet",
        averages="results/{study}/evaluation/averages.parquet",
        measures="results/{study}/evaluation/measures.parquet",
    log:
        "logs/{study}/evaluate_images.log",
    benchmark:
        "benchmarks/{study}/evaluate_images.tsv"
    wildcard_constraints:
        study=IMAGES,
    conda:
        "../../envs/multiview.yaml"
    resources:
        mem_mb=growing(8000),
    params:
        study="{study}",
        roles=lambda wildcards: json.dumps(studies[wildcards.study].roles(), sort_keys=True),
        networks=lambda wildcards: joint_networks(wildcards.study),
        evaluation=canonical(settings.evaluation),
        claims=lambda wildcards: claims_of(wildcards.study),
        terms=lambda wildcards: claims.digest(claims_of(wildcards.study)),
        code=IMAGE_EVALUATION_CODE,
    script:
        "../scripts/evaluate_images.py"


rule headline:
    input:
        expand("results/{study}/evaluation/image_scores.parquet", study=settings.photos),
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
        code=code_digest("headline.py", "pages.py"),
    script:
        "../scripts/headline.py"


rule figure_accuracy:
    input:
        scores="results/{study}/evaluation/image_scores.parquet",
    output:
        svg=report(
            "results/{study}/figures/accuracy.svg",
            caption="../report/accuracy.rst",
            category="6 Images",
            labels={"study": "{study}", "figure": "accuracy"},
        ),
        pdf="results/{study}/figures/accuracy.pdf",
        png="results/{study}/figures/accuracy.png",
        csv="results/{study}/figures/accuracy.csv",
    log:
        "logs/{study}/figure_accuracy.log",
    benchmark:
        "benchmarks/{study}/figure_accuracy.tsv"
    conda:
        "../../envs/multiview.yaml"
    params:
        figures=canonical(settings.figures),
        code=code_digest("figures/accuracy.py", "figures/style.py"),
    script:
        "../scripts/figure_accuracy.py"


rule figure_accuracy_over_size:
    input:
        scores="results/{study}/evaluation/image_scores.parquet",
        errors="results/{study}/evaluation/ensemble_errors.parquet",
    output:
        svg=report(
            "results/{study}/figures/accuracy_over_size.svg",
            caption="../report/accuracy_over_size.rst",
            category="6 Images",
            labels={"study": "{study}", "figure": "accuracy over size"},
        ),
        pdf="results/{study}/figures/accuracy_over_size.pdf",
        png="results/{study}/figures/accuracy_over_size.png",
        csv="results/{study}/figures/accuracy_over_size.csv",
    log:
        "logs/{study}/figure_accuracy_over_size.log",
    benchmark:
        "benchmarks/{study}/figure_accuracy_over_size.tsv"
    conda:
        "../../envs/multiview.yaml"
    params:
        figures=canonical(settings.figures),
        code=code_digest("figures/accuracy_over_size.py", "figures/style.py"),
    script:
        "../scripts/figure_accuracy_over_size.py"


rule figure_agreement:
    input:
        agreement="results/{study}/evaluation/agreement.parquet",
    output:
        svg=report(
            "results/{study}/figures/agreement.svg",
            caption="../report/agreement.rst",
            category="6 Images",
            labels={"study": "{study}", "figure": "agreement"},
        ),
        pdf="results/{study}/figures/agreement.pdf",
        png="results/{study}/figures/agreement.png",
        csv="results/{study}/figures/agreement.csv",
    log:
        "logs/{study}/figure_agreement.log",
    benchmark:
        "benchmarks/{study}/figure_agreement.tsv"
    conda:
        "../../envs/multiview.yaml"
    params:
        figures=canonical(settings.figures),
        code=code_digest("figures/agreement.py", "figures/style.py"),
    script:
        "../scripts/figure_agreement.py"


rule figure_disputed:
    input:
        samples="results/{study}/dataset/samples.parquet",
        images="results/{study}/dataset/images.parquet",
        logits=of_every_seed("logits"),
    output:
        svg=report(
            "results/{study}/figures/disputed.svg",
            caption="../report/disputed.rst",
            category="6 Images",
            labels={"study": "{study}", "figure": "disputed"},
        ),
        pdf="results/{study}/figures/disputed.pdf",
        png="results/{study}/figures/disputed.png",
        csv="results/{study}/figures/disputed.csv",
    log:
        "logs/{study}/figure_disputed.log",
    benchmark:
        "benchmarks/{study}/figure_disputed.tsv"
    wildcard_constraints:
        study=IMAGES,
    conda:
        "../../envs/multiview.yaml"
    params:
        figures=canonical(settings.figures),
        code=code_digest("figures/disputed.py", "figures/style.py"),
    script:
        "../scripts/figure_disputed.py"


rule figure_choice:
    input:
        choices=lambda wildcards: [
            f"results/{wildcards.study}/{name}/choice.parquet"
            for name, one in studies[wildcards.study].students.items()
            if one.grid is not None
        ],
    output:
        svg=report(
            "results/{study}/figures/choice.svg",
            caption="../report/choice.rst",
            category="6 Images",
            labels={"study": "{study}", "figure": "choice"},
        ),
        pdf="results/{study}/figures/choice.pdf",
        png="results/{study}/figures/choice.png",
        csv="results/{study}/figures/choice.csv",
    log:
        "logs/{study}/figure_choice.log",
    benchmark:
        "benchmarks/{study}/figure_choice.tsv"
    wildcard_constraints:
        study=IMAGES,
    conda:
        "../../envs/multiview.yaml"
    params:
        figures=canonical(settings.figures),
        students=lambda wildcards: [
            name for name, one in studies[wildcards.study].students.items() if one.grid is not None
        ],
        code=code_digest("figures/choice.py", "figures/style.py"),
    script:
        "../scripts/figure_choice.py"
