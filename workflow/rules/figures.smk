# Figures, from the tables alone: one job draws all those of a study, of a family or of a comparison.


for group in plan.figure_groups():

    rule:
        name:
            f"figures_{group.name}"
        input:
            **group.files,
        output:
            svg=[
                report(
                    f"{path}.svg",
                    caption=f"../report/{figure}.rst",
                    category=registry.FIGURES[figure].category,
                    labels={"study": group.label, "figure": Path(path).name.replace("_", " ")},
                )
                for path, figure in group.figures.items()
            ],
            pdf=[f"{path}.pdf" for path in group.figures],
            png=[f"{path}.png" for path in group.figures],
            csv=[f"{path}.csv" for path in group.figures],
        log:
            f"logs/{group.log}.log",
        benchmark:
            f"benchmarks/{group.log}.tsv"
        priority: 5
        localrule: True
        conda:
            "../../envs/multiview.yaml"
        resources:
            mem_mb=growing(4000),
        params:
            names=list(group.figures.values()),
            about=json.dumps(group.about),
            figures=canonical(settings.figures),
            code=code_of("figures", *registry.modules(group.figures.values())),
        script:
            "../scripts/figures.py"
