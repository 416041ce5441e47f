"""How long a job works: without its start-up, reading and writing. `bench/overhead.py` tells their share."""

import time
from contextlib import ContextDecorator

WORKED = "worked "
"""How the line of a log begins that tells the seconds."""


class Transfer(ContextDecorator):
    """Context manager or decorator: what happens in it is reading or writing. May be nested.

    The first one in a process also ends the start-up: scripts import before they read.
    """

    first: float | None = None
    seconds = 0.0
    _depth = 0
    _since = 0.0

    def __enter__(self) -> None:
        if not Transfer._depth:
            Transfer._since = time.perf_counter()
            Transfer.first = Transfer.first or Transfer._since
        Transfer._depth += 1

    def __exit__(self, *_) -> None:
        Transfer._depth -= 1
        if not Transfer._depth:
            Transfer.seconds += time.perf_counter() - Transfer._since


def worked() -> float:
    """Seconds that this process has worked: since it first read or wrote, without those in which it did."""
    if Transfer.first is None:
        return 0.0
    return time.perf_counter() - Transfer.first - Transfer.seconds
