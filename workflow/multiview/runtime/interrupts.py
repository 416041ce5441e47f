"""Interrupts: what a training does when its job is told to end (SIGTERM, SIGINT)."""

import signal
import threading


class Ending:
    """Context manager: SIGTERM or SIGINT in the block is noted as ``signal``, and the step that runs is finished.

    A scheduler sends the former some time before it kills a job.
    """

    def __init__(self):
        self.signal: str | None = None

    def __enter__(self) -> "Ending":
        # Only the main thread may handle signals.
        noted = (signal.SIGTERM, signal.SIGINT) if threading.current_thread() is threading.main_thread() else ()
        self._before = {number: signal.signal(number, self._note) for number in noted}
        return self

    def __exit__(self, *_) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, _) -> None:
        self.signal = signal.Signals(number).name
