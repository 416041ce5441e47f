"""Files of `torch.save`: read without unpickling code, and told apart from a file system that fails."""

import io
from pathlib import Path
from typing import Any

import torch


class DamagedFile(ValueError):
    """A file that is there and whole as far as the file system knows, but cannot be read."""


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
