"""Sections of what is measured: which ensembles are formed, and how errors turn into intervals."""

from typing import Annotated

from pydantic import Field, model_validator

from multiview.config.base import Count, Float, Int, Section, Seed, Weight, key


class Ensembles(Section):
    """Which ensembles are formed from the seeds."""

    sizes: Annotated[list[Count], Field(min_length=1)] = key(
        "sizes of ensembles; at most seeds each", [1, 2, 5, 10], symbol="L", reason="paper: 10"
    )
    subsets: Count = key(
        "ensembles of each size above 1: random subsets of the seeds, or all of them if there are no more",
        100,
    )
    best: Count = key(
        "of how many networks the best one is shown: the largest of sizes above 1 that is not above this, or else "
        "the smallest",
        20,
        reason="paper: 10; of nearly all networks that there are, the best one says nothing of others",
    )
    seed: Seed = key("seed of the subsets", 0)

    @model_validator(mode="after")
    def _distinct(self):
        if len(set(self.sizes)) != len(self.sizes):
            raise ValueError(f"sizes is {self.sizes}: every size may occur once only")
        return self


class Evaluation(Section):
    """How errors turn into intervals."""

    bootstrap: Annotated[Int, Field(ge=100)] = key("replicates, for calibration errors and soft labels", 2000)
    seed: Seed = key("seed of the bootstrap", 0)
    learned_ratio: Annotated[Float, Field(gt=0, lt=1)] = key(
        "view l of class i counts as learned where Phi_{i,l} >= this * max_l Phi_{i,l}",
        0.3,
        reason="the figure outcome shows how ratios spread about it",
    )
    learned_accuracy: Annotated[Float, Field(gt=0, lt=1)] = key(
        "pictures: view l of class i counts as learned where a network names the class of at least this share of "
        "its pictures, seen in that view alone",
        0.5,
        reason="chance is 1/k, and a network that has a view names nearly all of them",
    )
    mus: Annotated[list[Weight], Field(min_length=1)] = key(
        "shares of single-view samples at which the error on D is reported",
        [0.0, 0.0133, 0.05, 0.1, 0.2, 0.5, 1.0],
        symbol="mu",
    )
