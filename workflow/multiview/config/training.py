"""Sections of training: full batches for the two-layer network, minibatches (SGD) for images, averages end to end.

Defaults of full batches, of students' too, are those of docs/theory.md, and of minibatches those of the study
`digits`. Numbers that are called published are those of Zagoruyko and Komodakis, "Wide Residual Networks" (arXiv
1605.07146), which the paper follows (Section 5).
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from multiview.config.base import Count, Float, Int, NonNegative, Positive, Section, Share, key


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
    record_every: Count = key(
        "one step in so many is recorded (loss, accuracy, view strengths), besides the first 20 and the last",
        5,
        unit="steps",
        reason="on a CPU a step that is recorded takes a tenth longer",
    )


class StudentTraining(Training):
    """How students are trained: what is not said here is as in the study's training."""

    step_size: Positive = key(
        "as for training",
        48.0,
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
    max_steps: Count = key("as for training", 900, unit="steps")


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


class Augmentation(Section):
    """Random changes of the training images, drawn anew in every epoch."""

    crop_padding: Annotated[Int, Field(ge=0)] = key(
        "zeros around an image, of which a crop is cut", 1, unit="pixels", reason="published: 4 of 32, reflected"
    )
    flip: bool = key("mirror half of the images left to right", False, reason="wrong for digits; published: true")


class ImageTraining(Section):
    """Stochastic gradient descent with momentum and a step schedule."""

    epochs: Count = key("passes over the training images", 40, reason="enough for 400 images; published: 200")
    batch_size: Count = key("images a step", 64, unit="images", reason="published: 128")
    learning_rate: Positive = key("at the start", 0.1, reason="published")
    momentum: Annotated[Float, Field(ge=0, lt=1)] = key("of past gradients", 0.9, reason="published")
    nesterov: bool = key("Nesterov's momentum", True, reason="published")
    weight_decay: NonNegative = key("of all parameters", 0.0005, reason="published")
    milestones: list[Annotated[Float, Field(gt=0, lt=1)]] = key(
        "shares of the epochs after which the learning rate drops", [0.3, 0.6, 0.8], reason="published"
    )
    drop: Share = key("factor of a drop", 0.2, reason="published")
    augmentation: Augmentation = key("of the training images", Augmentation)
    precision: Literal["auto", "32-true", "16-mixed", "bf16-mixed"] = key(
        "Lightning's. Networks trained in another one are other networks, so this is no key of the machine",
        "auto",
        reason="auto: bf16-mixed on a GPU that computes in it and has enough to do with one network, else 32-true",
    )

    @model_validator(mode="after")
    def _sensible(self):
        if self.nesterov and self.momentum == 0:
            raise ValueError("nesterov is true, but momentum is 0: Nesterov's momentum must be above 0")
        if self.milestones != sorted(set(self.milestones)):
            raise ValueError(f"milestones is {self.milestones}: must ascend")
        return self


class ImageJointTraining(ImageTraining):
    """How averages are trained end to end: what is not said here is as in the study's training."""

    learning_rate: Positive = key(
        "at the start",
        1.0,
        follows="joint.networks * training.learning_rate",
        reason="the average gives each network 1/L of the gradient: L times the rate moves it as far (without, it "
        "does not fit the training images)",
    )
    weight_decay: NonNegative = key(
        "of all parameters",
        0.00005,
        follows="training.weight_decay / joint.networks",
        reason="with L times the rate it decays a network as much",
    )


class Joint(Section):
    """Training the average of networks end to end (Section 5), which is no ensemble."""

    networks: Annotated[Int, Field(ge=2)] = key(
        "networks averaged; one of ensembles.sizes, to compare", 10, symbol="L", reason="paper: 10"
    )
    runs: Count = key(
        "such averages, from the study's first seeds on", 5, reason="a statement about training needs 5"
    )


class TheoryJoint(Joint):
    """Training the average of two-layer networks."""

    training: JointTraining = key("laid over the study's training", JointTraining)


class ImageJoint(Joint):
    """Training the average of networks for images."""

    training: ImageJointTraining = key("laid over the study's training", ImageJointTraining)
