"""Studies: who trains on what, and who learns from whom."""

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Annotated, Any, get_args

from pydantic import Discriminator, Field, Tag, model_validator

from multiview.config.images import (
    CLASSES,
    CNN,
    MLP,
    VGG,
    Features,
    Gaussian,
    ImageData,
    ImageDistillation,
    ImageJoint,
    ImageNetwork,
    Images,
    ImageTraining,
    Layer,
    OwnNetwork,
    WideResNet,
)
from multiview.config.sections import Ensembles, Int, Name, Section
from multiview.config.theory import Dataset, Distillation, Network, TheoryJoint, Training

SINGLE, JOINT = "single", "joint"
"""The predictors of networks trained on hard labels alone, one by one and as an average."""

RESERVED = (SINGLE, JOINT, "best", "ensemble", "dataset", "evaluation", "figures", "checkpoints")
"""Names that students cannot have: those of other predictors and folders."""


THEORY_KINDS = get_args(Dataset.model_fields["kind"].annotation)
PHOTO_KINDS = get_args(Images.model_fields["kind"].annotation)
IMAGE_KINDS = PHOTO_KINDS + tuple(get_args(one.model_fields["kind"].annotation)[0] for one in (Gaussian, Layer))
"""The values of ``dataset.kind``, by the kind of study that they make; the first are those of real images."""

NORMALISED = ("wide_resnet", "vgg")
"""The values of ``network.kind`` that are known to have batch normalisation."""

NETWORK_KINDS = tuple(
    get_args(one.model_fields["kind"].annotation)[0] for one in (WideResNet, CNN, VGG, MLP, OwnNetwork)
)
"""The values of ``network.kind`` in a study on images."""


def _family(study: Any) -> str:
    if isinstance(study, Section):
        return "(images)" if isinstance(study, ImageStudy) else "(theory)"
    dataset = study.get("dataset") if isinstance(study, Mapping) else None
    kind = dataset.get("kind") if isinstance(dataset, Mapping) else None
    return "(images)" if kind in IMAGE_KINDS else "(theory)"


class LineUp(Section):
    """Who learns from whom. Positions count the seeds of the study from 0."""

    teacher: Name = Field(description="single, or the name of other students: whose logits are the teacher's")
    teacher_size: Annotated[Int, Field(ge=1)] = Field(
        description="L: 1: each student has a teacher of its own; above: all have the average of L networks"
    )
    first_teacher: Annotated[Int, Field(ge=0)] = Field(description="position of the first teacher")
    first_student: Annotated[Int, Field(ge=0)] = Field(description="position of the first student")
    students: Annotated[Int, Field(ge=1)] = Field(description="how many")

    @property
    def positions(self) -> range:
        """Of the students."""
        return range(self.first_student, self.first_student + self.students)

    def teachers(self, position: int) -> range:
        """Positions of the networks that teach the student at a position."""
        own = 0 if self.teacher_size > 1 else position - self.first_student
        return range(self.first_teacher + own, self.first_teacher + own + self.teacher_size)


class Students(LineUp, Distillation):
    """Networks of the paper's setting that learn from a teacher."""


class ImageStudents(LineUp, ImageDistillation):
    """Networks for images that learn from a teacher."""


class Study(Section):
    """One question asked of one dataset with one network: what all studies have."""

    seeds: Annotated[Int, Field(ge=1)] = Field(description="how many seeds are trained")
    first_seed: Annotated[Int, Field(ge=0)] = Field(description="the first of them")
    seeds_per_job: Annotated[Int, Field(ge=1)] = Field(description="seeds that one training job takes")
    ensembles: Ensembles

    @property
    def seed_list(self) -> list[int]:
        """Every seed of the study."""
        return list(range(self.first_seed, self.first_seed + self.seeds))

    @property
    def chunks(self) -> list[tuple[int, int]]:
        """First and last seed of every training job."""
        return self._cut(self.seed_list)

    def _cut(self, seeds: list[int]) -> list[tuple[int, int]]:
        step = self.seeds_per_job
        return [(seeds[i], seeds[min(i + step, len(seeds)) - 1]) for i in range(0, len(seeds), step)]

    def positions(self, predictor: str) -> range:
        """Positions of the networks of a predictor; those of ``joint`` are averages of networks."""
        if predictor == JOINT:
            return range(self.joint.runs)
        return range(self.seeds) if predictor == SINGLE else self.students[predictor].positions

    def networks_of(self, predictor: str) -> int:
        """How many networks one of ``single`` or ``joint`` is the average of."""
        return self.joint.networks if predictor == JOINT else 1

    def training_of(self, predictor: str) -> Section:
        """How ``single`` or ``joint`` is trained."""
        return self.joint.training if predictor == JOINT else self.training

    def chunks_of(self, predictor: str, needed: Iterable[int] | None = None) -> list[tuple[int, int]]:
        """First and last seed of the jobs that train a predictor's networks: all, or those of `needed` seeds."""
        seeds = [self.first_seed + position for position in self.positions(predictor)]
        wanted = set(seeds if needed is None else needed)
        return [(a, b) for a, b in self._cut(seeds) if wanted & set(range(a, b + 1))]

    def teachers(self, predictor: str, seeds: Iterable[int]) -> dict[int, list[int]]:
        """For each of some seeds of the students `predictor`: the seeds of the networks that teach it."""
        first, students = self.first_seed, self.students[predictor]
        return {seed: [first + position for position in students.teachers(seed - first)] for seed in seeds}

    def lineage(self, predictor: str, position: int) -> set[int]:
        """Positions of the networks trained on hard labels whose views a network can have.

        They are its own, its teachers', their teachers' and so on.
        """
        if predictor == SINGLE:
            return {position}
        students = self.students[predictor]
        return {position}.union(*(self.lineage(students.teacher, p) for p in students.teachers(position)))

    def roles(self) -> dict[str, dict[str, Any]]:
        """What evaluation has to know of every kind of students, in plain values.

        Returns:
            For each name the ``teacher`` and ``teacher_size``, the ``teachers`` of each student (seeds), the
            number of hard-label ``networks`` whose views each can have, the ``start``, and the ``objective``.
        """
        roles = {}
        for name, one in self.students.items():
            seeds = [self.first_seed + position for position in one.positions]
            roles[name] = {
                "teacher": one.teacher,
                "teacher_size": one.teacher_size,
                "teachers": {str(seed): members for seed, members in self.teachers(name, seeds).items()},
                "networks": len(self.lineage(name, one.first_student)),
                "start": one.start,
                "intervention": getattr(one, "soft_labels", "all").removesuffix("all"),
                "objective": one.objective.model_dump(mode="json"),
            }
        return roles

    @model_validator(mode="after")
    def _taught(self):
        for name, one in self.students.items():
            if name in RESERVED:
                raise ValueError(f"students.{name}: this name is taken; not allowed are {', '.join(RESERVED)}")
            allowed = [SINGLE, *(other for other in self.students if other != name)]
            if one.teacher not in allowed:
                raise ValueError(
                    f"students.{name}.teacher: found {one.teacher!r}, but the predictors are {', '.join(allowed)}"
                )
            chain = [name, one.teacher]
            while chain[-1] in self.students:
                chain.append(self.students[chain[-1]].teacher)
                if chain.count(chain[-1]) > 1:
                    raise ValueError(f"students.{name}.teacher: {' -> '.join(chain)} is a circle")
        for name, one in self.students.items():
            own = one.start == "warm" or getattr(one, "needs_own", False)
            if own and one.positions[-1] >= self.seeds:
                raise ValueError(
                    f"students.{name}: students at the positions {one.positions[0]} to {one.positions[-1]}, "
                    f"but seeds is {self.seeds}: those that start warm, stop at the union or have soft labels of "
                    f"their own end at the position {self.seeds - 1}"
                )
            there = self.positions(one.teacher)
            for position in one.positions:
                taught = one.teachers(position)
                if taught[0] < there[0] or taught[-1] > there[-1]:
                    raise ValueError(
                        f"students.{name}: teachers at the positions {taught[0]} to {taught[-1]}, but those of "
                        f"{one.teacher!r} are {there[0]} to {there[-1]}"
                    )
                if any(position in self.lineage(one.teacher, p) for p in taught):
                    raise ValueError(
                        f"students.{name}: the network at position {position} would be its own teacher, or its "
                        f"teacher's: first_student, first_teacher and teacher_size must keep them apart"
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

    dataset: Dataset
    network: Network
    training: Training
    distillation: Distillation | None = Field(None, description="how students learn that do not say so themselves")
    students: dict[Name, Students] = Field({}, description="networks that learn from a teacher, by name")
    joint: TheoryJoint | None = Field(None, description="training the average end to end; null: not done")

    @model_validator(mode="after")
    def _moves(self):
        joint = {} if self.joint is None else {"joint": self.joint.training}
        students = {f"students.{name}": one.training for name, one in self.students.items()}
        for where, training in ({"": self.training} | students | joint).items():
            if self.network.regime != "learned" and training.step_rule == "adaptive":
                key = f"{where}.training.step_rule".lstrip(".")
                raise ValueError(
                    f"{key} is adaptive, but network.regime is {self.network.regime}: what is trained starts at "
                    "0, of which no share is a step. Set it to fixed"
                )
        return self


class ImageStudy(Study):
    """A study on images, or on inputs of their shape."""

    dataset: ImageData
    network: ImageNetwork
    training: ImageTraining
    distillation: ImageDistillation | None = Field(None, description="as in a study of theory")
    students: dict[Name, ImageStudents] = Field({}, description="networks that learn from a teacher, by name")
    copies: Annotated[Int, Field(ge=0)] = Field(
        0,
        description="augmented copies of each training image that teachers label and students see; "
        "0: teachers label the image as it is, whatever students see",
    )
    joint: ImageJoint | None = Field(None, description="training the average end to end; null: not done")
    features: Features | None = Field(None, description="what seeds learn, as pictures; null: not drawn")

    def trials(self, predictor: str) -> list[tuple[float, float, int]]:
        """What the grid of some students makes them try: alpha, temperature and the seed of the student."""
        one = self.students[predictor]
        if one.grid is None:
            return []
        seeds = [self.first_seed + position for position in one.positions[: one.grid.students]]
        return [(alpha, T, seed) for alpha in one.grid.alpha for T in one.grid.temperature for seed in seeds]

    def trial_chunks(self, predictor: str) -> list[tuple[int, int]]:
        """First and last number of the trials of every job that does some: about as many each."""
        number = len(self.trials(predictor))
        jobs = -(-number // self.seeds_per_job)
        ends = [number * job // max(1, jobs) for job in range(jobs + 1)]
        return [(a, b - 1) for a, b in pairwise(ends)]

    @model_validator(mode="after")
    def _shown(self):
        if self.features is not None and self.features.seeds > self.seeds:
            raise ValueError(f"features.seeds is {self.features.seeds}, but seeds is {self.seeds}")
        if self.features is not None and self.network.regime != "learned":
            raise ValueError(f"features: a network of regime {self.network.regime} learns none; set it to null")
        if self.features is not None and self.network.kind == "file":
            raise ValueError("features: the channels of a network of one's own are not known; set it to null")
        k = getattr(self.dataset, "classes", None) or CLASSES.get(self.dataset.kind)
        if self.features is not None and k is not None and max(self.features.classes) >= k:
            raise ValueError(
                f"features.classes is {self.features.classes}, but the dataset has {k}: 0 to {k - 1} are allowed "
                "(features: null draws none)"
            )
        return self

    @model_validator(mode="after")
    def _no_batch_of_one(self):
        n = getattr(self.dataset, "train_samples", None)
        if n is None or self.network.kind not in NORMALISED or self.network.regime != "learned":
            return self
        joint = {} if self.joint is None else {"joint": self.joint.training}
        students = {f"students.{name}": one.training for name, one in self.students.items()}
        for where, training in ({"": self.training} | students | joint).items():
            if (n % training.batch_size or training.batch_size) == 1:
                key = f"{where}.training.batch_size".lstrip(".")
                raise ValueError(
                    f"{key} is {training.batch_size}, and dataset.train_samples {n}: the last batch is a single "
                    f"image, of which the batch normalisation of network.kind {self.network.kind} can take no "
                    "statistics. Change one of the two"
                )
        return self

    @model_validator(mode="after")
    def _trained_before(self):
        for name, one in self.students.items():
            if one.grid is not None and one.grid.students > one.students:
                raise ValueError(
                    f"students.{name}.grid.students is {one.grid.students}, but there are {one.students} students"
                )
            if self.copies > 0 and one.training.augmentation != self.training.augmentation:
                raise ValueError(
                    f"students.{name}.training.augmentation differs from that of training, but copies is "
                    f"{self.copies}: students see copies that are augmented as training says"
                )
        return self


AnyStudy = Annotated[
    Annotated[TheoryStudy, Tag("(theory)")] | Annotated[ImageStudy, Tag("(images)")], Discriminator(_family)
]
"""A study, told by its ``dataset.kind``. Tags are in brackets so that errors can leave them out."""
