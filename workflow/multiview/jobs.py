"""What the script of every rule does first: send everything it says to the log of its job."""

import logging
import sys
import traceback
from pathlib import Path

from multiview.artifacts import ArtifactError
from multiview.config import ConfigError
from multiview.datasets.hub import DataError

EXPECTED = (ArtifactError, ConfigError, DataError)


def start(log_file: str) -> None:
    """Log to `log_file`, and let an error that ends the job leave one clear line there and on the terminal.

    The log has a traceback besides, unless the error says by itself what is wrong and where.
    """
    stream = Path(log_file).open("w", buffering=1)  # noqa: SIM115 -- open until the process ends
    terminal = sys.stderr
    sys.stdout = sys.stderr = stream
    logging.basicConfig(
        stream=stream, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", force=True
    )
    # Lightning announces its devices and its products in every job; its warnings are kept.
    # (Importing it resets the level of its main logger, not that of this one.)
    logging.getLogger("pytorch_lightning.utilities.rank_zero").setLevel(logging.WARNING)

    def report(kind, error, trace):
        line = f"{kind.__name__}: {error}"
        if isinstance(error, EXPECTED):
            print(line, file=stream)
        else:
            traceback.print_exception(kind, error, trace, file=stream)
        print(line, file=terminal)

    sys.excepthook = report
