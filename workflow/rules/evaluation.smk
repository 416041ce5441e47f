# From the logits of the seeds to ensembles, scores and verdicts. No network is loaded from here on. What statements are
# about is measured for each study; the verdicts follow from these numbers alone, all in one job.


ALL_LOGITS = {
    "samples": "results/{study}/dataset/samples.parquet",
    "logits": lambda wildcards: sum(plan.files_by_predictor(wildcards.study, "logits").values(), []),
}
EVALUATION = "results/{study}/evaluation"
EVALUATED = {
    **files_in(EVALUATION, "scores", "ensemble_errors", "agreement", "fidelity", "averages", "measures"),
    **files_in("results/{study}/ensemble", "members", "logits"),
}


rule evaluate:
    input:
        **ALL_LOGITS,
    output:
        **EVALUATED,
    log:
        "logs/{study}/evaluate.log",
    benchmark:
        "benchmarks/{study}/evaluate.tsv"
    wildcard_constraints:
        study=any_of([name for name in studies if name not in settings.stratified]),
    conda:
        "../../envs/multiview.yaml"
    resources:
        mem_mb=growing(lambda wildcards: resources.evaluation_megabytes(studies[wildcards.study], settings.images)),
    params:
        study="{study}",
        roles=lambda wildcards: json.dumps(studies[wildcards.study].roles(), sort_keys=True),
        ensembles=lambda wildcards: canonical(studies[wildcards.study].ensembles),
        networks=lambda wildcards: getattr(studies[wildcards.study].joint, "networks", None),
        evaluation=canonical(settings.evaluation),
        claims=lambda wildcards: plan.claims(wildcards.study),
        terms=lambda wildcards: claim.digest(plan.claims(wildcards.study)),
        more_training=lambda wildcards: plan.more_training(wildcards.study),
        code=code_of("evaluate"),
    script:
        "../scripts/evaluate.py"


# Where samples have views, also which of them the networks learned.
use rule evaluate as evaluate_pairs with:
    output:
        **EVALUATED | files_in(EVALUATION, "learned"),
    wildcard_constraints:
        study=any_of(settings.pairs),


use rule evaluate as evaluate_theory with:
    input:
        unpack(lambda wildcards: plan.files_by_predictor(wildcards.study, "strengths")),
        **ALL_LOGITS,
        patches="results/{study}/dataset/patches.parquet",
        members_of_joint=lambda wildcards: plan.files(wildcards.study, JOINT, "member_strengths"),
        start=of_every_seed("start"),
    output:
        **EVALUATED | files_in(EVALUATION, "learned", "lottery", "dark_knowledge"),
    wildcard_constraints:
        study=any_of(settings.theory),
    # The longest one, and the figures that wait for it take as long: not last.
    priority: 7
    params:
        q=lambda wildcards: studies[wildcards.study].network.q,


rule summary:
    input:
        **files_in(EVALUATION, "measures", "fidelity", "averages"),
        figures=lambda wildcards: [
            f"results/{wildcards.study}/figures/{name}.png"
            for name in registry.of_study(studies[wildcards.study])
        ],
    output:
        "results/{study}/summary.md",
    log:
        "logs/{study}/summary.log",
    benchmark:
        "benchmarks/{study}/summary.tsv"
    localrule: True
    conda:
        "../../envs/multiview.yaml"
    params:
        study="{study}",
        claims=lambda wildcards: claim.content(plan.claims(wildcards.study)),
        code=code_of("summary"),
    script:
        "../scripts/summary.py"


rule verdicts:
    input:
        expand("results/{study}/evaluation/measures.parquet", study=studies),
        [plan.table(name, "measures") for name, family in settings.families.items() if family.shows == "losses"],
    output:
        table="results/verdicts.parquet",
        page=report(
            "results/verdicts.html",
            caption="../report/verdicts.rst",
            category="1 Verdicts",
            labels={"table": "verdicts"},
        ),
    log:
        "logs/verdicts.log",
    benchmark:
        "benchmarks/verdicts.tsv"
    localrule: True
    conda:
        "../../envs/multiview.yaml"
    params:
        claims=lambda wildcards: [claim.content(kind) for kind in claim.lists()],
        code=code_of("verdicts"),
    script:
        "../scripts/verdicts.py"


rule manifest:
    input:
        "results/verdicts.parquet",
    output:
        manifest="results/manifest.json",
        page=report(
            "results/manifest.html",
            caption="../report/manifest.rst",
            category="8 The run",
            labels={"table": "config and manifest"},
        ),
    log:
        "logs/manifest.log",
    benchmark:
        "benchmarks/manifest.tsv"
    localrule: True
    conda:
        "../../envs/multiview.yaml"
    params:
        # Without how figures look, so that a change of that redraws figures and nothing else.
        config=json.dumps(settings.model_dump(mode="json", exclude={"figures"}), sort_keys=True),
        seeds=json.dumps(
            {name: [study.first_seed, study.seeds_of(SINGLE)[-1]] for name, study in studies.items()},
            sort_keys=True,
        ),
        logs=placed("logs"),
        benchmarks=placed("benchmarks"),
        code=code_of("manifest", "multiview/runtime/manifest.py"),
    script:
        "../scripts/manifest.py"
