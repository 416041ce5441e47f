"""How long a job works: without its start-up, reading and writing. `bench/overhead.py` tells their share."""

import time
from contextlib import ContextDecorator

WORKED = "worked "
"""How the line of a log begins that tells the seconds."""


_began: float | None = None


def begin() -> None:
    """Note that the start-up is over, if it was not yet: for scripts that work before they read anything."""
    global _began
    if _began is None:
        _began = time.perf_counter()


class Transfer(ContextDecorator):
    """Context manager or decorator: what happens in it is reading or writing. May be nested.

    The first one in a process also ends the start-up: scripts import before they read.
    """

    seconds = 0.0
    _depth = 0
    _since = 0.0

    def __enter__(self) -> None:
        begin()
        if not Transfer._depth:
            Transfer._since = time.perf_counter()
        Transfer._depth += 1

    def __exit__(self, *_) -> None:
        Transfer._depth -= 1
        if not Transfer._depth:
            Transfer.seconds += time.perf_counter() - Transfer._since


def worked() -> float:
    """Seconds that this process has worked: since its start-up, without those in which it read or wrote."""
    return 0.0 if _began is None else time.perf_counter() - _began - Transfer.seconds
