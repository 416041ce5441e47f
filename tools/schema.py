"""The JSON schema of a config file, for editors and readers: ``python tools/schema.py`` writes it anew.

It is that of the models, made to fit what a file may leave out: a preset has only what it changes, a study what it
does not take from the one it is `based_on`, and null leaves out what the config below has.
"""

import json
from pathlib import Path
from typing import Any

from multiview.config.base import SHARED_KEYS
from multiview.config.datasets import Dataset
from multiview.config.studies import ImageStudy, Study, TheoryStudy
from multiview.config.top_level import Config

SCHEMA_FILE = Path(__file__).parents[1] / "workflow" / "schemas" / "config.schema.json"

STUDIES = (TheoryStudy.__name__, ImageStudy.__name__)
STUDENTS = ("Students", "ImageStudents")
LISTED = ("Point",)
"""Sections that are members of lists, which are never laid over one another: they are whole."""


def schema() -> dict[str, Any]:
    """The JSON schema of `config.yaml` and of every file that is laid over it."""
    whole = Config.model_json_schema()
    parts, properties = whole["$defs"], whole["properties"]
    for name, part in [*parts.items(), ("", whole)]:
        if name not in LISTED:
            part.pop("required", None)
    _loosen(whole)
    based_on = {"type": "string", "description": "what is not set here is taken from there"}
    for name in (*STUDIES, *STUDENTS):
        parts[name]["properties"]["based_on"] = based_on
    for name in STUDIES:
        _of_names(parts[name]["properties"]["students"], null=True)
    any_study = {"anyOf": [{"$ref": f"#/$defs/{name}"} for name in STUDIES]}
    cell = {"$ref": f"#/$defs/{ImageStudy.__name__}"}
    _of_names(properties["studies"], any_study)
    properties["studies"].pop("minProperties", None)
    family = parts["Family"]["properties"]
    family["study"] = cell | {"description": family["study"]["description"]}
    for key in ("rows", "columns"):
        _of_names(family[key], cell)
    for key in ("studies", "families", "comparisons", "sweeps"):
        _of_names(properties[key], null=True)
    shared = Study.model_json_schema()["properties"]
    shared["data_seed"] = Dataset.model_json_schema()["properties"]["seed"]
    return whole | {"properties": {key: shared[key] for key in SHARED_KEYS} | properties}


def schema_text() -> str:
    """The same as text."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _of_names(mapping: dict[str, Any], members: dict[str, Any] | None = None, null: bool = False) -> None:
    """Say what the members of a mapping from names are; `null`: each may be null too, which leaves it out."""
    ((pattern, member),) = mapping["patternProperties"].items()
    member = member if members is None else members
    mapping["patternProperties"] = {pattern: {"anyOf": [member, {"type": "null"}]} if null else member}
    mapping["additionalProperties"] = False


BOUNDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}
"""What pydantic writes for bounds of numbers behind a validator, and what JSON schema calls them."""


def _loosen(node: Any) -> None:
    """Let a file leave out which of several kinds a section is; and give bounds their names."""
    if isinstance(node, dict):
        for own, name in BOUNDS.items():
            if isinstance(node.get(own), int | float):
                node[name] = node.pop(own)
        if "discriminator" in node:
            del node["discriminator"]
            node["anyOf"] = node.pop("oneOf")
        for value in node.values():
            _loosen(value)
    elif isinstance(node, list):
        for value in node:
            _loosen(value)


if __name__ == "__main__":
    SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")
