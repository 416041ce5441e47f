"""Files of `torch.save`: read without unpickling code, and told apart from a file system that fails."""

import io
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from multiview.store import artifacts

log = logging.getLogger(__name__)


class DamagedFile(ValueError):
    """A file that is there and whole as far as the file system knows, but cannot be read."""


def save(path: str | Path, value: Any) -> None:
    """Write a file by renaming."""
    with artifacts.replacing(path) as temporary:
        torch.save(value, temporary)


def load(path: str | Path) -> Any:
    """What `torch.save` has written, on the CPU.

    Raises:
        OSError: if the file system fails (EIO, ESTALE). The file may be good: it must not be thrown away.
        DamagedFile: if the bytes are there and are no such file.
    """
    data = io.BytesIO(Path(path).read_bytes())
    try:
        return torch.load(data, weights_only=True, map_location="cpu")
    except Exception as error:  # torch.load raises anything on a damaged file
        raise DamagedFile(f"{type(error).__name__}: {error}") from error


def resumed_from(path: Path | None, take_up: Callable[[Any], Any]) -> Any:
    """A checkpoint that `take_up` has accepted; None if there is none. A damaged one is deleted.

    `take_up` raises a ValueError or KeyError if the checkpoint lacks anything, and then has changed nothing.

    Raises:
        OSError: as `load`.
    """
    if path is None or not path.exists():
        return None
    try:
        saved = load(path)
        take_up(saved)
        return saved
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        log.warning("%s cannot be read (%s); what it held is trained anew", path, error)
        path.unlink()
        return None
