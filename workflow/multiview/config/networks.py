"""Sections of networks, one for each `kind`: the paper's two-layer network, and those for images.

Defaults of the two-layer network are those of docs/theory.md, and of networks for images those of the study
`digits`: small images, few of them, networks that a CPU trains in seconds.
"""

import functools
import modulefinder
import os
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from multiview.config.base import Count, Float, Int, Positive, Regime, Section, UserPath, expanded, key, kinds


class Network(Section):
    """The two-layer network of the paper (Section 2.2)."""

    files: ClassVar[tuple[Path, ...]] = ()
    kind: Literal["two_layer"] = key("the network of Section 2.2", "two_layer")
    neurons: Count = key("neurons of a class", 10, symbol="m", reason="paper: polylog(k)")
    q: Annotated[Float, Field(ge=3)] = key(
        "power of the smoothed ReLU, whole or not",
        3,
        symbol="q",
        reason="the paper's smallest: with 4 students would hardly move",
    )
    rho: Positive = key(
        "where the smoothed ReLU turns linear",
        1.1,
        symbol="varrho",
        reason="paper: 1 / polylog(k). A larger one makes fewer ties and slower students",
    )
    init_std: Positive = key(
        "standard deviation of the initial weights",
        0.0001,
        symbol="sigma_0",
        reason="the race must be long compared with what follows it; below this nothing changes",
    )
    regime: Regime = key(
        "what is trained: all weights, the network linearised at its initialisation, or weights of the "
        "activations that it has there",
        "learned",
    )

    @property
    def modules(self) -> list[str]:
        """The modules in use, by name: an edit of them makes another network."""
        return ["two_layer" if self.regime == "learned" else "frozen_two_layer"]


class ImageNetworkBase(Section):
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


class WideResNet(ImageNetworkBase):
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


class CNN(ImageNetworkBase):
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


class VGG(ImageNetworkBase):
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


class MLP(ImageNetworkBase):
    """A fully connected network with ReLU; without hidden layers it is linear."""

    module: ClassVar[str] = "plain"
    kind: Literal["mlp"] = key("fully connected")
    hidden: list[Count] = key("neurons of each hidden layer; []: a linear network")
    trunk_length: ClassVar[int] = 0  # its layers have no channels


class OwnNetwork(ImageNetworkBase):
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
"""The network of a study on images."""


NETWORK_KINDS = kinds(ImageNetwork)
"""The values of ``network.kind`` in a study on images."""

NORMALISED = ("wide_resnet", "vgg")
"""The values of ``network.kind`` that are known to have batch normalisation."""
