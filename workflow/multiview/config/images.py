"""Sections of a study on images: where they come from, networks for small images, and how these are trained.

Numbers of the training that are called published are those of Zagoruyko and Komodakis, "Wide Residual Networks"
(arXiv 1605.07146), which the paper follows (Section 5).
"""

import functools
import modulefinder
import os
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from multiview.config.sections import (
    Float,
    Int,
    Joint,
    Name,
    NonNegative,
    Objective,
    Positive,
    Regime,
    Section,
    UserPath,
    expanded,
)

Share = Annotated[Float, Field(gt=0, le=1)]
Count = Annotated[Int, Field(ge=1)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Auto = Literal["auto", True, False]

CLASSES = {"digits": 10, "fashion_mnist": 10, "cifar10": 10, "cifar100": 100}
"""Of the datasets that are known; of the others the config says how many there are."""
HUB = ("cifar10", "cifar100", "fashion_mnist")
"""Datasets that come from the Hugging Face hub, unless `path` says otherwise."""


class Images(Section):
    """Labelled images, all of one size, and how they are divided into splits."""

    artifact: ClassVar[str] = "images"
    module: ClassVar[str] = "photos"
    """Of the package `multiview.data`, with a function ``draw``."""
    kind: Literal["digits", "fashion_mnist", "cifar10", "cifar100", "parquet"] = Field(
        description="digits comes with scikit-learn, parquet from `path`, the others from the Hugging Face hub"
    )
    seed: Annotated[Int, Field(ge=0)] = Field(description="seed of the division into splits")
    path: UserPath | None = Field(
        None,
        description="folder with train*.parquet and test*.parquet in the hub's schema, read instead of the hub",
    )
    revision: str | None = Field(None, description="of the hub's repository; null: the one that is known")
    sha256: dict[Literal["train", "test"], Sha256] | None = Field(
        None, description="of the hub's files; null: those that are known"
    )
    image_column: str | None = Field(None, description="parquet: column of the images; default image")
    label_column: str | None = Field(None, description="parquet: column of the labels; default label")
    classes: Annotated[Int, Field(ge=2)] | None = Field(None, description="parquet: k, labels are 0 to k - 1")
    train_samples: Count | None = Field(None, description="training images; null: all but those for validation")
    validation_samples: Count = Field(description="images held out of the training file, to choose objectives by")
    test_samples: Count | None = Field(None, description="test images; null: all there are")

    @model_validator(mode="after")
    def _of_its_kind(self):
        if self.kind == "parquet":
            for key in ("path", "classes"):
                if getattr(self, key) is None:
                    raise ValueError(f"kind is parquet: {key} is missing")
        else:
            for key in ("image_column", "label_column", "classes"):
                if getattr(self, key) is not None:
                    raise ValueError(f"{key} belongs to kind parquet; of {self.kind} it is known")
        if self.kind not in HUB or self.path is not None:
            for key in ("revision", "sha256"):
                if getattr(self, key) is not None:
                    raise ValueError(f"{key} is of files from the hub, but {self.path or self.kind} is none")
        if self.kind == "digits":
            if self.path is not None:
                raise ValueError("path: digits comes with scikit-learn; use kind parquet for images of your own")
            if self.train_samples is None:
                raise ValueError("train_samples is missing: digits is one set, what is left of it is for testing")
        return self

    def files(self, split: str) -> list[Path]:
        """The Parquet files of a split (``train`` or ``test``) in the folder `path`, in order.

        Raises:
            ValueError: if there are none.
        """
        folder = expanded(self.path)
        found = sorted(folder.rglob(f"{split}*.parquet"))
        if not found:
            there = (
                ", ".join(sorted(p.name for p in folder.iterdir())[:5]) if folder.is_dir() else "no such folder"
            )
            raise ValueError(f"path: expected {split}*.parquet in {folder}, found {there or 'an empty folder'}")
        return found


class Gaussian(Section):
    """Gaussian-like inputs without views, labelled by a random network (Section 5).

    The paper is silent on sizes; outputs of the target are standardised, so that classes are about as frequent.
    """

    artifact: ClassVar[str] = "inputs"
    module: ClassVar[str] = "gaussian"
    path: ClassVar[None] = None
    kind: Literal["gaussian"]
    seed: Annotated[Int, Field(ge=0)] = Field(description="seed of everything drawn")
    shape: Annotated[list[Count], Field(min_length=3, max_length=3)] = Field(
        description="channels, height and width of an input: convolutions see an image"
    )
    classes: Annotated[Int, Field(ge=2)] = Field(description="k; a label is the target's largest output")
    inputs: Literal["normal", "mixture"] = Field(description="N(0, I), or a mixture of Gaussians")
    components: Count = Field(description="mixture: Gaussians, equally frequent")
    spread: NonNegative = Field(description="mixture: standard deviation of an entry of their means, beside 1")
    target: Literal["linear", "mlp", "cnn"] = Field(
        description="random network that labels: linear, one hidden ReLU layer, or one of 3x3 convolutions"
    )
    target_width: Count = Field(description="mlp: hidden neurons; cnn: channels")
    margin: NonNegative = Field(
        description="samples whose two largest outputs are closer are rejected; in deviations of an output"
    )
    train_samples: Count = Field(description="training samples")
    validation_samples: Count = Field(description="samples to choose settings by")
    test_samples: Count = Field(description="test samples")


class Layer(Section):
    """A layer of a trained network as the inputs of new networks (Section 5)."""

    artifact: ClassVar[str] = "inputs"
    path: ClassVar[None] = None
    kind: Literal["layer"]
    seed: Annotated[Int, Field(ge=0)] = Field(description="seed of the draw of channels and training samples")
    study: Name = Field(description="a study on images: its first network, its images and its splits are taken")
    layers: Count = Field(description="modules of the network's trunk that its images pass")
    channels: Share = Field(description="share of the channels that is kept, drawn at random; in (0, 1]")
    train_share: Share = Field(
        description="share of the training samples that is kept, drawn at random; in (0, 1]"
    )


class Network(Section):
    """What all networks for images have."""

    module: ClassVar[str]
    """Of the package `multiview.networks`, with a function ``build``."""
    files: ClassVar[tuple[Path, ...]] = ()
    """Of the user's own."""

    regime: Regime = Field(
        "learned",
        description="what is trained: all weights, the network linearised at its initialisation, its last layer",
    )

    @property
    def modules(self) -> list[str]:
        """The modules in use, by name: an edit of them makes another network."""
        return [self.module] + (["linearised"] if self.regime != "learned" else [])


class WideResNet(Network):
    """A wide residual network with pre-activation blocks."""

    module: ClassVar[str] = "wide_resnet"
    kind: Literal["wide_resnet"]
    depth: Annotated[Int, Field(ge=10)] = Field(description="layers, 6 n + 4 for n blocks a stage; paper: 28")
    width: Count = Field(description="factor of the channels 16, 32, 64; paper: 10")

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
    kind: Literal["cnn"]
    channels: Annotated[list[Count], Field(min_length=1)] = Field(description="of each 3x3 convolution")

    @property
    def trunk_length(self) -> int:
        """Modules of the trunk: convolutions, ReLUs and halvings."""
        return 3 * len(self.channels) - 1


class VGG(Network):
    """A network in the style of VGG: blocks of 3x3 convolutions with batch normalisation, halved after each."""

    module: ClassVar[str] = "plain"
    kind: Literal["vgg"]
    channels: Annotated[list[Count], Field(min_length=1)] = Field(description="of each block")
    convolutions: Annotated[list[Count], Field(min_length=1)] = Field(description="how many in each block")

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
    kind: Literal["mlp"]
    hidden: list[Count] = Field(description="neurons of each hidden layer; []: a linear network")
    trunk_length: ClassVar[int] = 0  # its layers have no channels


class OwnNetwork(Network):
    """A network of one's own: a class in a file, called with the shape of an input, k, and arguments."""

    module: ClassVar[str] = "user_file"
    kind: Literal["file"]
    path: UserPath = Field(description="the Python file, relative to the folder in which Snakemake runs")
    name: str = Field(description="the class in it, a torch.nn.Module from inputs [n, *shape] to logits [n, k]")
    arguments: dict[str, Any] = Field({}, description="it is called with besides shape and k")
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
        finder = modulefinder.ModuleFinder([str(self.file.parent), *others])
        try:
            finder.run_script(str(self.file))
        except SyntaxError:  # its job says so
            return [self.file]
        imported = {Path(module.__file__) for module in finder.modules.values() if module.__file__}
        return [self.file, *sorted(imported - {self.file})]


ImageNetwork = Annotated[WideResNet | CNN | VGG | MLP | OwnNetwork, Field(discriminator="kind")]
ImageData = Annotated[Images | Gaussian | Layer, Field(discriminator="kind")]


class Augmentation(Section):
    """Random changes of the training images, drawn anew in every epoch."""

    crop_padding: Annotated[Int, Field(ge=0)] = Field(
        description="zeros around an image, of which a crop is cut; published: 4, the image reflected"
    )
    flip: bool = Field(description="mirror half of the images left to right")


class ImageTraining(Section):
    """Stochastic gradient descent with momentum and a step schedule."""

    epochs: Count = Field(description="passes over the training images; published: 200")
    batch_size: Count = Field(description="images a step; published: 128")
    learning_rate: Positive = Field(description="at the start; published: 0.1")
    momentum: Annotated[Float, Field(ge=0, lt=1)] = Field(description="published: 0.9")
    nesterov: bool = Field(description="published: true")
    weight_decay: NonNegative = Field(description="of all parameters; published: 5e-4")
    milestones: list[Annotated[Float, Field(gt=0, lt=1)]] = Field(
        description="shares of the epochs after which the learning rate drops; published: 0.3, 0.6, 0.8"
    )
    drop: Annotated[Float, Field(gt=0, le=1)] = Field(description="factor of a drop; published: 0.2")
    augmentation: Augmentation
    precision: Literal["auto", "32-true", "16-mixed", "bf16-mixed"] = Field(
        description="Lightning's; auto: bf16-mixed on a GPU that computes in it, else 32-true"
    )
    channels_last: Auto = Field(description="memory layout; auto: yes")
    compile: Auto = Field(description="torch.compile; auto: on a GPU")
    accelerator: Literal["auto", "cpu", "gpu"] = Field(description="Lightning's accelerator")
    loggers: list[Literal["csv", "tensorboard"]] = Field(
        description="Lightning's loggers, in logs/<study>/lightning"
    )
    checkpoint_seconds: NonNegative = Field(description="at the end of an epoch, if the last one is this long ago")

    @model_validator(mode="after")
    def _sensible(self):
        if self.nesterov and self.momentum == 0:
            raise ValueError("nesterov is true, but momentum is 0: Nesterov's momentum must be above 0")
        if self.milestones != sorted(set(self.milestones)):
            raise ValueError(f"milestones is {self.milestones}: must ascend")
        return self


class Grid(Section):
    """Values of Hinton's objective that are tried; the best on the validation split are used."""

    alpha: Annotated[list[Annotated[Float, Field(ge=0, le=1)]], Field(min_length=1)]
    temperature: Annotated[list[Positive], Field(min_length=1)]
    students: Count = Field(description="the first so many students try each pair")


class ImageDistillation(Section):
    """How students learn, unless one has its own way."""

    start: Literal["warm", "scratch"] = Field(
        description="scratch: from a fresh initialisation; warm: from the end of the student's own training"
    )
    objective: Objective
    grid: Grid | None = Field(description="alpha and temperature to choose from; null: those of the objective")
    training: ImageTraining

    @model_validator(mode="after")
    def _grid_is_of_hinton(self):
        if self.grid is not None and self.objective.kind != "hinton":
            raise ValueError(f"grid is for objective.kind hinton, found {self.objective.kind}: set grid to null")
        return self


class ImageJoint(Joint):
    """Training the average of networks for images."""

    training: ImageTraining


class Features(Section):
    """What is shown of the features that seeds learn (Section 5)."""

    classes: Annotated[list[Annotated[Int, Field(ge=0)]], Field(min_length=1)] = Field(
        description="classes of which the most important channel is shown"
    )
    seeds: Annotated[Int, Field(ge=2)] = Field(description="the first so many seeds are shown; at most seeds")
    images: Count = Field(description="test images that excite a channel most, of each")
    steps: Count = Field(description="steps of gradient ascent to the optimised image")
    step_size: Positive = Field(description="their size, the norm of a change, in grey levels of 0 to 1")
