"""The JSON schema of the config, for editors and readers: ``python -m multiview.config.schema`` writes it anew."""

import json
from pathlib import Path

from multiview.config.models import Config

SCHEMA_FILE = Path(__file__).parents[2] / "schemas" / "config.schema.json"


def schema_text() -> str:
    """The JSON schema of a complete config (after `based_on` and the shared keys), for editors and readers."""
    return json.dumps(Config.model_json_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    SCHEMA_FILE.write_text(schema_text())
