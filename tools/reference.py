"""A page with all keys of the config, from the models: ``python tools/reference.py`` writes it anew."""

import inspect
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import yaml
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from multiview import soft_labels
from multiview.config import (
    base,
    datasets,
    distillation,
    evaluation,
    figures,
    machine,
    networks,
    objectives,
    studies,
    top_level,
    training,
    who_teaches_whom,
)

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
    ("seeds", studies.Study, "seeds", "10"),
    ("first_seed", studies.Study, "first_seed", "0"),
    ("data_seed", datasets.Dataset, "seed", "0"),
)
"""Keys at the top that studies take unless they set their own: name, the section that has it, its key there."""

SECTIONS = (
    ("machine", machine.Machine, "At the top, and in a study, where it is laid over that."),
    ("studies.NAME", studies.Study, "In every study."),
    ("studies.NAME of theory", studies.TheoryStudy, ""),
    ("dataset: {kind: multiview}", datasets.Dataset, ""),
    ("dataset.z", datasets.Strengths, ""),
    ("network: {kind: two_layer}", networks.Network, ""),
    ("training of theory", training.Training, ""),
    ("distillation of theory", distillation.Distillation, ""),
    ("distillation.objective of theory", objectives.TheoryObjective, ""),
    ("distillation.objective.hinton of theory", objectives.TheoryHinton, ""),
    ("distillation.objective.truncated of theory", objectives.TheoryTruncated, ""),
    ("distillation.training of theory", training.StudentTraining, ""),
    ("joint of theory", training.TheoryJoint, ""),
    ("joint.training of theory", training.JointTraining, ""),
    (
        "students.NAME",
        who_teaches_whom.LineUp,
        "Besides all keys of `distillation`, in studies of theory and on images.",
    ),
    ("ensembles", evaluation.Ensembles, ""),
    ("studies.NAME on images", studies.ImageStudy, ""),
    ("dataset of photos", datasets.Images, ""),
    ("dataset: {kind: paired}", datasets.Paired, ""),
    ("dataset.contrast", datasets.Contrasts, "of `kind: paired`"),
    ("dataset: {kind: gaussian}", datasets.Gaussian, ""),
    ("dataset: {kind: layer}", datasets.Layer, ""),
    ("network: {kind: wide_resnet}", networks.WideResNet, ""),
    ("network: {kind: cnn}", networks.CNN, ""),
    ("network: {kind: vgg}", networks.VGG, ""),
    ("network: {kind: mlp}", networks.MLP, ""),
    ("network: {kind: file}", networks.OwnNetwork, ""),
    ("training on images", training.ImageTraining, ""),
    ("training.augmentation", training.Augmentation, ""),
    ("distillation on images", distillation.ImageDistillation, ""),
    ("distillation.objective on images", objectives.Objective, ""),
    ("distillation.objective.hinton on images", objectives.Hinton, ""),
    ("distillation.objective.truncated on images", objectives.Truncated, ""),
    ("distillation.grid", distillation.Grid, ""),
    ("joint on images", training.ImageJoint, ""),
    ("joint.training on images", training.ImageJointTraining, ""),
    ("features", figures.Features, ""),
    ("families.NAME", top_level.Family, ""),
    ("comparisons.NAME", top_level.Comparison, ""),
    ("sweeps.NAME", top_level.Sweep, ""),
    ("sweeps.NAME.points", top_level.Point, "Each point."),
    ("evaluation", evaluation.Evaluation, ""),
    ("figures", figures.Figures, ""),
)
"""Title, model and where it is, in the order of the page."""

OVERLAYS = {
    training.StudentTraining: training.Training,
    training.JointTraining: training.Training,
    training.TheoryJoint: None,
    training.ImageJointTraining: training.ImageTraining,
    studies.TheoryStudy: studies.Study,
    studies.ImageStudy: studies.Study,
}
"""Sections of which the keys that are as in another one are left out."""

COLUMNS = "| key | symbol | unit | allowed | default | what it is. *Why the default* |\n|---|---|---|---|---|---|"


def text() -> str:
    """The page."""
    top = [_row(name, model.model_fields[key], default) for name, model, key, default in TOP]
    top += [_row(name, field) for name, field in top_level.Config.model_fields.items()]
    parts = [HEAD, "## At the top\n", "\n".join([COLUMNS, *top]), ""]
    for title, model, where in SECTIONS:
        base = OVERLAYS.get(model)
        fields = {
            name: field
            for name, field in model.model_fields.items()
            if base is None or name not in base.model_fields or name in inspect.get_annotations(model)
        }
        doc = " ".join((model.__doc__ or "").split())
        about = " ".join(part for part in (doc, where) if part)
        rows = [_row(name, field) for name, field in fields.items()]
        parts += [f"## `{title}`\n", about, "", "\n".join([COLUMNS, *rows]), ""]
    kinds = [f"| `{kind}` | {what} |" for kind, what in soft_labels.KINDS.items()]
    parts += [
        "## Values of `soft_labels`\n",
        "\n".join(["| value | what soft labels are made of |\n|---|---|", *kinds]),
        "",
    ]
    return "\n".join(parts)


def _row(name: str, field: FieldInfo, default: str = "") -> str:
    about = field.json_schema_extra or {}
    default = f"`{default}`" if default else _default(field, about)
    reason = f" *{_sentence(about['reason'])}*" if "reason" in about else ""
    cells = (
        f"`{name}`",
        about.get("symbol", ""),
        about.get("unit", ""),
        allowed(field.annotation, field.metadata),
        default,
        _sentence(field.description) + reason,
    )
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
    if isinstance(annotation, type) and issubclass(annotation, base.Section):
        return "section"
    if annotation is bool:
        return "`true`, `false`"
    if annotation in (int, float):
        bounds = _bounds(metadata)
        return f"{'whole number' if annotation is int else 'number'}{bounds}"
    return {str: "text", Any: "anything"}[annotation]


def _length(metadata: list[Any]) -> str:
    low = next((constraint.min_length for constraint in metadata if getattr(constraint, "min_length", None)), None)
    high = next(
        (constraint.max_length for constraint in metadata if getattr(constraint, "max_length", None)), None
    )
    return f" of {low}" if low == high and low else f" of {low} or more" if low else ""


def _bounds(metadata: list[Any]) -> str:
    bounds = {
        name: getattr(constraint, name)
        for constraint in metadata
        for name in ("ge", "gt", "le", "lt")
        if hasattr(constraint, name)
    }
    low, high = bounds.get("ge", bounds.get("gt")), bounds.get("le", bounds.get("lt"))
    if low is not None and high is not None:
        return f" in {'[' if 'ge' in bounds else '('}{low}, {high}{']' if 'le' in bounds else ')'}"
    if low is not None:
        return f" {'≥' if 'ge' in bounds else '>'} {low}"
    return "" if high is None else f" {'≤' if 'le' in bounds else '<'} {high}"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
