"""Sections of a study on images: where they come from, networks for small images, and how these are trained.

Numbers of the training that are called published are those of Zagoruyko and Komodakis, "Wide Residual Networks"
(arXiv 1605.07146), which the paper follows (Section 5).
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from multiview.config.sections import Float, Int, NonNegative, Objective, Positive, Section

Count = Annotated[Int, Field(ge=1)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Auto = Literal["auto", True, False]

HUB = ("cifar10", "cifar100", "fashion_mnist")
"""Datasets that come from the Hugging Face hub, unless `path` says otherwise."""


class Images(Section):
    """Labelled images, all of one size, and how they are divided into splits."""

    kind: Literal["digits", "fashion_mnist", "cifar10", "cifar100", "parquet"] = Field(
        description="digits comes with scikit-learn, parquet from `path`, the others from the Hugging Face hub"
    )
    seed: Annotated[Int, Field(ge=0)] = Field(description="seed of the division into splits")
    path: str | None = Field(
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
        folder = Path(self.path)
        found = sorted(folder.rglob(f"{split}*.parquet"))
        if not found:
            there = (
                ", ".join(sorted(p.name for p in folder.iterdir())[:5]) if folder.is_dir() else "no such folder"
            )
            raise ValueError(f"path: expected {split}*.parquet in {folder}, found {there or 'an empty folder'}")
        return found


class Network(Section):
    """What all networks for images have."""

    regime: Literal["learned", "linearised", "random_features"] = Field(
        "learned",
        description="what is trained: all weights, the network linearised at its initialisation, its last layer",
    )


class WideResNet(Network):
    """A wide residual network with pre-activation blocks."""

    kind: Literal["wide_resnet"]
    depth: Annotated[Int, Field(ge=10)] = Field(description="layers, 6 n + 4 for n blocks a stage; paper: 28")
    width: Count = Field(description="factor of the channels 16, 32, 64; paper: 10")

    @model_validator(mode="after")
    def _divides(self):
        if (self.depth - 4) % 6:
            raise ValueError(f"depth is {self.depth}, but must be 6 n + 4: 10, 16, 22, 28, ...")
        return self


class CNN(Network):
    """A plain convolutional network: convolution, ReLU and halving for each entry, then the mean."""

    kind: Literal["cnn"]
    channels: Annotated[list[Count], Field(min_length=1)] = Field(description="of each 3x3 convolution")


class VGG(Network):
    """A network in the style of VGG: blocks of 3x3 convolutions with batch normalisation, halved after each."""

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


ImageNetwork = Annotated[WideResNet | CNN | VGG, Field(discriminator="kind")]


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


class Joint(Section):
    """Training the average of networks end to end (Section 5.1), which is no ensemble."""

    networks: Annotated[Int, Field(ge=2)] = Field(description="L, networks averaged; paper: 10")
    runs: Count = Field(description="how many such averages are trained, from the study's first seeds on")
    training: ImageTraining
