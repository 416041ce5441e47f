"""Sections of figures: how all of them look, and what is shown of the features that seeds learn."""

from typing import Annotated, Literal

from pydantic import Field

from multiview.config.base import Count, Float, Int, Positive, Section, Seed, key


class Figures(Section):
    """How figures look; a change here redraws figures and nothing else."""

    dpi: Annotated[Int, Field(ge=50, le=1200)] = key("resolution of the PNG files", 200, unit="dots an inch")
    font_size: Annotated[Float, Field(ge=4, le=24)] = key("size of the letters", 8, unit="points")
    palette: Literal["colorblind", "deep", "muted", "dark"] = key("palette, one of seaborn's", "colorblind")
    race_classes: Annotated[Int, Field(ge=1, le=16)] = key("classes drawn in the race", 6)
    race_seed: Seed | None = key("seed drawn in the race; null: the first", None)


class Features(Section):
    """What is shown of the features that seeds learn (Section 5)."""

    classes: Annotated[list[Seed], Field(min_length=1)] = key(
        "of each the channel that adds most to its logit is shown", [0, 1]
    )
    seeds: Annotated[Int, Field(ge=2)] = key("the first so many seeds are shown; at most seeds", 5)
    images: Count = key("test images that excite a channel most, of each", 6)
    steps: Count = key("steps of gradient ascent to the optimised image", 100)
    step_size: Positive = key("their size, the norm of a change", 0.5, unit="grey levels of 0 to 1")
