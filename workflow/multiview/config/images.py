"""Sections of a study on images: networks for small images, and how these are trained.

Defaults are those of the study `digits`: small images, few of them, networks that a CPU trains in seconds. Numbers
of the training that are called published are those of Zagoruyko and Komodakis, "Wide Residual Networks" (arXiv
1605.07146), which the paper follows (Section 5).
"""

import functools
import modulefinder
import os
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from multiview.config.datasets import Share
from multiview.config.objectives import Objective
from multiview.config.sections import (
    Count,
    Float,
    Int,
    Joint,
    NonNegative,
    Positive,
    Regime,
    Section,
    Seed,
    UserPath,
    Weight,
    expanded,
    key,
)


class Network(Section):
    """What all networks for images have."""

    module: ClassVar[str]
    """Of the package `multiview.networks`, with a function ``build``."""
    files: ClassVar[tuple[Path, ...]] = ()
    """Of the user's own."""

    regime: Regime = key(
        "what is trained: all weights, the network linearised at its initialisation, or its last layer", "learned"
    )

    @property
    def modules(self) -> list[str]:
        """The modules in use, by name: an edit of them makes another network."""
        return [self.module] + (["linearised"] if self.regime != "learned" else [])


class WideResNet(Network):
    """A wide residual network with pre-activation blocks."""

    module: ClassVar[str] = "wide_resnet"
    kind: Literal["wide_resnet"] = key("as in arXiv 1605.07146", "wide_resnet")
    depth: Annotated[Int, Field(ge=10)] = key("layers, 6 n + 4 for n blocks a stage", 10, reason="paper: 28")
    width: Count = key("factor of the channels 16, 32, 64", 1, reason="paper: 10")

    @model_validator(mode="after")
    def _divides(self):
        if (self.depth - 4) % 6:
            raise ValueError(f"depth is {self.depth}, but must be 6 n + 4: 10, 16, 22, 28, ...")
        return self

    @property
    def trunk_length(self) -> int:
        """Modules of the trunk: a convolution and all blocks."""
        return 1 + (self.depth - 4) // 2


class CNN(Network):
    """A plain convolutional network: convolution, ReLU and halving for each entry, then the mean."""

    module: ClassVar[str] = "plain"
    kind: Literal["cnn"] = key("plain convolutions")
    channels: Annotated[list[Count], Field(min_length=1)] = key("of each 3x3 convolution, in each branch")
    branches: Count = key(
        "the channels of an image are shared out among so many branches, which meet in the last layer alone; 2: "
        "each view of paired pictures has its own",
        1,
    )
    init_scale: Positive = key(
        "factor of all initial weights; small ones make views race, as in the paper's network", 1.0
    )

    @property
    def trunk_length(self) -> int:
        """Modules of the trunk: convolutions, ReLUs and halvings."""
        return 3 * len(self.channels) - 1


class VGG(Network):
    """A network in the style of VGG: blocks of 3x3 convolutions with batch normalisation, halved after each."""

    module: ClassVar[str] = "plain"
    kind: Literal["vgg"] = key("blocks of convolutions")
    channels: Annotated[list[Count], Field(min_length=1)] = key("of each block")
    convolutions: Annotated[list[Count], Field(min_length=1)] = key("how many in each block")

    @model_validator(mode="after")
    def _same_length(self):
        if len(self.channels) != len(self.convolutions):
            raise ValueError(
                f"channels has {len(self.channels)} blocks, convolutions {len(self.convolutions)}: they must agree"
            )
        return self

    @property
    def trunk_length(self) -> int:
        """Modules of the trunk: convolutions, normalisations, ReLUs and halvings."""
        return 3 * sum(self.convolutions) + len(self.convolutions) - 1


class MLP(Network):
    """A fully connected network with ReLU; without hidden layers it is linear."""

    module: ClassVar[str] = "plain"
    kind: Literal["mlp"] = key("fully connected")
    hidden: list[Count] = key("neurons of each hidden layer; []: a linear network")
    trunk_length: ClassVar[int] = 0  # its layers have no channels


class OwnNetwork(Network):
    """A network of one's own: a class in a file, called with the shape of an input, k, and arguments."""

    module: ClassVar[str] = "user_file"
    kind: Literal["file"] = key("a network of one's own")
    path: UserPath = key("the Python file, relative to the folder in which Snakemake runs")
    name: str = key("the class in it, a torch.nn.Module from inputs [n, *shape] to logits [n, k]")
    arguments: dict[str, Any] = key("what it is called with besides shape and k", {})
    trunk_length: ClassVar[int] = 0  # what it is made of is not known

    @model_validator(mode="after")
    def _is_there(self):
        if not self.file.is_file():
            raise ValueError(f"path: expected a Python file, found no file {str(self.file)!r} in {Path.cwd()}")
        if self.regime == "random_features":
            raise ValueError(
                "regime is random_features: which layer of a network of one's own is the last is not known"
            )
        return self

    @property
    def file(self) -> Path:
        """The Python file."""
        return expanded(self.path)

    @functools.cached_property
    def files(self) -> list[Path]:
        """The file, and what it imports of its folder and of PYTHONPATH, directly or not."""
        installed = ("site-packages", "dist-packages", str(Path(__file__).parents[2]))
        others = os.environ.get("PYTHONPATH", "").split(os.pathsep)
        others = [entry for entry in others if entry and not entry.rstrip("/").endswith(installed)]
        finder = modulefinder.ModuleFinder([str(self.file.resolve().parent), *others])
        try:
            finder.run_script(str(self.file))
        except (SyntaxError, ImportError):  # its job says so
            return [self.file]
        imported = {Path(module.__file__) for module in finder.modules.values() if module.__file__}
        return [self.file, *sorted(imported - {self.file})]


ImageNetwork = Annotated[WideResNet | CNN | VGG | MLP | OwnNetwork, Field(discriminator="kind")]


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


class Grid(Section):
    """Values of Hinton's objective that are tried; the best on the validation split are used."""

    alpha: Annotated[list[Weight], Field(min_length=1)] = key(
        "weights of the soft labels", [0.5, 0.9], symbol="alpha"
    )
    temperature: Annotated[list[Positive], Field(min_length=1)] = key("temperatures", [1.0, 4.0, 16.0], symbol="T")
    students: Count = key("the first so many students try each pair", 2)


class ImageDistillation(Section):
    """How students learn, unless a kind of students has its own way."""

    start: Literal["warm", "scratch"] = key(
        "scratch: from a fresh initialisation; warm: from the end of the student's own training",
        "scratch",
        reason="the paper's students are fresh networks",
    )
    objective: Objective = key("what students are trained towards", Objective)
    soft_labels: Literal["all", "none"] = key(
        "none: hard labels alone, as a control. A kind called `single_longer`, with the epochs of teacher and "
        "student together, is held against `distilled` and `self_distilled`",
        "all",
    )
    grid: Grid | None = key(
        "alpha and temperature to choose from, for each kind of students; null: those of the objective", None
    )
    training: ImageTraining = key("laid over the study's training", ImageTraining)

    @model_validator(mode="after")
    def _grid_is_of_hinton(self):
        if self.grid is not None and self.objective.kind != "hinton":
            raise ValueError(f"grid is for objective.kind hinton, found {self.objective.kind}: set grid to null")
        if self.grid is not None and self.soft_labels == "none":
            raise ValueError("soft_labels is none, so that there is nothing to choose: set grid to null")
        return self


class ImageJoint(Joint):
    """Training the average of networks for images."""

    training: ImageJointTraining = key("laid over the study's training", ImageJointTraining)


class Features(Section):
    """What is shown of the features that seeds learn (Section 5)."""

    classes: Annotated[list[Seed], Field(min_length=1)] = key(
        "of each the channel that adds most to its logit is shown", [0, 1]
    )
    seeds: Annotated[Int, Field(ge=2)] = key("the first so many seeds are shown; at most seeds", 5)
    images: Count = key("test images that excite a channel most, of each", 6)
    steps: Count = key("steps of gradient ascent to the optimised image", 100)
    step_size: Positive = key("their size, the norm of a change", 0.5, unit="grey levels of 0 to 1")
