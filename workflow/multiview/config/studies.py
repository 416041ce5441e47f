"""Sections of studies, of theory and on images: their keys, seeds and students, and checks between them."""

from collections.abc import Iterable, Mapping
from itertools import pairwise, product
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from multiview.config.base import Count, Int, Name, Section, Seed, key
from multiview.config.datasets import CLASSES, IMAGE_KINDS, Dataset, ImageData
from multiview.config.distillation import Distillation, ImageDistillation, ImageStudents, Students
from multiview.config.evaluation import Ensembles
from multiview.config.figures import Features
from multiview.config.machine import Machine
from multiview.config.networks import NORMALISED, ImageNetwork, Network, WideResNet
from multiview.config.training import ImageJoint, ImageTraining, TheoryJoint, Training
from multiview.config.who_teaches_whom import SINGLE, Positions, line_up

JOINT = "joint"
"""The predictor of averages of networks that are trained on hard labels end to end."""

RESERVED = (SINGLE, JOINT, "best", "ensemble", "dataset", "evaluation", "figures", "checkpoints")
"""Names that students cannot have: those of other predictors and folders."""


def _family(study: Any) -> str:
    if isinstance(study, Section):
        return "(images)" if isinstance(study, ImageStudy) else "(theory)"
    dataset = study.get("dataset") if isinstance(study, Mapping) else None
    kind = dataset.get("kind") if isinstance(dataset, Mapping) else None
    return "(images)" if kind in IMAGE_KINDS else "(theory)"


def _key_of_training(predictor: str) -> str:
    return {SINGLE: "training", JOINT: "joint.training"}.get(predictor, f"students.{predictor}.training")


STUDENTS = (
    "networks that learn from a teacher, by name; null leaves a kind out. A kind may be `based_on` another of the "
    "study. A study that is `based_on` another has the kinds that it names, or all of them if it names none"
)


class Study(Section):
    """One question asked of one dataset with one network: what all studies have."""

    resolved: ClassVar[tuple[str, ...]] = ("based_on",)
    seeds: Count = key("networks trained, which differ in the seed of their initialisation alone", 10)
    first_seed: Seed = key("the first of these seeds", 0)
    machine: Machine = key("of this study, laid over that of all studies", Machine, follows="machine")
    ensembles: Ensembles = key("which ensembles are formed", Ensembles)

    @property
    def lineup(self) -> dict[str, Positions]:
        """Where the students of each kind are, and those that teach them."""
        return line_up(self.students)

    def positions(self, predictor: str) -> range:
        """Positions of the networks of a predictor; those of ``joint`` are averages of networks, if any."""
        if predictor == JOINT:
            return range(0 if self.joint is None else self.joint.runs)
        return range(self.seeds) if predictor == SINGLE else self.lineup[predictor].students

    def seeds_of(self, predictor: str) -> list[int]:
        """The seeds of the networks of a predictor."""
        return [self.first_seed + position for position in self.positions(predictor)]

    def networks_of(self, predictor: str) -> int:
        """How many networks one of a predictor is the average of."""
        return self.joint.networks if predictor == JOINT else 1

    @property
    def predictors(self) -> dict[str, Section]:
        """What has the ``training`` of each predictor that has jobs: single networks, students, averages."""
        joint = {} if self.joint is None else {JOINT: self.joint}
        return {SINGLE: self} | dict(sorted(self.students.items())) | joint

    def chunks_of(self, predictor: str, needed: Iterable[int] | None = None) -> list[tuple[int, int]]:
        """First and last seed of the jobs that train a predictor's networks: all, or those of `needed` seeds."""
        seeds, step = self.seeds_of(predictor), self.machine.seeds_per_job
        chunks = [seeds[i : i + step] for i in range(0, len(seeds), step)]
        return [(chunk[0], chunk[-1]) for chunk in chunks if needed is None or not set(needed).isdisjoint(chunk)]

    def teachers(self, predictor: str, seeds: Iterable[int]) -> dict[int, list[int]]:
        """For each of some seeds of the students `predictor`: the seeds of the networks that teach it."""
        first, places = self.first_seed, self.lineup[predictor]
        return {seed: [first + position for position in places.taught_by(seed - first)] for seed in seeds}

    def lineage(self, predictor: str, position: int) -> set[int]:
        """Positions of the networks trained on hard labels whose views a network can have.

        They are its own, its teachers', their teachers' and so on.
        """
        if predictor == SINGLE:
            return {position}
        teacher = self.students[predictor].teacher
        taught_by = self.lineup[predictor].taught_by(position)
        return {position}.union(*(self.lineage(teacher, p) for p in taught_by))

    def roles(self) -> dict[str, dict[str, Any]]:
        """What evaluation has to know of every kind of students, in plain values.

        Returns:
            For each name the ``teacher`` and ``teacher_size``, the ``teachers`` of each student (seeds), the
            number of hard-label ``networks`` whose views each can have, the ``start``, and the ``objective``.
        """
        return {
            name: {
                "teacher": section.teacher,
                "teacher_size": section.teachers,
                "teachers": {str(s): of for s, of in self.teachers(name, self.seeds_of(name)).items()},
                "networks": len(self.lineage(name, self.positions(name)[0])),
                "start": section.start,
                "intervention": section.soft_labels.removesuffix("all"),
                "objective": section.objective.model_dump(mode="json"),
            }
            for name, section in self.students.items()
        }

    @model_validator(mode="after")
    def _taught(self):
        for name in self.students:
            if name in RESERVED:
                raise ValueError(f"students.{name}: this name is taken; not allowed are {', '.join(RESERVED)}")
        lineup = self.lineup
        for name, section in self.students.items():
            own = section.start == "warm" or getattr(section, "needs_own", False)
            positions = lineup[name].students
            if own and positions[-1] >= self.seeds:
                raise ValueError(
                    f"students.{name}: students at the positions {positions[0]} to {positions[-1]}, "
                    f"but seeds is {self.seeds}: those that start warm, stop at the union or have soft labels of "
                    f"their own end at the position {self.seeds - 1}"
                )
            available = self.positions(section.teacher)
            for position in positions:
                taught = lineup[name].taught_by(position)
                if taught[0] < available[0] or taught[-1] > available[-1]:
                    raise ValueError(
                        f"students.{name}: teachers at the positions {taught[0]} to {taught[-1]}, but those of "
                        f"{section.teacher!r} are {available[0]} to {available[-1]}"
                    )
                if any(position in self.lineage(section.teacher, p) for p in taught):
                    least = section.students if section.teachers > 1 else 1
                    raise ValueError(
                        f"students.{name}: the network at position {position} would be its own teacher, or its "
                        f"teacher's, but distance must be at least {least}"
                    )
        return self

    @model_validator(mode="after")
    def _enough_seeds(self):
        if max(self.ensembles.sizes) > self.seeds:
            raise ValueError(
                f"ensembles.sizes asks for {max(self.ensembles.sizes)} networks, but seeds is {self.seeds}"
            )
        if self.joint is not None and self.joint.networks not in self.ensembles.sizes:
            raise ValueError(
                f"joint.networks is {self.joint.networks}, but ensembles.sizes is {self.ensembles.sizes}: "
                "the average that is trained is held against ensembles of as many networks"
            )
        return self


class TheoryStudy(Study):
    """A study of the paper's own setting."""

    dataset: Dataset = key("what is drawn")
    network: Network = key("what is trained", Network)
    training: Training = key("how networks are trained on hard labels", Training)
    distillation: Distillation = key("how students learn that do not say so themselves", Distillation)
    students: dict[Name, Students] = key(STUDENTS, {})
    joint: TheoryJoint | None = key("training the average end to end; null: not done", None)

    @model_validator(mode="after")
    def _moves(self):
        for name, section in self.predictors.items():
            if self.network.regime != "learned" and section.training.step_rule == "adaptive":
                raise ValueError(
                    f"{_key_of_training(name)}.step_rule is adaptive, but network.regime is "
                    f"{self.network.regime}: what is trained starts at 0, of which no share is a step. "
                    "Set it to fixed"
                )
        return self


def can_be_side_by_side(network: ImageNetwork, machine: Machine) -> bool:
    """Whether networks for images can be trained side by side: not if they draw random numbers, or must be
    compiled or logged."""
    plain = not machine.loggers and machine.compile is not True
    return network.kind != "file" and network.regime == "learned" and plain


class ImageStudy(Study):
    """A study on images, or on inputs of their shape."""

    dataset: ImageData = key("what is read, or drawn")
    network: ImageNetwork = key("what is trained", WideResNet)
    training: ImageTraining = key("how networks are trained on hard labels", ImageTraining)
    distillation: ImageDistillation = key("how students learn that do not say so themselves", ImageDistillation)
    students: dict[Name, ImageStudents] = key(STUDENTS, {})
    copies: Annotated[Int, Field(ge=0)] | Literal["all"] = key(
        "augmented copies of each training image that teachers label and students see; all: every augmentation, "
        "students see the very stream of images that single networks of their seeds see; 0: teachers label the "
        "image as it is, and students see augmentations of their own",
        0,
    )
    joint: ImageJoint | None = key("training the average end to end; null: not done", None)
    features: Features | None = key("what seeds learn, as pictures; null: not drawn", None)

    def trials(self, predictor: str) -> list[tuple[float, float, int]]:
        """What the grid of some students makes them try: alpha, temperature and the seed of the student."""
        section = self.students[predictor]
        if section.grid is None:
            return []
        seeds = self.seeds_of(predictor)[: section.grid.students]
        return list(product(section.grid.alpha, section.grid.temperature, seeds))

    def trial_chunks(self, predictor: str) -> list[tuple[int, int]]:
        """First and last number of the trials of every job that does some: about as many each."""
        number = len(self.trials(predictor))
        jobs = -(-number // self.machine.seeds_per_job)
        ends = [number * job // max(1, jobs) for job in range(jobs + 1)]
        return [(a, b - 1) for a, b in pairwise(ends)]

    @model_validator(mode="after")
    def _shown(self):
        if self.features is None:
            return self
        if self.features.seeds > self.seeds:
            raise ValueError(f"features.seeds is {self.features.seeds}, but seeds is {self.seeds}")
        if self.network.regime != "learned":
            raise ValueError(f"features: a network of regime {self.network.regime} learns none; set it to null")
        if self.network.kind == "file":
            raise ValueError("features: the channels of a network of one's own are not known; set it to null")
        k = getattr(self.dataset, "classes", None) or CLASSES.get(self.dataset.kind)
        if k is not None and max(self.features.classes) >= k:
            raise ValueError(
                f"features.classes is {self.features.classes}, but the dataset has {k}: 0 to {k - 1} are allowed "
                "(features: null draws none)"
            )
        return self

    @property
    def labelled_copies(self) -> int:
        """Of each training image, those that teachers label."""
        if self.copies != "all":
            return max(1, self.copies)
        augmentation = self.training.augmentation
        return (2 * augmentation.crop_padding + 1) ** 2 * (1 + augmentation.flip)

    @model_validator(mode="after")
    def _no_batch_of_one(self):
        n = getattr(self.dataset, "train_samples", None)
        if n is None or self.network.kind not in NORMALISED or self.network.regime != "learned":
            return self
        for name, section in self.predictors.items():
            size = section.training.batch_size
            if (n % size or size) == 1:
                raise ValueError(
                    f"{_key_of_training(name)}.batch_size is {size}, and dataset.train_samples {n}: the last "
                    "batch is a single image, of which the batch normalisation of network.kind "
                    f"{self.network.kind} can take no statistics. Change one of the two"
                )
        return self

    @model_validator(mode="after")
    def _can_be_side_by_side(self):
        mixed = any(s.training.precision not in ("auto", "32-true") for s in self.predictors.values())
        if self.machine.side_by_side is True and (mixed or not can_be_side_by_side(self.network, self.machine)):
            raise ValueError(
                "machine.side_by_side is true, but that needs a network of the package, its regime learned, no "
                "machine.loggers, machine.compile auto or false, and training.precision auto or 32-true. Set it "
                "to auto or false"
            )
        return self

    @model_validator(mode="after")
    def _longer(self):
        longer = self.students.get("single_longer")
        others = {"distilled", "self_distilled"} & set(self.students) if longer else set()
        for name in sorted(others):
            epochs = self.training.epochs + self.students[name].training.epochs
            if longer.soft_labels != "none" or epochs != longer.training.epochs:
                raise ValueError(
                    f"students.single_longer is held against {name}: expected soft_labels none and "
                    f"training.epochs {epochs}, those of single networks and of {name} together, "
                    f"found {longer.soft_labels} and {longer.training.epochs}"
                )
        return self

    @model_validator(mode="after")
    def _trained_before(self):
        for name, section in self.students.items():
            if section.grid is not None and section.grid.students > section.students:
                raise ValueError(
                    f"students.{name}.grid.students is {section.grid.students}, but there are "
                    f"{section.students} students"
                )
            if self.copies != 0 and section.training.augmentation != self.training.augmentation:
                raise ValueError(
                    f"students.{name}.training.augmentation differs from that of training, but copies is "
                    f"{self.copies}: students see copies that are augmented as training says"
                )
        return self


AnyStudy = Annotated[
    Annotated[TheoryStudy, Tag("(theory)")] | Annotated[ImageStudy, Tag("(images)")], Discriminator(_family)
]
"""A study, told by its ``dataset.kind``. Tags are in brackets so that errors can leave them out."""
