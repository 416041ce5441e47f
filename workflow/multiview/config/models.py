"""The models of the config's sections: what each key means, what it may be, and the checks between keys.

They are also the source of ``workflow/schemas/config.schema.json``.
"""

import json
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator


def _no_bool(value: Any) -> Any:
    # pydantic would read `true` as 1, but a switch where a number belongs is a mistake.
    if isinstance(value, bool):
        raise ValueError("expected a number, not true or false")
    return value


Int = Annotated[int, BeforeValidator(_no_bool)]
Float = Annotated[float, BeforeValidator(_no_bool), Field(allow_inf_nan=False)]
NonNegative = Annotated[Float, Field(ge=0)]
Positive = Annotated[Float, Field(gt=0)]
Range = Annotated[list[NonNegative], Field(min_length=2, max_length=2)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Section(BaseModel):
    """A part of the config: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Strengths(Section):
    """Ranges of the total strength ``sum_p z_p`` of a view in a sample (Section 2), drawn uniformly."""

    own_multi: Range = Field(description="own class, multi-view sample, both views: [1, O(1)]")
    strong: Range = Field(description="own class, single-view sample, its strong view: [1, O(1)]")
    weak: Range = Field(description="own class, single-view sample, its weak view: [rho, O(rho)]")
    other_multi: Range = Field(description="other classes, multi-view sample: [Omega(1), 0.4]")
    other_single: Range = Field(description="other classes, single-view sample: [Omega(Gamma), Gamma]")

    @model_validator(mode="after")
    def _ordered(self):
        for name in type(self).model_fields:
            low, high = getattr(self, name)
            if low > high:
                raise ValueError(f"{name} is [{low}, {high}]: the lower end must not exceed the upper end")
        if self.own_multi[0] < 1 or self.strong[0] < 1:
            raise ValueError("own_multi and strong must start at 1 or above (the paper's scale of z)")
        if self.weak[1] >= self.strong[0]:
            raise ValueError(f"weak reaches {self.weak[1]}, which is not below the strong view's {self.strong[0]}")
        return self


class Dataset(Section):
    """The multi-view distribution and how much is drawn from it (paper, Section 2)."""

    kind: Literal["multiview"]
    seed: Annotated[Int, Field(ge=0)] = Field(description="seed of everything drawn for the dataset")
    classes: Annotated[Int, Field(ge=2)] = Field(description="k, the number of classes")
    dim: Annotated[Int, Field(ge=4)] = Field(description="d, the dimension of a patch")
    views: Literal["axes", "random"] = Field(description="v_{j,l}: coordinate axes or a random frame")
    patches: Annotated[Int, Field(ge=4)] = Field(description="P, the number of patches of a sample")
    patches_per_view: Annotated[Int, Field(ge=1)] = Field(description="C_p, patches of each view present")
    share: Literal["equal", "dirichlet"] = Field(description="how sum_p z_p is split over the C_p patches")
    s: Positive = Field(description="each view of another class occurs with probability s/k")
    gamma: NonNegative = Field(description="upper end of the feature noise alpha over all 2k views")
    feature_noise_norm: NonNegative = Field(description="sigma_p sqrt(d), noise norm in patches of a view")
    background_noise_norm: NonNegative = Field(description="noise norm in patches that carry no view")
    z: Strengths
    train_samples: Annotated[Int, Field(ge=1)] = Field(description="N, training samples")
    mu: Annotated[Float, Field(gt=0, lt=1)] = Field(description="share of single-view samples, N_s = mu N")
    test_multi_samples: Annotated[Int, Field(ge=1)] = Field(description="multi-view test samples")
    test_single_samples: Annotated[Int, Field(ge=1)] = Field(description="single-view test samples")

    @property
    def single_view_samples(self) -> int:
        """N_s, the exact number of single-view samples in the training split."""
        return round(self.mu * self.train_samples)

    @model_validator(mode="after")
    def _fits(self):
        n_views = 2 * self.classes
        if self.dim < n_views:
            raise ValueError(
                f"dim is {self.dim}, but {self.classes} classes have {n_views} orthonormal views: "
                f"dim must be at least {n_views}"
            )
        if self.patches < n_views * self.patches_per_view:
            raise ValueError(
                f"patches is {self.patches}, but a sample can carry {n_views} views of {self.patches_per_view} "
                f"patches each: patches must be at least {n_views * self.patches_per_view}"
            )
        if self.s > self.classes:
            raise ValueError(f"s is {self.s}: s / classes is a probability, so s is at most {self.classes}")
        if not 1 <= self.single_view_samples < self.train_samples:
            raise ValueError(
                f"mu is {self.mu} and train_samples {self.train_samples}: N_s = round(mu N) is "
                f"{self.single_view_samples}, but must be at least 1 and below N"
            )
        return self


class Network(Section):
    """The two-layer network of the paper (Section 2.2)."""

    kind: Literal["two_layer"]
    neurons: Annotated[Int, Field(ge=1)] = Field(description="m, neurons of a class")
    q: Annotated[Float, Field(ge=3)] = Field(description="q, the power of the smoothed ReLU")
    rho: Positive = Field(description="curly rho, where the smoothed ReLU turns linear")
    init_std: Positive = Field(description="sigma_0, standard deviation of the initial weights")


class Training(Section):
    """Full-batch gradient descent on the cross-entropy (Section 2.2)."""

    step_rule: Literal["adaptive", "fixed"] = Field(description="how eta is chosen")
    step_size: Positive = Field(description="eta if fixed, the largest eta if adaptive")
    relative_change: Positive = Field(description="adaptive: a neuron's largest relative change in a step")
    max_change: Positive = Field(description="adaptive: a neuron's largest change in a step, a norm")
    loss_threshold: Positive | None = Field(
        description="stop at training accuracy 1 and a mean loss of at most this; null: take all max_steps"
    )
    max_steps: Annotated[Int, Field(ge=1)] = Field(description="stop here at the latest, with a warning")
    block_samples: Annotated[Int, Field(ge=0)] = Field(description="samples a block; 0: all at once (GPU)")
    accelerator: Literal["auto", "cpu", "gpu"] = Field(description="Lightning's accelerator")
    checkpoint_seconds: Positive = Field(description="seconds between checkpoints of a running job")


class Hinton(Section):
    """``(1 - alpha) CE(y) + alpha T^2 KL(softmax(c G / T) || softmax(F / T))``."""

    alpha: Annotated[Float, Field(ge=0, le=1)] = Field(description="weight of the soft labels")
    temperature: Positive = Field(description="T, of the softmax of teacher and student")


class Truncated(Section):
    """The paper's objective: a push where the student's truncated soft label is below the teacher's."""

    strength: Positive = Field(description="eta' / eta, weight of the soft labels beside the hard ones")
    tau: Positive = Field(description="tau, of the truncated softmax; logits are cut off at 1 / tau^2")


class Objective(Section):
    """What a student is trained towards (Section 4)."""

    kind: Literal["hinton", "truncated"] = Field(description="which of the two objectives below")
    teacher_scale: Positive = Field(description="c, by which the teacher's logits G are multiplied")
    hinton: Hinton
    truncated: Truncated


class Distillation(Section):
    """How students learn, unless one has its own way."""

    start: Literal["warm", "scratch"] = Field(
        description="warm: from the end of the student's own training on hard labels; scratch: its initialisation"
    )
    objective: Objective
    training: Training


class Students(Distillation):
    """Networks that learn from a teacher. Positions count the seeds of the study from 0."""

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


class Ensembles(Section):
    """Which ensembles are formed from the seeds."""

    sizes: Annotated[list[Annotated[Int, Field(ge=1)]], Field(min_length=1)] = Field(description="every L")
    subsets: Annotated[Int, Field(ge=1)] = Field(description="random subsets of the seeds for each L")
    seed: Annotated[Int, Field(ge=0)] = Field(description="seed of the subsets")

    @model_validator(mode="after")
    def _distinct(self):
        if len(set(self.sizes)) != len(self.sizes):
            raise ValueError(f"sizes is {self.sizes}: every size may occur once only")
        return self


SINGLE = "single"
"""The predictor of networks trained on hard labels alone."""

RESERVED = (SINGLE, "best", "ensemble", "dataset", "evaluation", "figures", "checkpoints")
"""Names that students cannot have: those of other predictors and folders."""


class Study(Section):
    """One question asked of one dataset with one network."""

    seeds: Annotated[Int, Field(ge=1)] = Field(description="how many seeds are trained")
    first_seed: Annotated[Int, Field(ge=0)] = Field(description="the first of them")
    seeds_per_job: Annotated[Int, Field(ge=1)] = Field(description="seeds that one training job takes")
    dataset: Dataset
    network: Network
    training: Training
    ensembles: Ensembles
    distillation: Distillation | None = Field(None, description="how students learn that do not say so themselves")
    students: dict[Name, Students] = Field(
        {}, description="who learns from whom; positions count the seeds from 0"
    )

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
        """Positions of the networks of ``single`` or of some students."""
        return range(self.seeds) if predictor == SINGLE else self.students[predictor].positions

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
            if one.positions[-1] >= self.seeds:
                raise ValueError(
                    f"students.{name}: students at the positions {one.positions[0]} to {one.positions[-1]}, "
                    f"but seeds is {self.seeds}: the last position is {self.seeds - 1}"
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
        return self


class Evaluation(Section):
    """How errors turn into intervals."""

    bootstrap: Annotated[Int, Field(ge=100)] = Field(description="bootstrap replicates")
    seed: Annotated[Int, Field(ge=0)] = Field(description="seed of the bootstrap")
    learned_ratio: Annotated[Float, Field(gt=0, lt=1)] = Field(
        description="view l of class i counts as learned where Phi_{i,l} >= this * max_l Phi_{i,l}"
    )
    mus: Annotated[list[Annotated[Float, Field(ge=0, le=1)]], Field(min_length=1)] = Field(
        description="shares mu of single-view samples at which the error on D is reported"
    )


class Figures(Section):
    """How figures look; changing a key here redraws figures and nothing else."""

    dpi: Annotated[Int, Field(ge=50, le=1200)] = Field(description="dots an inch of the PNG files")
    font_size: Annotated[Float, Field(ge=4, le=24)] = Field(description="points")
    palette: Literal["colorblind", "deep", "muted", "dark"] = Field(description="seaborn palette")
    race_classes: Annotated[Int, Field(ge=1, le=16)] = Field(description="classes drawn in the race")
    race_seed: Annotated[Int, Field(ge=0)] | None = Field(description="seed drawn in the race; null: the first")


class Point(Section):
    """A point of a sweep: the study that was made there, and which of its students are meant."""

    value: Float = Field(description="where on the axis")
    study: Name = Field(description="the study")
    distilled: Name = Field("distilled", description="its students of an ensemble")
    self_distilled: Name = Field("self_distilled", description="its self-distilled students")


class Sweep(Section):
    """Errors over one parameter, a panel of the figure of all sweeps."""

    label: str = Field(description="of the axis, with its symbol between $ signs")
    scale: Literal["linear", "log"] = Field("linear", description="of the axis")
    points: Annotated[list[Point], Field(min_length=1)]


class Config(Section):
    """The whole config. Studies hold their own settings; the keys beside them serve them all."""

    studies: Annotated[dict[Name, Study], Field(min_length=1)]
    sweeps: dict[Name, Sweep]
    evaluation: Evaluation
    figures: Figures

    @model_validator(mode="after")
    def _sweeps_are_made(self):
        for name, sweep in self.sweeps.items():
            for i, point in enumerate(sweep.points):
                where = f"sweeps.{name}.points.{i}"
                if point.study not in self.studies:
                    raise ValueError(
                        f"{where}.study: found {point.study!r}, but the studies are {', '.join(self.studies)}"
                    )
                there = self.studies[point.study].students
                for key in ("distilled", "self_distilled"):
                    if getattr(point, key) not in there:
                        raise ValueError(
                            f"{where}.{key}: found {getattr(point, key)!r}, but the students of "
                            f"{point.study!r} are {', '.join(there) or 'none'}"
                        )
        return self

    @model_validator(mode="after")
    def _race_is_trained(self):
        for name, study in self.studies.items():
            seed = self.figures.race_seed
            if seed is not None and seed not in study.seed_list:
                raise ValueError(
                    f"figures.race_seed is {seed}, which study {name!r} does not train "
                    f"(its seeds are {study.seed_list[0]} to {study.seed_list[-1]})"
                )
        return self


def canonical(section: Section, as_: type[Section] | None = None) -> str:
    """A section as JSON text that depends on its values alone, not on the order of the keys in the file.

    Args:
        section: the section.
        as_: a model whose keys alone are taken, which the section has besides others.
    """
    keys = None if as_ is None else set(as_.model_fields)
    return json.dumps(section.model_dump(mode="json", include=keys), sort_keys=True)
