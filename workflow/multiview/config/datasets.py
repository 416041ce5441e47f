"""Sections of datasets, one for each `kind`: multi-view data, photos, pairs of them, Gaussian-like inputs, layers.

Defaults of multi-view data are those with which the theorems show at a size that two cores train in minutes:
docs/theory.md.
"""

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from multiview.config.base import (
    Count,
    Float,
    Int,
    Name,
    NonNegative,
    Positive,
    Range,
    Section,
    Seed,
    Share,
    UserPath,
    Weight,
    expanded,
    key,
    kinds,
)

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]

CLASSES = {"digits": 10, "fashion_mnist": 10, "cifar10": 10, "cifar100": 100}
"""Of the datasets that are known; of the others the config says how many there are."""
HUB = ("cifar10", "cifar100", "fashion_mnist")
"""Datasets that come from the Hugging Face hub, unless `path` says otherwise."""


class Strengths(Section):
    """Ranges of the total strength ``sum_p z_p`` of a view in a sample (Section 2), drawn uniformly."""

    own_multi: Range = key(
        "own class, multi-view sample, each of both views; from 1 on",
        [1.6, 1.6],
        symbol="sum_p z_p",
        reason="paper: [1, O(1)]. Large ones leave less loss while a class waits; equal ones make the race fair",
    )
    strong: Range = key(
        "own class, single-view sample, its strong view; from 1 on",
        [1.15, 1.15],
        symbol="sum_p z_p",
        reason="paper: [1, O(1)]. With 1, views of other classes exceed one that is half grown",
    )
    weak: Range = key(
        "own class, single-view sample, its weak view; below strong",
        [0.01, 0.01],
        symbol="rho",
        reason="paper: [rho, O(rho)], rho << Gamma",
    )
    other_multi: Range = key(
        "other classes, multi-view sample",
        [0.21, 0.25],
        symbol="sum_p z_p",
        reason="paper: [Omega(1), 0.4]. Weaker ones leave less loss too, but tell a student less",
    )
    other_single: Range = key(
        "other classes, single-view sample",
        [0.25, 0.3],
        symbol="Gamma",
        reason="paper: [Omega(Gamma), Gamma]. With less, a view that is half grown counts as well",
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
        "dimension of a patch; at least 2 k",
        80,
        symbol="d",
        reason="paper: a high power of k. Noise is off the views, so d only sets how much of it is memorised",
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
        1.0,
        symbol="gamma k",
        reason="paper: gamma k. Larger: single-view samples are memorised sooner, students are slower",
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


class Images(Section):
    """Labelled images, all of one size, and how they are divided into splits."""

    artifact: ClassVar[str] = "images"
    module: ClassVar[str] = "photos"
    """Of the package `multiview.data`, with a function ``draw``."""
    kind: Literal["digits", "fashion_mnist", "cifar10", "cifar100", "parquet"] = key(
        "digits comes with scikit-learn, parquet from `path`, the others from the Hugging Face hub"
    )
    seed: Seed = key("seed of the division into splits", 0, follows="data_seed")
    path: UserPath | None = key(
        "folder with train*.parquet and test*.parquet in the hub's schema, read instead of the hub", None
    )
    revision: str | None = key("of the hub's repository; null: the one that is known", None)
    sha256: dict[Literal["train", "test"], Sha256] | None = key(
        "of the hub's files; null: those that are known", None
    )
    image_column: str | None = key("parquet: column of the images; null: image", None)
    label_column: str | None = key("parquet: column of the labels; null: label", None)
    classes: Annotated[Int, Field(ge=2)] | None = key(
        "parquet: how many, labels are 0 to k - 1; of the others it is known", None, symbol="k"
    )
    train_samples: Count | None = key(
        "training images; null: all but those for validation. digits, which is one set, needs it: the rest is for "
        "testing",
        None,
        symbol="N",
    )
    validation_samples: Count = key(
        "images held out of the training file, to choose objectives by", 300, reason="the paper: silent"
    )
    test_samples: Count | None = key("test images; null: all there are", None)
    shrink: Count = key(
        "each n x n pixels are replaced by their mean, so that networks cost n^2 times less", 1, symbol="n"
    )

    @model_validator(mode="after")
    def _of_its_kind(self):
        set_keys = {name for name, value in self if value is not None}
        if self.kind == "parquet":
            for key in ("path", "classes"):
                if key not in set_keys:
                    raise ValueError(f"kind is parquet: {key} is missing")
        elif wrong := [key for key in ("image_column", "label_column", "classes") if key in set_keys]:
            raise ValueError(f"{wrong[0]} belongs to kind parquet; of {self.kind} it is known")
        from_hub = self.kind in HUB and self.path is None
        if not from_hub and (wrong := [key for key in ("revision", "sha256") if key in set_keys]):
            raise ValueError(f"{wrong[0]} is of files from the hub, but {self.path or self.kind} is none")
        if self.kind == "digits":
            if self.path is not None:
                raise ValueError("path: digits comes with scikit-learn; use kind parquet for images of your own")
            if self.train_samples is None:
                raise ValueError("train_samples is missing: digits is one set, what is left of it is for testing")
        return self

    def files(self, split: str) -> list[Path]:
        """The Parquet files of a split (``train`` or ``test``) in the folder `path`, in order; [] without one.

        Raises:
            ValueError: if there are none in the folder.
        """
        if self.path is None:
            return []
        folder = expanded(self.path)
        paths = sorted(folder.rglob(f"{split}*.parquet"))
        if not paths:
            names = sorted(p.name for p in folder.iterdir())[:5] if folder.is_dir() else ["no such folder"]
            found = ", ".join(names) or "an empty folder"
            raise ValueError(f"path: expected {split}*.parquet in {folder}, found {found}")
        return paths


class Contrasts(Section):
    """Contrasts of pictures, 1 as they are and 0 none: what the strengths z of views are in the paper (Section 2).

    Views of the own class have contrast 1 in a multi-view sample, and so has the strong view of a single-view one.
    """

    weak: Range = key("own class, single-view sample, its weak view", [0.0, 0.0], symbol="rho")
    other_multi: Range = key(
        "another class, multi-view sample, laid over either view", [0.0, 0.4], reason="the paper: up to 0.4"
    )
    other_single: Range = key(
        "another class, single-view sample, laid over its weak view",
        [0.5, 0.5],
        symbol="Gamma",
        reason="what a network goes by that has not learned the strong view",
    )

    @model_validator(mode="after")
    def _ordered(self):
        for name in type(self).model_fields:
            low, high = getattr(self, name)
            if not low <= high <= 1:
                raise ValueError(f"{name} is [{low}, {high}]: expected a lower end and an upper one of at most 1")
        if max(self.weak[1], self.other_single[1]) >= 1:
            raise ValueError("weak and other_single must stay below 1, the contrast of the strong view")
        return self


class Paired(Section):
    """Two pictures of one class make a sample: each is a view of it."""

    artifact: ClassVar[str] = "images"
    module: ClassVar[str] = "paired"
    kind: Literal["paired"] = key("two pictures of one class are a sample")
    seed: Seed = key("seed of the splits of the pictures, and of the pairs", 0, follows="data_seed")
    pictures: Images = key("where the pictures come from, and their splits: a section as of images")
    layout: Literal["channels", "side_by_side"] = key(
        "where the second picture is: on channels of its own, or to the right of the first", "channels"
    )
    shift: Annotated[Int, Field(ge=0)] = key(
        "the second view of class j is a picture of class j + shift, modulo k, of the pictures; 0: both views are "
        "pictures of class j",
        0,
    )
    mu: Weight = key("share of single-view samples in D; round(mu N) are in the training set", symbol="mu")
    contrast: Contrasts = key("how well pictures are seen", Contrasts)
    train_samples: Annotated[Int, Field(ge=2)] = key(
        "pairs for training. A picture is in several of them, with other partners", symbol="N"
    )

    @model_validator(mode="before")
    @classmethod
    def _one_seed(cls, raw: Any) -> Any:
        # The pictures are divided by the seed of the dataset, which --config data_seed sets.
        pictures = raw.get("pictures") if isinstance(raw, dict) else None
        if not isinstance(pictures, dict):
            return raw
        seed = raw.get("seed", 0)
        if pictures.get("seed", seed) != seed:
            raise ValueError("pictures.seed: the seed of the dataset divides the pictures too; leave it out")
        return raw | {"pictures": pictures | {"seed": seed}}

    @model_validator(mode="after")
    def _shifts(self):
        if self.classes is not None and self.shift >= self.classes:
            raise ValueError(f"shift is {self.shift}, but there are {self.classes} classes")
        return self

    @property
    def classes(self) -> int | None:
        """The number k of classes."""
        return self.pictures.classes or CLASSES.get(self.pictures.kind)

    def files(self, split: str) -> list[Path]:
        """The user's own files with the pictures of a split (``train`` or ``test``).

        Raises:
            ValueError: as `Images.files` does.
        """
        try:
            return self.pictures.files(split)
        except ValueError as error:
            raise ValueError(f"pictures.{error}") from None


class Gaussian(Section):
    """Gaussian-like inputs without views, labelled by a random network (Section 5).

    The paper is silent on sizes; outputs of the target are standardised, so that classes are about as frequent.
    """

    artifact: ClassVar[str] = "inputs"
    module: ClassVar[str] = "gaussian"
    kind: Literal["gaussian"] = key("inputs without views")
    seed: Seed = key("seed of everything drawn", 0, follows="data_seed")
    shape: Annotated[list[Count], Field(min_length=3, max_length=3)] = key(
        "channels, height and width of an input", [1, 8, 8], reason="convolutions see an image"
    )
    classes: Annotated[Int, Field(ge=2)] = key("classes; a label is the target's largest output", 10, symbol="k")
    inputs: Literal["normal", "mixture"] = key("normal: N(0, I); mixture: of Gaussians", "normal")
    components: Count = key("mixture: Gaussians, equally frequent", 20)
    spread: NonNegative = key("mixture: standard deviation of an entry of their means, beside 1", 1.0)
    target: Literal["linear", "mlp", "cnn"] = key(
        "random network that labels: linear, one hidden ReLU layer, or one of 3x3 convolutions", "linear"
    )
    target_width: Count = key("mlp: hidden neurons; cnn: channels", 16)
    margin: NonNegative = key(
        "samples whose two largest outputs are closer are rejected", 0.3, unit="deviations of an output"
    )
    train_samples: Count = key("training samples", 1000, symbol="N")
    validation_samples: Count = key("samples to choose settings by", 300)
    test_samples: Count = key("test samples", 4000)


class Layer(Section):
    """A layer of a trained network as the inputs of new networks (Section 5)."""

    artifact: ClassVar[str] = "inputs"
    kind: Literal["layer"] = key("what a layer says of images")
    seed: Seed = key("seed of the draw of channels and training samples", 0, follows="data_seed")
    study: Name = key("a study on images: its first network, its images and its splits are taken")
    layers: Count = key(
        "modules of the network's trunk that its images pass", 2, reason="of digits: a convolution and a block"
    )
    channels: Share = key("share of the channels that is kept, drawn at random", 1.0)
    train_share: Share = key("share of the training samples that is kept, drawn at random", 1.0)


ImageData = Annotated[Images | Paired | Gaussian | Layer, Field(discriminator="kind")]
"""The dataset of a study on images."""

THEORY_KINDS, PHOTO_KINDS, IMAGE_KINDS = (kinds(section) for section in (Dataset, Images, ImageData))
"""The values of ``dataset.kind`` in studies of theory, in those on real images, and in all on images."""
