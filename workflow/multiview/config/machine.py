"""The section `machine`: how jobs use it (accelerator, compilation, checkpoints, loggers, seeds per job)."""

from typing import Annotated, Literal

from pydantic import Field

from multiview.config.base import Auto, Count, Int, NonNegative, Section, key


class Machine(Section):
    """How jobs use the machine. Results depend on it by rounding alone, and a change trains nothing again."""

    accelerator: Literal["auto", "cpu", "gpu"] = key(
        "where networks are trained", "auto", reason="auto: on a GPU if PyTorch finds one when the run begins"
    )
    compile: Auto = key("torch.compile, for images", "auto", reason="auto: on a GPU, where it pays")
    channels_last: Auto = key("memory layout with the channels last, for images", "auto", reason="auto: yes")
    side_by_side: Auto = key(
        "networks for images of one job's seeds are trained in one pass a step, instead of one after the other",
        "auto",
        reason="auto: on a GPU that one of them would leave idle",
    )
    block_samples: Annotated[Int, Field(ge=0)] = key(
        "samples that a pass takes at once in the theory's training; 0: all, for a GPU. On a CPU an average of L "
        "networks takes the L-th part of them",
        200,
        unit="samples",
        reason="what is worked on, 1.6 MB of the default study, fits the cache of a CPU",
    )
    checkpoint_seconds: NonNegative = key(
        "time between checkpoints; a killed job loses at most this, and on images the epoch it was in",
        20.0,
        unit="s",
    )
    loggers: list[Literal["csv", "tensorboard"]] = key(
        "Lightning's loggers for images, which write into logs/<study>/lightning", []
    )
    seeds_per_job: Count = key(
        "seeds that one training job takes, a chunk. Folders are named after them: in other chunks networks are "
        "trained again",
        10,
        unit="seeds",
        reason="1 is for large networks on a GPU cluster",
    )


DEFAULT_MACHINE = Machine()
"""What jobs use where a caller says nothing of the machine."""
