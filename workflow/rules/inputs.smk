# Input functions that several rules share.

import math

from multiview.config import JOINT, PHOTO_KINDS, SINGLE, Distillation, ImageDistillation, canonical
from multiview.plan import Plan, file_name

plan = Plan(settings)


def placed(path):
    """Where a file of this workflow is that is no input or output: another workflow may give it a prefix."""
    return str(prefixed.modify(path))


def files_in(folder, *kinds):
    """Files of a folder by what is in them, which is what they are called."""
    return {kind: f"{folder}/{file_name(kind)}" for kind in kinds}


def of_the_user(paths):
    """Input files of the user's, which get no such prefix."""
    return [local(str(path)) for path in paths]


def of_profile(name, default=None):
    """What a profile says among its default-resources, or a default."""
    defaults = workflow.resource_settings.default_resources or {}
    return getattr(defaults[name], "raw", defaults[name]) if name in defaults else default


def code_of(script, *used):
    """A digest of the code of a script, and of modules that it finds by name; comments do not count."""
    return code.digest(f"scripts/{script}.py", *used)


def network_code(study):
    """The files with the network of a study."""
    return code.networks(studies[study].network)


def growing(amount):
    """A resource that a job gets more of each time it is submitted again: a number, or one that depends on the job."""
    return lambda wildcards, attempt: attempt * (amount(wildcards) if callable(amount) else amount)


def ceiling():
    """Minutes that no job asks for more of: the profile's, or the partition's, if that is less."""
    own = of_profile("runtime_ceiling")
    if own is not None and not str(own).isdecimal():
        raise WorkflowError(
            f"runtime_ceiling: found {own!r}, expected a whole number of minutes, as 1440 for a day"
        )
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
# It holds for rules that leave their minutes to the profile as well, if they are a number there. The default of a workflow
# that uses this one as a module is its own.
if (
    workflow.modifier.parent_modifier is None
    and str(of_profile("runtime")).isdecimal()
    and int(of_profile("runtime")) > CEILING
):
    workflow.resource_settings.default_resources["runtime"] = CEILING


def at_most(amount):
    """Minutes that grow likewise, up to the ceiling."""
    grown = growing(amount)
    return lambda wildcards, attempt: min(grown(wildcards, attempt), CEILING)


def how_trained(wildcards, predictor):
    """The study of a job, how it trains the networks of a predictor, on which device, and how many seeds."""
    study = studies[wildcards.study]
    seeds = 1 + int(wildcards.last) - int(wildcards.first) if "last" in wildcards.keys() else 1
    return study, study.predictors[predictor].training, devices.resolve(study.machine.accelerator), seeds


def asked(study, predictor):
    """How many networks each student of a predictor asks in every step: none, where their labels are stored."""
    if study not in settings.images or predictor not in studies[study].students:
        return 0
    asks = plan.what_teachers_say(study, predictor) == "networks"
    return studies[study].students[predictor].teachers if asks else 0


def minutes(wildcards, predictor=SINGLE):
    """In which a job trains the networks of a predictor."""
    study, own, device, seeds = how_trained(wildcards, predictor)
    networks = seeds * study.networks_of(predictor)
    networks += math.ceil(seeds * asked(wildcards.study, predictor) / 3)  # a third: forward alone, in every step
    if wildcards.study in settings.theory:
        return resources.theory_minutes(study, own, device, networks)
    return resources.image_minutes(study, settings.images, own, device, networks)


def megabytes(wildcards, predictor=SINGLE):
    """In which a job trains the networks of a predictor, or draws the data for it."""
    study, own, device, seeds = how_trained(wildcards, predictor)
    networks = study.networks_of(predictor)
    if wildcards.study in settings.theory:
        return resources.theory_megabytes(study, device, seeds, networks)
    labelled = 0
    if predictor in study.students and plan.what_teachers_say(wildcards.study, predictor) == "copies":
        labelled = max(study.students[predictor].teachers, seeds)
    networks += max(asked(wildcards.study, predictor), seeds - 1 if study.machine.side_by_side is True else 0)
    return resources.image_megabytes(study, settings.images, own, device, networks, labelled)


def labelled_by(wildcards):
    """What a job that labels copies needs to know: its study, all of them, the device, and how many networks label."""
    study, _, device, networks = how_trained(wildcards, wildcards.predictor)
    return study, settings.images, device, networks


def of_every_seed(kind):
    """The files of one kind that all the training jobs of a study's single networks write."""
    return lambda wildcards: plan.files(wildcards.study, SINGLE, kind)


def students_of(wildcards):
    """The settings of the students that a job trains."""
    return studies[wildcards.study].students[wildcards.students]


def seeds_of(wildcards):
    """The seeds that a job trains."""
    return range(int(wildcards.first), int(wildcards.last) + 1)


def tried_by(wildcards):
    """The trials that a job does: alpha, temperature and seed of each."""
    return studies[wildcards.study].trials(wildcards.students)[int(wildcards.first) : int(wildcards.last) + 1]


def seeds_of_trials(wildcards):
    """The seeds that a job trains to try something."""
    return sorted({seed for *_, seed in tried_by(wildcards)})


def teachers_of(wildcards, seeds=seeds_of):
    """For each student of a job, the seeds that teach it, as JSON."""
    return json.dumps(studies[wildcards.study].teachers(wildcards.students, seeds(wildcards)))


def for_students(files, *kind, seeds=seeds_of):
    """The files that a function of the plan gives for the students of a job."""
    return lambda wildcards: files(wildcards.study, wildcards.students, *kind, seeds(wildcards))


def on_gpu(wildcards):
    """Whether the jobs of a study run on a GPU."""
    return devices.resolve(studies[wildcards.study].machine.accelerator) == "gpu"


def gpus_of(wildcards):
    """How many GPUs a job takes: one if it runs on one. A run has `--resources gpu=...` of them."""
    return int(on_gpu(wildcards) and of_profile("gpu_gres") is None)


def gres_of(wildcards):
    """What such a job asks SLURM for on clusters that refuse `--gpus`: the profile's gpu_gres; otherwise nothing."""
    return of_profile("gpu_gres", "") if on_gpu(wildcards) else ""


def any_of(names):
    """A pattern for a wildcard that is one of some names."""
    return "|".join(names) or "(?!)"


def files_of_images(split):
    """The user's own files of a split, if there are any: a change of them is a change of the dataset."""
    return lambda wildcards: of_the_user(studies[wildcards.study].dataset.files(split))


def studies_on(*kinds):
    """The studies whose dataset is of one of some kinds."""
    return [name for name, study in studies.items() if study.dataset.kind in kinds]


STUDENTS = any_of({name: None for study in studies.values() for name in study.students})
ON_FILES = studies_on(*PHOTO_KINDS, "paired")  # the studies whose images may be in files of the user's


def layered(wildcards):
    """The study of whose network a layer is taken."""
    return studies[wildcards.study].dataset.study


def delete_finished_checkpoints():
    """Delete the checkpoints of all jobs of this run that are finished: nothing carries on from them.

    Not done by the jobs themselves: what they wrote is safe only when Snakemake has taken note of it.
    """
    for job in workflow.dag.jobs:
        folder = job.params.get("checkpoints")
        if folder is not None and Path(folder).exists() and all(Path(file).exists() for file in job.output):
            if not workflow.async_run(workflow.persistence.incomplete(job)):
                shutil.rmtree(folder)


def made(path):
    """When a file was made, or None if it is not there."""
    return Path(path).stat().st_mtime_ns if Path(path).exists() else None
