# Input functions that several rules share.


def growing(amount):
    """A resource that a job gets more of each time it is submitted again."""
    return lambda wildcards, attempt: amount * attempt


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

    def files(wildcards):
        study = studies[wildcards.study]
        names = [SINGLE, *sorted(study.students), *([JOINT] if study.joint is not None else [])]
        return {f"{name}_{kind}": chunk_files(wildcards.study, name, kind) for name in names}

    return files


def claims_of(study):
    """The list of the paper's statements that a study is held against."""
    own = studies[study]
    if own.dataset.kind == "gaussian":
        return "gaussian"
    if own.network.regime != "learned":
        return "no_features"
    return "theorems" if study in settings.theory else "images"


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


def first_student(study):
    """The smallest seed of a study's students."""
    return studies[study].first_seed + min(one.first_student for one in studies[study].students.values())


def figures_of(study):
    """The names of the figures that a study has: some are about students, some about more than single networks."""
    if study in settings.images:
        return image_figures_of(study)
    if studies[study].network.regime != "learned":
        return ["outcome", *(["views_learned"] if studies[study].students else [])]
    names = ["samples", "race", "outcome", "ensemble_size", "lottery"]
    students = studies[study].students
    if students or studies[study].joint is not None:
        names += ["error_over_mu", "views_learned"]
    if students:
        names += ["dark_knowledge", "student_race"]
    if any(one.teacher_size == 1 for one in students.values()):
        names += ["generations"]
    return names


def image_figures_of(study):
    """The names of the figures that a study on images has."""
    own = studies[study]
    names = ["accuracy", "accuracy_over_size", "agreement"]
    names += ["disputed"] if own.dataset.kind in PHOTO_KINDS else []
    names += ["choice"] if any(one.grid is not None for one in own.students.values()) else []
    return names + (["similarity", "exciting"] if own.features is not None else [])


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
    """The user's own file with the network, if there is one: an edit of it is another network."""
    network = studies[wildcards.study].network
    return [network.path] if network.kind == "file" else []


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
    """How many GPUs a job takes: one if it must have one. A run has `--resources gpu=...` of them."""
    return int(training.accelerator == "gpu")


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
        return [str(path) for path in dataset.files(split)] if dataset.path is not None else []

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
    name = "scores" if study in settings.theory else "image_scores"
    return f"results/{study}/evaluation/{name}.parquet"


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
            "samples": f"results/{study}/dataset/samples.parquet",
            "members": f"results/{study}/ensemble/members.parquet",
            "logits": chunk_files(study, SINGLE, "logits"),
            "split": "test_single" if study in settings.theory else "test",
        }
        for study in places_in_family(family)
    }


def files_of_family(wildcards):
    """All of these files."""
    found = files_by_study(wildcards.family).values()
    return [path for one in found for path in (one["samples"], one["members"], *one["logits"])]
