"""The section of a dataset of pictures with two known views."""

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from multiview.config.datasets import CLASSES, Images
from multiview.config.sections import Int, Range, Section, Seed, Weight, key


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
    def path(self) -> str | None:
        """The folder of the user's own files with the pictures, if there is one."""
        return self.pictures.path

    @property
    def classes(self) -> int | None:
        """The number k of classes."""
        return self.pictures.classes or CLASSES.get(self.pictures.kind)

    def files(self, split: str) -> list[Path]:
        """The user's own files with the pictures of a split (``train`` or ``test``).

        Raises:
            ValueError: if there are none.
        """
        try:
            return self.pictures.files(split)
        except ValueError as error:
            raise ValueError(f"pictures.{error}") from None
