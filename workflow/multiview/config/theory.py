"""Sections of a study of the paper's own setting: multi-view data and the two-layer network (Section 2).

Defaults are those with which the theorems show at a size that two cores train in minutes: docs/theory.md.
"""

from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from multiview.config.objectives import TheoryObjective
from multiview.config.sections import (
    Count,
    Float,
    Int,
    Joint,
    NonNegative,
    Positive,
    Range,
    Regime,
    Section,
    Seed,
    key,
)
from multiview.soft_labels import NEED_OWN, Kind


class Strengths(Section):
    """Ranges of the total strength ``sum_p z_p`` of a view in a sample (Section 2), drawn uniformly."""

    own_multi: Range = key(
        "own class, multi-view sample, each of both views; from 1 on",
        [1.5, 1.6],
        symbol="sum_p z_p",
        reason="paper: [1, O(1)]. Stronger own views leave a class less loss while it waits for other classes",
    )
    strong: Range = key(
        "own class, single-view sample, its strong view; from 1 on",
        [1.0, 1.0],
        symbol="sum_p z_p",
        reason="paper: [1, O(1)]",
    )
    weak: Range = key(
        "own class, single-view sample, its weak view; below strong",
        [0.05, 0.05],
        symbol="rho",
        reason="paper: [rho, O(rho)], rho << Gamma",
    )
    other_multi: Range = key(
        "other classes, multi-view sample",
        [0.2, 0.25],
        symbol="sum_p z_p",
        reason="paper: [Omega(1), 0.4]. Weaker ones leave less loss too, but tell a student less",
    )
    other_single: Range = key(
        "other classes, single-view sample", [0.2, 0.3], symbol="Gamma", reason="paper: [Omega(Gamma), Gamma]"
    )

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

    module: ClassVar[str] = "multi_view"
    kind: Literal["multiview"] = key("the distribution of Section 2")
    seed: Seed = key("seed of everything drawn", 0, follows="data_seed")
    classes: Annotated[Int, Field(ge=2)] = key("classes", 10, symbol="k", reason="as in CIFAR-10")
    dim: Annotated[Int, Field(ge=4)] = key(
        "dimension of a patch; at least 2 k", 96, symbol="d", reason="paper: a high power of k"
    )
    views: Literal["axes", "random"] = key(
        "the views: coordinate axes, or a uniformly drawn orthonormal frame",
        "axes",
        symbol="v_{j,l}",
        reason="the network does not see which",
    )
    patches: Annotated[Int, Field(ge=4)] = key(
        "patches of a sample; at least 2 k C_p, so that any draw of views fits",
        20,
        symbol="P",
        reason="paper: k^2; as few as fit",
    )
    patches_per_view: Count = key("patches of each view present", 1, symbol="C_p", reason="paper: O(1)")
    share: Literal["equal", "dirichlet"] = key(
        "how sum_p z_p is split over the C_p patches", "equal", reason="paper: silent"
    )
    s: Positive = key(
        "each view of another class occurs with probability s / k; at most k",
        5.0,
        symbol="s",
        reason="paper: k^0.2",
    )
    gamma: NonNegative = key(
        "upper end of the feature noise over all 2 k views", 0.001, symbol="gamma", reason="paper: k^-1.5"
    )
    feature_noise_norm: NonNegative = key(
        "norm of the Gaussian noise in patches that carry a view",
        0.2,
        symbol="sigma_p sqrt(d)",
        reason="paper: 1 / polylog(k)",
    )
    background_noise_norm: NonNegative = key(
        "norm of the noise in all other patches",
        0.8,
        symbol="gamma k",
        reason="paper: gamma k. Larger: single-view samples are memorised by it",
    )
    noise: Literal["off_views", "isotropic"] = key(
        "isotropic: the paper's; off_views: without its components along the views",
        "off_views",
        reason="the paper's limit of large d",
    )
    z: Strengths = key("strengths of the views", Strengths)
    train_samples: Count = key("training samples", 400, symbol="N", unit="samples", reason="40 a class")
    mu: Annotated[Float, Field(gt=0, lt=1)] = key(
        "share of single-view samples; round(mu N) >= 1 of them are in the training set",
        0.0025,
        symbol="mu",
        reason="one sample: more make more ties",
    )
    test_multi_samples: Count = key("multi-view test samples", 4000, unit="samples")
    test_single_samples: Count = key("single-view test samples", 4000, unit="samples")

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

    files: ClassVar[tuple[Path, ...]] = ()
    kind: Literal["two_layer"] = key("the network of Section 2.2", "two_layer")
    neurons: Count = key("neurons of a class", 10, symbol="m", reason="paper: polylog(k)")
    q: Annotated[Float, Field(ge=3)] = key(
        "power of the smoothed ReLU, whole or not",
        3,
        symbol="q",
        reason="the paper's smallest: with 4 students would hardly move",
    )
    rho: Positive = key(
        "where the smoothed ReLU turns linear", 1.0, symbol="varrho", reason="paper: 1 / polylog(k)"
    )
    init_std: Positive = key(
        "standard deviation of the initial weights",
        0.0001,
        symbol="sigma_0",
        reason="the race must be long compared with what follows it; below this nothing changes",
    )
    regime: Regime = key(
        "what is trained: all weights, the network linearised at its initialisation, or weights of the "
        "activations that it has there",
        "learned",
    )

    @property
    def modules(self) -> list[str]:
        """The modules in use, by name: an edit of them makes another network."""
        return ["two_layer" if self.regime == "learned" else "frozen_two_layer"]


class Training(Section):
    """Full-batch gradient descent on the cross-entropy (Section 2.2)."""

    step_rule: Literal["adaptive", "fixed"] = key(
        "adaptive: the step is bounded by the relative change of the neurons; fixed: it is step_size",
        "adaptive",
        reason="paper: a small eta; a race from small weights takes fewer steps so",
    )
    step_size: Positive = key(
        "factor of the mean gradient: if fixed this, if adaptive at most this",
        200.0,
        symbol="eta",
    )
    relative_change: Positive = key(
        "adaptive: a neuron moves by at most this times its size in a step",
        0.2,
        reason="still larger steps favour the loser of a race",
    )
    max_change: Positive = key("adaptive: and by at most this, a norm", 1.0)
    loss_threshold: Positive | None = key(
        "training ends at training accuracy 1 and a mean loss of at most this; null: after max_steps",
        0.001,
        unit="nats",
    )
    max_steps: Count = key("training ends here at the latest, with a warning", 3000, unit="steps")


class StudentTraining(Training):
    """How students are trained: what is not said here is as in the study's training."""

    step_size: Positive = key(
        "as for training",
        24.0,
        symbol="eta",
        reason="below 2 over the curvature along the views learned",
    )
    relative_change: Positive = key("as for training", 3.0, reason="no race: hardly a bound")
    max_change: Positive = key(
        "as for training",
        0.05,
        reason="the first steps would overshoot along the own view and undo what is left of the lost one",
    )
    loss_threshold: Positive | None = key(
        "as for training", None, unit="nats", reason="an objective with a teacher has a minimum that nobody knows"
    )
    max_steps: Count = key("as for training", 500, unit="steps")


class JointTraining(Training):
    """How averages are trained end to end: what is not said here is as in the study's training."""

    step_size: Positive = key(
        "as for training",
        2000.0,
        symbol="eta",
        follows="joint.networks * training.step_size",
        reason="the average gives each network 1/L of the gradient: L times the step moves it as far",
    )
    relative_change: Positive = key("as for training", 0.4, reason="fewer steps to the same end")
    max_change: Positive = key(
        "as for training",
        10.0,
        follows="joint.networks * training.max_change",
        reason="each network moves the average's logits 1/L as far",
    )


class Distillation(Section):
    """How students learn (Section 4), unless a kind of students has its own way."""

    start: Literal["warm", "scratch"] = key(
        "warm: from the end of the student's own training on hard labels; scratch: from its initialisation",
        "warm",
        reason="Theorem 4 unites a student's own view with its teacher's",
    )
    init_std: Positive | None = key(
        "standard deviation of a student's fresh weights: its initialisation from scratch, added to what it "
        "starts from if warm; null: network.init_std, and nothing added",
        0.3,
        reason="the race leaves too little of the lost view for it to grow from",
    )
    mirrored: bool = key(
        "whether the fresh weights of a warm student's neurons are pairs of opposite sign",
        True,
        reason="one neuron of each pair has a positive product with a lost view, which grows from there",
    )
    soft_labels: Kind = key("what soft labels are made of: an intervention, if not all", "all")
    stop: Literal["last", "union"] = key(
        "last: after max_steps; union: once a student shows as much of what its teacher shows of other classes on "
        "the training samples as of what it showed itself before; at the latest after max_steps",
        "last",
    )
    objective: TheoryObjective = key("what students are trained towards", TheoryObjective)
    training: StudentTraining = key("laid over the study's training", StudentTraining)

    @property
    def needs_own(self) -> bool:
        """Whether what the student says before it is taught has a part in its training."""
        return self.stop == "union" or self.soft_labels in NEED_OWN

    @model_validator(mode="after")
    def _has_own(self):
        if self.stop == "union" and self.start == "scratch":
            raise ValueError(
                "stop is 'union', but start is 'scratch': a student from scratch shows nothing of its own; "
                "allowed is 'last'"
            )
        return self


class TheoryJoint(Joint):
    """Training the average of two-layer networks."""

    training: JointTraining = key("laid over the study's training", JointTraining)
