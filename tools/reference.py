"""A page with all keys of the config, from the models: ``python tools/reference.py`` writes it anew."""

import inspect
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import yaml
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from multiview import config, soft_labels

FILE = Path(__file__).parents[1] / "docs" / "reference.md"

HEAD = """# All keys of the config

Look up a key here: its symbol in the paper, its unit, what is allowed, its default and why it is that. Keys
without a default must be set. `python -m multiview.config show STUDY` prints the values in force in a study, and
where each comes from. *`python tools/reference.py` writes this page.*

A config is `config.yaml`, then the files behind `--configfile`, then `--config`, each laid over the ones before:
mappings are merged, all else is replaced. In a study

- `based_on` names another study. What the study does not set is taken from there; a `dataset` or `network` of
  another `kind` replaces that one. A study that names kinds of `students` has these alone.
- `distillation.training` and `joint.training` are laid over the study's `training`; the keys in their tables have
  defaults of their own. Each kind of `students` is laid over `distillation`, and over the kind that it is
  `based_on`.
- Where ensembles, teachers, students or averages ask for more seeds than there are, they are made smaller or left
  out, and a line on the log says what.

`--config` sets the keys at the top (`--config seeds=85`), and those of a section
(`--config 'machine={loggers: [csv]}'`).
"""

TOP = (
    ("seeds", config.studies.Study, "seeds", "10"),
    ("first_seed", config.studies.Study, "first_seed", "0"),
    ("data_seed", config.datasets.Dataset, "seed", "0"),
)
"""Keys at the top that studies take unless they set their own: name, the section that has it, its key there."""

STUDENTS = "Besides all keys of `distillation`, in studies of theory and on images."
SECTIONS = (
    ("machine", config.machine.Machine, "At the top, and in a study, where it is laid over that."),
    ("studies.NAME", config.studies.Study, "In every study."),
    ("studies.NAME of theory", config.studies.TheoryStudy, ""),
    ("dataset: {kind: multiview}", config.datasets.Dataset, ""),
    ("dataset.z", config.datasets.Strengths, ""),
    ("network: {kind: two_layer}", config.networks.Network, ""),
    ("training of theory", config.training.Training, ""),
    ("distillation of theory", config.distillation.Distillation, ""),
    ("distillation.objective of theory", config.objectives.TheoryObjective, ""),
    ("distillation.objective.hinton of theory", config.objectives.TheoryHinton, ""),
    ("distillation.objective.truncated of theory", config.objectives.TheoryTruncated, ""),
    ("distillation.training of theory", config.training.StudentTraining, ""),
    ("joint of theory", config.training.TheoryJoint, ""),
    ("joint.training of theory", config.training.JointTraining, ""),
    ("students.NAME", config.who_teaches_whom.LineUp, STUDENTS),
    ("ensembles", config.evaluation.Ensembles, ""),
    ("studies.NAME on images", config.studies.ImageStudy, ""),
    ("dataset of photos", config.datasets.Images, ""),
    ("dataset: {kind: paired}", config.datasets.Paired, ""),
    ("dataset.contrast", config.datasets.Contrasts, "of `kind: paired`"),
    ("dataset: {kind: gaussian}", config.datasets.Gaussian, ""),
    ("dataset: {kind: layer}", config.datasets.Layer, ""),
    ("network: {kind: wide_resnet}", config.networks.WideResNet, ""),
    ("network: {kind: cnn}", config.networks.CNN, ""),
    ("network: {kind: vgg}", config.networks.VGG, ""),
    ("network: {kind: mlp}", config.networks.MLP, ""),
    ("network: {kind: file}", config.networks.OwnNetwork, ""),
    ("training on images", config.training.ImageTraining, ""),
    ("training.augmentation", config.training.Augmentation, ""),
    ("distillation on images", config.distillation.ImageDistillation, ""),
    ("distillation.objective on images", config.objectives.Objective, ""),
    ("distillation.objective.hinton on images", config.objectives.Hinton, ""),
    ("distillation.objective.truncated on images", config.objectives.Truncated, ""),
    ("distillation.grid", config.distillation.Grid, ""),
    ("joint on images", config.training.ImageJoint, ""),
    ("joint.training on images", config.training.ImageJointTraining, ""),
    ("features", config.figures.Features, ""),
    ("families.NAME", config.top_level.Family, ""),
    ("comparisons.NAME", config.top_level.Comparison, ""),
    ("sweeps.NAME", config.top_level.Sweep, ""),
    ("sweeps.NAME.points", config.top_level.Point, "Each point."),
    ("evaluation", config.evaluation.Evaluation, ""),
    ("figures", config.figures.Figures, ""),
)
"""Title, model and where it is, in the order of the page."""

OVERLAYS = {
    config.training.StudentTraining: config.training.Training,
    config.training.JointTraining: config.training.Training,
    config.training.ImageJointTraining: config.training.ImageTraining,
    config.studies.TheoryStudy: config.studies.Study,
    config.studies.ImageStudy: config.studies.Study,
}
"""Sections of which the keys that are as in another one are left out."""

COLUMNS = "| key | symbol | unit | allowed | default | what it is. *Why the default* |\n|---|---|---|---|---|---|"


def text() -> str:
    """The page."""
    top = [_row(name, model.model_fields[key], default) for name, model, key, default in TOP]
    top += [_row(name, field) for name, field in config.Config.model_fields.items()]
    parts = [HEAD, "## At the top\n", COLUMNS, *top, ""]
    for title, model, where in SECTIONS:
        base = OVERLAYS.get(model)
        shared = set(base.model_fields) - set(inspect.get_annotations(model)) if base else ()
        about = " ".join([*(model.__doc__ or "").split(), *where.split()])
        rows = [_row(name, field) for name, field in model.model_fields.items() if name not in shared]
        parts += [f"## `{title}`\n", about, "", COLUMNS, *rows, ""]
    kinds = [f"| `{kind}` | {what} |" for kind, what in soft_labels.KINDS.items()]
    heads = "| value | what soft labels are made of |\n|---|---|"
    return "\n".join([*parts, "## Values of `soft_labels`\n", heads, *kinds, ""])


def _row(name: str, field: FieldInfo, default: str = "") -> str:
    about = field.json_schema_extra or {}
    default = f"`{default}`" if default else _default(field, about)
    reason = f" *{_sentence(about['reason'])}*" if "reason" in about else ""
    cells = [f"`{name}`", about.get("symbol", ""), about.get("unit", "")]
    cells += [allowed(field.annotation, field.metadata), default, _sentence(field.description) + reason]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _sentence(words: str) -> str:
    words = words[0].upper() + words[1:] if words.split()[0].isalpha() and words[:2].islower() else words
    return words if words.endswith((".", ")")) else f"{words}."


def _default(field: FieldInfo, about: dict[str, str]) -> str:
    if "follows" in about:
        return f"`{about['follows']}`"
    if field.default_factory is not None:
        return "see its section"
    if field.default is PydanticUndefined:
        return "none"
    shown = yaml.safe_dump(field.default, default_flow_style=True, width=10**6).removesuffix("\n...\n").strip()
    return f"`{shown}`"


def allowed(annotation: Any, metadata: Any = ()) -> str:
    """What a key may be, in words."""
    metadata = list(metadata)
    while get_origin(annotation) is Annotated:
        annotation, *extras = get_args(annotation)
        metadata += [
            item for part in extras for item in (part.metadata if isinstance(part, FieldInfo) else [part])
        ]
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        options = list(dict.fromkeys(allowed(item) for item in inner if item is not NoneType))
        return ", ".join(options) + (" or null" if NoneType in inner else "")
    if origin is Literal:
        return ", ".join(f"`{str(item).lower() if isinstance(item, bool) else item}`" for item in inner)
    if origin is list:
        return f"list{_length(metadata)}: {allowed(inner[0])}"
    if origin is dict:
        return f"by name: {allowed(inner[1])}"
    if isinstance(annotation, type) and issubclass(annotation, config.base.Section):
        return "section"
    if annotation is bool:
        return "`true`, `false`"
    if annotation in (int, float):
        return f"{'whole number' if annotation is int else 'number'}{_bounds(metadata)}"
    return {str: "text", Any: "anything"}[annotation]


def _length(metadata: list[Any]) -> str:
    found = _constraints(metadata, "min_length", "max_length")
    low, high = found.get("min_length"), found.get("max_length")
    return f" of {low}" if low == high and low else f" of {low} or more" if low else ""


def _constraints(metadata: list[Any], *names: str) -> dict[str, Any]:
    return {name: getattr(one, name) for one in metadata for name in names if hasattr(one, name)}


def _bounds(metadata: list[Any]) -> str:
    bounds = _constraints(metadata, "ge", "gt", "le", "lt")
    low, high = bounds.get("ge", bounds.get("gt")), bounds.get("le", bounds.get("lt"))
    if low is not None and high is not None:
        return f" in {'[' if 'ge' in bounds else '('}{low}, {high}{']' if 'le' in bounds else ')'}"
    if low is not None:
        return f" {'≥' if 'ge' in bounds else '>'} {low}"
    return "" if high is None else f" {'≤' if 'le' in bounds else '<'} {high}"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
