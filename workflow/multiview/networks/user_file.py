"""Networks of the user's own, from a file that the config names."""

import contextlib
import importlib.util
import random
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from multiview import config


def build(settings: config.OwnNetwork, shape: torch.Size, classes: int) -> nn.Module:
    """Make the network that a file defines, which may import its neighbours.

    `shape` is that of an input: channels, height, width.

    Raises:
        ConfigError: if the file cannot be imported, has no such class, that makes no k logits of an input by
            itself, or makes the same weights of every seed.
    """
    path, where = settings.file, f"network.path {settings.path}"
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)  # as if it were run as a script
    spec = importlib.util.spec_from_file_location(f"own_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    with _or_refused(f"{where}: cannot be imported"):
        spec.loader.exec_module(module)
    made = getattr(module, settings.name, None)
    if made is None:
        raise config.ConfigError(f"{where}: expected a class {settings.name!r}, found none of that name")
    call = f"{settings.name}(shape={tuple(shape)}, classes={classes}, ...)"
    with _or_refused(f"{where}: {call} fails on two inputs of the dataset's shape"):
        network = _made(made, shape, classes, settings.arguments)
        probe = torch.rand(2, *shape)
        with torch.no_grad():
            logits, alone = network.eval()(probe), network(probe[:1])
        network.train()
    if tuple(logits.shape) != (2, classes):
        raise config.ConfigError(
            f"{where}: expected logits of shape (2, {classes}) for two inputs, found {tuple(logits.shape)}"
        )
    if not torch.allclose(logits[:1], alone, rtol=1e-3, atol=1e-4):
        raise config.ConfigError(
            f"{where}: in evaluation the logits of an input differ with what else is in its batch. Batch "
            "normalisation must keep running statistics (track_running_stats)"
        )
    with _or_refused(f"{where}: {settings.name} can be made for one seed, but not in the same shape for another"):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(torch.initial_seed() + 1)
            other = _made(made, shape, classes, settings.arguments)
            with torch.no_grad():
                other.eval()(probe)  # lazy layers have their weights from now on
        weights = list(zip(network.parameters(), other.parameters(), strict=True))
        same = all(torch.equal(weight, of_other) for weight, of_other in weights)
    if weights and same:
        raise config.ConfigError(
            f"{where}: {settings.name} has the same weights for every seed, but networks must differ: it must "
            "neither set a seed itself nor read its weights from a file"
        )
    return network


@contextlib.contextmanager
def _or_refused(what: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # it is anybody's code
        raise config.ConfigError(f"{what} ({type(error).__name__}: {error})") from error


def _made(
    made: Callable[..., nn.Module], shape: torch.Size, classes: int, arguments: Mapping[str, Any]
) -> nn.Module:
    """What a class makes; what it draws from Python's or NumPy's own generator follows from PyTorch's."""
    states = random.getstate(), np.random.get_state()
    seed = zlib.crc32(torch.random.get_rng_state().numpy().tobytes())
    random.seed(seed)
    np.random.seed(seed)
    try:
        return made(tuple(shape), classes, **arguments)
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
