# Input functions that several rules share.

from dataclasses import dataclass


def placed(path):
    """Where a file of this workflow is that is no input or output: another workflow may give it a prefix."""
    return str(prefixed.modify(path))


def modules_of(*names):
    """A digest of modules given without their endings."""
    return code_digest(*(f"{name}.py" for name in names))


def of_the_user(paths):
    """Input files of the user's, which get no such prefix."""
    return [local(str(path)) for path in paths]


def of_profile(name, default=None):
    """What a profile says among its default-resources, or a default."""
    resources = workflow.resource_settings.default_resources or {}
    return getattr(resources[name], "raw", resources[name]) if name in resources else default


def growing(amount):
    """A resource that a job gets more of each time it is submitted again: a number, or one that depends on the job."""
    return lambda wildcards, attempt: attempt * (amount(wildcards) if callable(amount) else amount)


def ceiling():
    """Minutes that no job asks for more of: the profile's, or the partition's, if that is less."""
    own = of_profile("runtime_ceiling")
    if own is None or not workflow.is_main_process:
        return int(own or 10**6)
    allowed = slurm.longest(of_profile("slurm_partition"))
    if allowed is not None and allowed < int(own):
        logger.warning(
            f"runtime: jobs ask for at most {allowed} minutes, as SLURM's partition allows no more. What takes longer "
            "carries on in its next attempt; the profile's runtime_ceiling and slurm_partition change that."
        )
        return allowed
    return int(own)


CEILING = ceiling()


def at_most(amount):
    """Minutes that grow likewise, up to the ceiling."""
    grown = growing(amount)
    return lambda wildcards, attempt: min(grown(wildcards, attempt), CEILING)


def how_trained(wildcards, predictor):
    """The study of a job, how it trains the networks of a predictor, on which device, and how many seeds."""
    study = studies[wildcards.study]
    own = study.students[predictor].training if predictor in study.students else study.training_of(predictor)
    seeds = 1 + int(wildcards.last) - int(wildcards.first) if "last" in wildcards.keys() else 1
    return study, own, devices.resolve(own.accelerator), seeds


def minutes(wildcards, predictor=SINGLE):
    """In which a job trains the networks of a predictor."""
    study, own, device, seeds = how_trained(wildcards, predictor)
    networks = seeds * study.networks_of(predictor)
    if wildcards.study in settings.theory:
        return costs.theory_minutes(study, own, device, networks)
    return costs.image_minutes(study, settings.images, own, device, networks)


def megabytes(wildcards, predictor=SINGLE):
    """In which a job trains the networks of a predictor, or draws the data for it."""
    study, own, device, seeds = how_trained(wildcards, predictor)
    networks = study.networks_of(predictor)
    if wildcards.study in settings.theory:
        return costs.theory_megabytes(study, own, device, seeds, networks)
    students = study.students.get(predictor)
    labelled = 0 if students is None else max(students.teacher_size, seeds)
    return costs.image_megabytes(study, settings.images, own, device, networks, labelled)


def megabytes_of_evaluation(wildcards):
    """In which what all networks of a study say is held against one another."""
    return costs.evaluation_megabytes(studies[wildcards.study], settings.images)


FILE_NAMES = {"networks": "networks.pt"}


def chunk_files(study, predictor, kind, seeds=None):
    """The files of one kind that the training jobs of a predictor write: all, or those with some seeds."""
    name = FILE_NAMES.get(kind, f"{kind}.parquet")
    chunks = studies[study].chunks_of(predictor, seeds)
    return [f"results/{study}/{predictor}/seeds_{a}-{b}/{name}" for a, b in chunks]


def of_every_seed(kind):
    """The files of one kind that all the training jobs of a study's single networks write."""
    return lambda wildcards: chunk_files(wildcards.study, "single", kind)


def of_every_predictor(kind):
    """The files of one kind of all trained networks of a study, as inputs named after the predictor."""

    return lambda wildcards: files_of_every_predictor(wildcards.study, kind)


def files_of_every_predictor(study, kind):
    """The files of one kind of all trained networks of a study, by the name of the predictor and the kind."""
    own = studies[study]
    names = [SINGLE, *sorted(own.students), *([JOINT] if own.joint is not None else [])]
    return {f"{name}_{kind}": chunk_files(study, name, kind) for name in names}


def claims_of(study):
    """The list of the paper's statements that a study is held against."""
    own = studies[study]
    if own.dataset.kind == "gaussian":
        return "gaussian"
    if own.network.regime != "learned":
        return "no_features"
    return "theorems" if study in settings.theory else "images"


def views_learned(wildcards):
    """What the networks of a study learned of views, where its data have any, as inputs by name."""
    kinds = ["learned", "lottery"] if wildcards.study in settings.theory else []
    return {kind: f"results/{wildcards.study}/evaluation/{kind}.parquet" for kind in kinds}


def length_of_training(study):
    """The key of a study's config that says how long its networks are trained."""
    return "training.max_steps" if study in settings.theory else "training.epochs"


def more_training_of_family(family):
    """The same, of the studies of a family."""
    first = next(iter(settings.cells(family).values()))
    return f"families.{family}.study.{length_of_training(first)}"


def students_of(wildcards):
    """The settings of the students that a job trains."""
    return studies[wildcards.study].students[wildcards.students]


def teachers_of(wildcards):
    """For each student of a job, the seeds that teach it."""
    seeds = range(int(wildcards.first), int(wildcards.last) + 1)
    return studies[wildcards.study].teachers(wildcards.students, seeds)


def of_the_teachers(kind, taught_by=teachers_of):
    """The files of one kind of the networks that teach the students of a job."""

    def files(wildcards):
        needed = {seed for members in taught_by(wildcards).values() for seed in members}
        return chunk_files(wildcards.study, students_of(wildcards).teacher, kind, needed)

    return files


def of_the_starts(kind, taught_by=teachers_of):
    """The files of one kind of the hard-label training from whose end the students of a job start."""

    def files(wildcards):
        if students_of(wildcards).start == "scratch":
            return []
        return chunk_files(wildcards.study, SINGLE, kind, taught_by(wildcards))

    return files


def own_logits(wildcards):
    """The logits of the students' own hard-label training, where soft labels or the end of training need them."""
    if not students_of(wildcards).needs_own:
        return []
    return chunk_files(wildcards.study, SINGLE, "logits", teachers_of(wildcards))


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
    figures: dict[str, str]
    files: dict[str, str | list[str]]
    about: dict[str, object]

    def inputs(self, wildcards):
        """The files, as an input function."""
        return self.files


# In the name of a rule, the slash of <family>/<row>/<column>.
CELL = "_CELL_"


def figure_groups():
    """All of them: those of studies, families, comparisons, and the sweeps together."""
    groups = []
    for study in studies:
        names = registry.of_study(studies[study])
        paths = {f"results/{study}/figures/{name}": name for name in names}
        log = f"{study}/figures"
        files, about = figure_inputs(study, names), about_figures(study, names)
        groups.append(FigureGroup(CELL.join(study.split("/")), study, log, paths, files, about))
    for family, shown in settings.families.items():
        paths = {f"results/{family}/figures/{shown.shows}": shown.shows}
        files = {shown.shows: f"results/{family}/evaluation/{shown.shows}.parquet"}
        groups.append(FigureGroup(f"FAMILY_{family}", family, f"{family}/figures", paths, files, {}))
    for name, comparison in settings.comparisons.items():
        path, log = f"results/comparisons/{name}", f"comparisons/{name}"
        scores, about = list(map(scores_of, comparison.studies)), {
            "comparison": comparison.model_dump(mode="json")
        }
        groups.append(
            FigureGroup(f"COMPARISON_{name}", name, log, {path: "comparison"}, {"scores": scores}, about)
        )
    if settings.sweeps:
        about = {"sweeps": {name: sweep.model_dump(mode="json") for name, sweep in settings.sweeps.items()}}
        scores = {"scores": list(map(scores_of, swept_studies()))}
        groups.append(FigureGroup("SWEEPS", "sweep", "sweep", {"results/sweep": "sweep"}, scores, about))
    return groups


def figure_inputs(study, names):
    """The files that figures of a study show, by the names of their inputs."""
    files = {}
    for name in {name for figure in names for name in registry.FIGURES[figure].inputs}:
        if name == "choice":
            files[name] = [f"results/{study}/{students}/choice.parquet" for students in choosing(study)]
        elif name.startswith("single_"):
            files[name] = chunk_files(study, SINGLE, name.removeprefix("single_"))
        elif name.startswith("student_"):
            files[name] = chunk_files(study, registry.raced(studies[study]), name.removeprefix("student_"))
        elif name in ("samples", "patches", "images"):
            files[name] = f"results/{study}/dataset/{name}.parquet"
        else:
            files[name] = f"results/{study}/evaluation/{name}.parquet"
    return dict(sorted(files.items()))


def about_figures(study, names):
    """What figures of a study have to know besides their inputs."""
    own, about = studies[study], {}
    if "race" in names:
        about["first_seed"] = own.first_seed
    if "outcome" in names:
        about["learned_ratio"] = settings.evaluation.learned_ratio
    if "student_race" in names:
        about["raced"] = registry.raced(own)
    if "choice" in names:
        about["choosing"] = choosing(study)
    return about


def choosing(study):
    """The students of a study that choose their objective."""
    return [name for name, students in studies[study].students.items() if students.grid is not None]


def of_all_others(kind):
    """The files of one kind of all trained predictors of a study but its single networks."""

    def files(wildcards):
        study = studies[wildcards.study]
        names = sorted(study.students) + ([JOINT] if study.joint is not None else [])
        return [file for name in names for file in chunk_files(wildcards.study, name, kind)]

    return files


def of_the_joint(kind):
    """The files of one kind of the averages that are trained end to end, if there are any."""

    def files(wildcards):
        there = studies[wildcards.study].joint is not None
        return chunk_files(wildcards.study, JOINT, kind) if there else []

    return files


def joint_networks(study):
    """How many networks are averaged where the average is trained, or None."""
    joint = studies[study].joint
    return None if joint is None else joint.networks


def inputs_of(wildcards):
    """The file with the inputs of a study on images: bytes, or numbers where they are no pictures."""
    return f"results/{wildcards.study}/dataset/{studies[wildcards.study].dataset.artifact}.parquet"


def own_network(wildcards):
    """The user's own files with the network, if there are any: an edit of them is another network."""
    network = studies[wildcards.study].network
    return of_the_user(network.files) if network.kind == "file" else []


def trials_of(wildcards):
    """The files with what some students tried."""
    chunks = studies[wildcards.study].trial_chunks(wildcards.students)
    return [f"results/{wildcards.study}/{wildcards.students}/trials/{a}-{b}.parquet" for a, b in chunks]


def choice_of(wildcards):
    """The file with the objective that some students chose, if they have a grid."""
    folder = f"results/{wildcards.study}/{wildcards.students}"
    return [f"{folder}/choice.parquet"] if students_of(wildcards).grid is not None else []


def tried_by(wildcards):
    """The trials that a job does: alpha, temperature and seed of each."""
    return studies[wildcards.study].trials(wildcards.students)[int(wildcards.first) : int(wildcards.last) + 1]


def teachers_of_trials(wildcards):
    """For each student that tries something in a job, the seeds that teach it."""
    seeds = sorted({seed for *_, seed in tried_by(wildcards)})
    return studies[wildcards.study].teachers(wildcards.students, seeds)


def gpus_of(training):
    """How many GPUs a job takes: one if it trains on one. A run has `--resources gpu=...` of them."""
    return int(devices.resolve(training.accelerator) == "gpu" and of_profile("gpu_gres") is None)


def gres_of(training):
    """What such a job asks SLURM for on clusters that refuse `--gpus`: the profile's gpu_gres; otherwise nothing."""
    return of_profile("gpu_gres", "") if devices.resolve(training.accelerator) == "gpu" else ""


def swept_studies():
    """The studies that are points of sweeps."""
    return sorted({point.study for sweep in settings.sweeps.values() for point in sweep.points})


def any_of(names):
    """A pattern for a wildcard that is one of some names."""
    return "|".join(names) or "(?!)"


def files_of_images(split):
    """The user's own files of a split, if there are any: a change of them is a change of the dataset."""

    def files(wildcards):
        dataset = studies[wildcards.study].dataset
        return of_the_user(dataset.files(split)) if dataset.path is not None else []

    return files


def studies_on(kind):
    """The studies whose dataset is of a kind."""
    return [name for name, study in studies.items() if study.dataset.kind == kind]


def those(some):
    """The studies of a target: those in `some` that are no cells of families and whose networks learn."""
    return [name for name in some if name in settings.named and studies[name].network.regime == "learned"]


def contrasting_studies():
    """The studies beside the paper's own setting and real images: of models that learn no features, and others."""
    return [name for name in settings.named if name not in those([*settings.theory, *settings.photos])]


def layered(wildcards):
    """The study of whose network a layer is taken."""
    return studies[wildcards.study].dataset.study


def first_network_of(study):
    """The file with the first trained network of a study."""
    (path,) = chunk_files(study, SINGLE, "networks", [studies[study].first_seed])
    return path


def scores_of(study):
    """The score table of a study."""
    return f"results/{study}/evaluation/scores.parquet"


def shown_of_families():
    """The families, and what each shows, as lists for `expand`."""
    return {
        "family": list(settings.families),
        "shows": [family.shows for family in settings.families.values()],
    }


def places_in_family(family):
    """For each study of a family its row and column; those beside it have a column of their own."""
    places = {study: list(place) for place, study in settings.cells(family).items()}
    return places | {study: ["beside", study] for study in settings.families[family].beside}


def files_by_study(family):
    """For each study of a family, and beside it, the files that tell what its networks get wrong."""
    return {
        study: {
            "samples": placed(f"results/{study}/dataset/samples.parquet"),
            "members": placed(f"results/{study}/ensemble/members.parquet"),
            "logits": [placed(path) for path in chunk_files(study, SINGLE, "logits")],
        }
        for study in places_in_family(family)
    }


def files_of_family(wildcards):
    """All of these files."""
    of_studies = files_by_study(wildcards.family).values()
    return of_the_user(path for one in of_studies for path in (one["samples"], one["members"], *one["logits"]))


def finished_checkpoints():
    """The folders with checkpoints of networks whose training is finished: nothing carries on from them."""
    folders = []
    for study, own in studies.items():
        last = "networks" if study in settings.images else "strengths"
        for predictor in [SINGLE, *own.students, *([JOINT] if own.joint is not None else [])]:
            if all(Path(placed(file)).exists() for file in chunk_files(study, predictor, last)):
                folders.append(Path(placed(f"results/{study}/checkpoints/{predictor}")))
    return [folder for folder in folders if folder.exists()]


def made(path):
    """When a file was made, or None if it is not there."""
    return Path(path).stat().st_mtime_ns if Path(path).exists() else None
