"""What the script of every rule does first: send everything it says to the log of its job."""

import logging
import sys
import traceback
from pathlib import Path


def start(log_file: str) -> None:
    """Log to `log_file`, and let an error that ends the job leave one clear line there and on the terminal.

    Errors of the project (config, artifacts) are shown without their traceback, which the log file keeps.
    """
    stream = Path(log_file).open("w", buffering=1)  # noqa: SIM115 -- open until the process ends
    terminal = sys.stderr
    sys.stdout = sys.stderr = stream
    logging.basicConfig(
        stream=stream, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", force=True
    )
    # Lightning announces its devices and its products in every job; its warnings are kept.
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)

    def report(kind, error, trace):
        traceback.print_exception(kind, error, trace, file=stream)
        print(f"{kind.__name__}: {error}", file=terminal)

    sys.excepthook = report
