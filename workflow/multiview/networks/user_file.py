"""Networks of the user's own, from a file that the config names."""

import importlib.util
import sys

import torch
from torch import nn

from multiview import config


def build(settings: config.OwnNetwork, shape: torch.Size, classes: int) -> nn.Module:
    """Make the network that a file defines, which may import its neighbours.

    Args:
        settings: the network section of the config.
        shape: of an input: channels, height, width.
        classes: k.

    Raises:
        ConfigError: if the file cannot be imported, has no such class, or that makes no k logits of an input by
            itself.
    """
    path, where = settings.file, f"network.path {settings.path}"
    folder = str(path.parent.resolve())
    if folder not in sys.path:
        sys.path.insert(0, folder)  # as if it were run as a script
    spec = importlib.util.spec_from_file_location(f"own_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # it is anybody's code
        raise config.ConfigError(f"{where}: cannot be imported ({type(error).__name__}: {error})") from error
    made = getattr(module, settings.name, None)
    if made is None:
        raise config.ConfigError(f"{where}: expected a class {settings.name!r}, found none of that name")
    try:
        network = made(tuple(shape), classes, **settings.arguments)
        probe = torch.rand(2, *shape)
        with torch.no_grad():
            logits, alone = network.eval()(probe), network(probe[:1])
        network.train()
    except Exception as error:
        raise config.ConfigError(
            f"{where}: {settings.name}(shape={tuple(shape)}, classes={classes}, ...) fails on two inputs of the "
            f"dataset's shape ({type(error).__name__}: {error})"
        ) from error
    if tuple(logits.shape) != (2, classes):
        raise config.ConfigError(
            f"{where}: expected logits of shape (2, {classes}) for two inputs, found {tuple(logits.shape)}"
        )
    if not torch.allclose(logits[:1], alone, rtol=1e-3, atol=1e-4):
        raise config.ConfigError(
            f"{where}: in evaluation the logits of an input differ with what else is in its batch. Batch "
            "normalisation must keep running statistics (track_running_stats)"
        )
    return network
