"""Networks of the user's own, from a file that the config names."""

import importlib.util
import sys
from pathlib import Path

import torch
from torch import nn

from multiview import config


def load(settings: config.OwnNetwork, shape: torch.Size, classes: int) -> nn.Module:
    """Make the network that a file defines.

    Args:
        settings: the network section of the config.
        shape: of an input: channels, height, width.
        classes: k.

    Raises:
        ConfigError: if the file cannot be imported, has no such class, or that makes no k logits of an input.
    """
    path, where = Path(settings.path), f"network.path {settings.path}"
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
        found = network.eval()(torch.zeros(2, *shape)).shape
        network.train()
    except Exception as error:
        raise config.ConfigError(
            f"{where}: {settings.name}(shape={tuple(shape)}, classes={classes}, ...) fails on two inputs "
            f"({type(error).__name__}: {error})"
        ) from error
    if tuple(found) != (2, classes):
        raise config.ConfigError(
            f"{where}: expected logits of shape (2, {classes}) for two inputs, found {tuple(found)}"
        )
    return network
