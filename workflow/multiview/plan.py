"""The plan: which job makes which file, and who teaches whom. Pure: it follows from the config alone.

Paths are relative to the folder in which Snakemake runs. The rules turn these functions into input functions.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from multiview.config import SINGLE, Config
from multiview.figures import registry
from multiview.runtime import resources


def file_name(kind: str) -> str:
    """The name of a file with tables, or networks, of a kind."""
    return "networks.pt" if kind == "networks" else f"{kind}.parquet"


@dataclass(frozen=True)
class FigureGroup:
    """The figures that one job draws.

    Attributes:
        name: of the rule, after ``figures_``. Names in a config are in small letters: capitals keep theirs apart.
        label: of the figures in the report, in the column of studies.
        log: of the job, without its ending.
        figures: for each path, without its ending, the name of the figure there.
        files: for each name of an input its path or paths.
        about: what the figures have to know besides.
    """

    name: str
    label: str
    log: str
    figures: Mapping[str, str]
    files: Mapping[str, str | Sequence[str]]
    about: Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """What is made of a config."""

    settings: Config

    def files(self, study: str, predictor: str, kind: str, seeds: Iterable[int] | None = None) -> list[str]:
        """The files of one kind that the training jobs of a predictor write: all, or those with some seeds."""
        chunks = self.settings.studies[study].chunks_of(predictor, seeds)
        return [f"results/{study}/{predictor}/seeds_{a}-{b}/{file_name(kind)}" for a, b in chunks]

    def files_by_predictor(self, study: str, kind: str) -> dict[str, list[str]]:
        """The files of one kind of all trained networks of a study, by predictor and kind, single ones first."""
        names = self.settings.studies[study].predictors
        return {f"{name}_{kind}": self.files(study, name, kind) for name in names}

    def teacher_files(self, study: str, students: str, kind: str, seeds: Iterable[int]) -> list[str]:
        """The files of one kind of the networks that teach some students."""
        own = self.settings.studies[study]
        needed = set().union(*own.teachers(students, seeds).values())
        return self.files(study, own.students[students].teacher, kind, needed)

    def what_teachers_say(self, study: str, students: str) -> str:
        """What students on images learn from; empty for those that learn from hard labels alone.

        ``copies``: their teachers' logits on every augmented copy; ``networks``: the teachers, which are asked in
        every step.
        """
        images = self.settings.images
        if images[study].students[students].soft_labels == "none":
            return ""
        return "copies" if resources.labels_are_stored(images[study], images, students) else "networks"

    def files_of_what_teachers_say(self, study: str, students: str, seeds: Iterable[int]) -> list[str]:
        """The files that some students on images learn from."""
        kind = self.what_teachers_say(study, students)
        return self.teacher_files(study, students, kind, seeds) if kind else []

    def start_files(self, study: str, students: str, kind: str, seeds: Iterable[int]) -> list[str]:
        """The files of one kind of the hard-label training from whose end some students start, if they do."""
        scratch = self.settings.studies[study].students[students].start == "scratch"
        return [] if scratch else self.files(study, SINGLE, kind, seeds)

    def own_logits(self, study: str, students: str, seeds: Iterable[int]) -> list[str]:
        """The logits of the students' own hard-label training, where soft labels or when to stop need them."""
        needs = getattr(self.settings.studies[study].students[students], "needs_own", False)
        return self.files(study, SINGLE, "logits", seeds) if needs else []

    def trial_files(self, study: str, students: str) -> list[str]:
        """The files with what some students tried."""
        chunks = self.settings.studies[study].trial_chunks(students)
        return [f"results/{study}/{students}/trials/{a}-{b}.parquet" for a, b in chunks]

    def choice_files(self, study: str, students: str) -> list[str]:
        """The file with the objective that some students chose, if they have a grid."""
        return [f"results/{study}/{students}/choice.parquet"] if students in self.choosing(study) else []

    def choosing(self, study: str) -> list[str]:
        """The students of a study that choose their objective."""
        students = self.settings.studies[study].students
        return [name for name, section in students.items() if getattr(section, "grid", None) is not None]

    def claims(self, study: str) -> str:
        """The list of the paper's statements that a study is held against."""
        own = self.settings.studies[study]
        if own.dataset.kind == "gaussian":
            return "gaussian"
        if own.network.regime != "learned":
            return "no_features"
        if study in self.settings.pairs:
            return "paired"
        return "theorems" if study in self.settings.theory else "images"

    def table(self, study: str, kind: str) -> str:
        """A table that the evaluation of a study writes."""
        return f"results/{study}/evaluation/{kind}.parquet"

    def more_training(self, name: str) -> str:
        """The key of the config that makes the networks of a study, or of a family, fit their training set."""
        family = name.split("/")[0]
        in_family = family in self.settings.families
        study = next(iter(self.settings.cells(family).values())) if in_family else name
        key = "training.max_steps" if study in self.settings.theory else "training.epochs"
        return f"families.{family}.study.{key}" if in_family else f"studies.{name}.{key}"

    def main_studies(self, names: Iterable[str]) -> list[str]:
        """Those of some studies that are no cells of families and whose networks learn features."""
        named = self.settings.named
        return [name for name in names if name in named and named[name].network.regime == "learned"]

    def contrasting_studies(self) -> list[str]:
        """The studies beside the paper's setting and real images: of models without features, and others."""
        main = self.main_studies([*self.settings.stratified, *self.settings.photos])
        return [name for name in self.settings.named if name not in main]

    def places(self, family: str) -> dict[str, list[str]]:
        """For each study of a family its row and column; those beside it have a column of their own."""
        places = {study: list(place) for place, study in self.settings.cells(family).items()}
        return places | {study: ["beside", study] for study in self.settings.families[family].beside}

    def files_of_rows(self, family: str) -> dict[str, str | list[str]]:
        """For each row of a family the files that tell what its networks get wrong, by the row and their kind."""
        files = {}
        for (row, _), study in self.settings.cells(family).items():
            files[f"{row}_samples"] = f"results/{study}/dataset/samples.parquet"
            files[f"{row}_members"] = f"results/{study}/ensemble/members.parquet"
            files[f"{row}_logits"] = self.files(study, SINGLE, "logits")
        return files

    def figure_groups(self) -> list[FigureGroup]:
        """All figures: those of studies, families, comparisons, and the sweeps together."""
        settings, groups = self.settings, []
        for study in settings.studies:
            names = registry.of_study(settings.studies[study])
            paths = {f"results/{study}/figures/{name}": name for name in names}
            wanted = {kind for name in names for kind in registry.FIGURES[name].inputs}
            inputs = {kind: self._shown(study, kind) for kind in sorted(wanted)}
            about = self.about_figures(study, names)
            rule = study.replace("/", "_CELL_")  # no name of a rule has a slash
            groups.append(FigureGroup(rule, study, f"{study}/figures", paths, inputs, about))
        for family, own in settings.families.items():
            paths = {f"results/{family}/figures/{own.shows}": own.shows}
            inputs = {own.shows: self.table(family, own.shows)}
            groups.append(FigureGroup(f"FAMILY_{family}", family, f"{family}/figures", paths, inputs, {}))
        for name, comparison in settings.comparisons.items():
            path, log = f"results/comparisons/{name}", f"comparisons/{name}"
            about = {"comparison": comparison.model_dump(mode="json")}
            inputs = {"scores": [self.table(study, "scores") for study in comparison.studies]}
            groups.append(FigureGroup(f"COMPARISON_{name}", name, log, {path: "comparison"}, inputs, about))
        if settings.sweeps:
            about = {"sweeps": {name: sweep.model_dump(mode="json") for name, sweep in settings.sweeps.items()}}
            swept = sorted({study for sweep in settings.sweeps.values() for study in sweep.studies})
            theory = [study for study in swept if study in settings.theory]  # the others have no views
            inputs = {
                "scores": [self.table(study, "scores") for study in swept],
                "learned": [self.table(study, "learned") for study in theory],
            }
            groups.append(FigureGroup("SWEEPS", "sweep", "sweep", {"results/sweep": "sweep"}, inputs, about))
        return groups

    def _shown(self, study: str, name: str) -> str | list[str]:
        """The files of one input of a figure."""
        if name == "choice":
            return [file for students in self.choosing(study) for file in self.choice_files(study, students)]
        if name.startswith("single_"):
            return self.files(study, SINGLE, name.removeprefix("single_"))
        if name.startswith("student_"):
            raced = registry.raced(self.settings.studies[study])
            return self.files(study, raced, name.removeprefix("student_"))
        if name in ("samples", "patches", "images"):
            return f"results/{study}/dataset/{name}.parquet"
        return self.table(study, name)

    def about_figures(self, study: str, figures: Iterable[str]) -> dict[str, Any]:
        """What figures of a study have to know besides their inputs."""
        own = self.settings.studies[study]
        about = {
            "race": ("first_seed", own.first_seed),
            "outcome": ("learned_ratio", self.settings.evaluation.learned_ratio),
            "student_race": ("raced", registry.raced(own)),
            "choice": ("choosing", self.choosing(study)),
        }
        return dict(about[name] for name in figures if name in about)
