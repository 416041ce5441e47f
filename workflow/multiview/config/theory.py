"""Sections of a study of the paper's own setting: multi-view data and the two-layer network (Section 2)."""

from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from multiview.config.sections import Float, Int, Joint, NonNegative, Objective, Positive, Range, Regime, Section
from multiview.soft_labels import NEED_OWN, Kind


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

    module: ClassVar[str] = "multi_view"
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
    noise: Literal["off_views", "isotropic"] = Field(
        description="isotropic: the paper's; off_views: without its components along the views, which is the "
        "paper's limit of large d"
    )
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

    files: ClassVar[tuple[Path, ...]] = ()
    kind: Literal["two_layer"]
    neurons: Annotated[Int, Field(ge=1)] = Field(description="m, neurons of a class")
    q: Annotated[Float, Field(ge=3)] = Field(description="q, the power of the smoothed ReLU")
    rho: Positive = Field(description="curly rho, where the smoothed ReLU turns linear")
    init_std: Positive = Field(description="sigma_0, standard deviation of the initial weights")
    regime: Regime = Field(
        "learned",
        description="what is trained: all weights, the network linearised at its initialisation, or weights of "
        "the activations it has there",
    )

    @property
    def modules(self) -> list[str]:
        """The modules in use, by name: an edit of them makes another network."""
        return ["two_layer" if self.regime == "learned" else "frozen_two_layer"]


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


class Distillation(Section):
    """How students learn, unless one has its own way."""

    start: Literal["warm", "scratch"] = Field(
        description="warm: from the end of the student's own training on hard labels; scratch: its initialisation"
    )
    init_std: Positive | None = Field(
        None,
        description="standard deviation of a student's fresh weights: its initialisation from scratch, added to "
        "what it starts from if warm; null: network.init_std, and nothing added",
    )
    soft_labels: Kind = Field("all", description="what soft labels are made of")
    stop: Literal["last", "union"] = Field(
        "last",
        description="last: after max_steps; union: once a student shows as much of what its teacher shows of "
        "other classes on the training samples as of what it showed itself before; at the latest after max_steps",
    )
    objective: Objective
    training: Training

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

    training: Training
