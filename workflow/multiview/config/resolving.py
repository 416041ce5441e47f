"""Inheritance in the config: what a study takes from others (`based_on`), from shared keys and by rules.

A config is a tree whose leaves know where they were written: ``python -m multiview.config show`` says it.
"""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from multiview.config.datasets import IMAGE_KINDS, PHOTO_KINDS, THEORY_KINDS
from multiview.config.top_level import cell_name
from multiview.config.training import ImageJointTraining, ImageTraining, JointTraining, StudentTraining, Training


class ConfigError(ValueError):
    """A config that cannot be run. The message has one line for each key at fault."""


@dataclass(frozen=True)
class Leaf:
    """A value of the config.

    Attributes:
        value: what was written, or what a rule gives.
        origin: the file or the rule.
        path: the key that was written there; empty for a rule.
    """

    value: Any
    origin: str
    path: str = ""


Tree = dict[str, Any] | Leaf


def tagged(raw: Any, origin: str, path: str = "") -> Tree:
    """Plain values as a tree of leaves that all come from `origin`."""
    if isinstance(raw, Mapping):
        if wrong := [key for key in raw if not isinstance(key, str)]:
            where = f"{path}: " if path else ""
            raise ConfigError(f"{where}expected text as a key, found {wrong[0]!r}: put it in quotes")
        return {key: tagged(child, origin, f"{path}.{key}".lstrip(".")) for key, child in raw.items()}
    # Of a section behind --config Snakemake makes text of what is in it: `joint: null` arrives so.
    return Leaf(None if raw == "null" else raw, origin, path)


def plain(tree: Tree) -> Any:
    """The values of a tree."""
    return tree.value if isinstance(tree, Leaf) else {key: plain(child) for key, child in tree.items()}


def leaves(tree: Tree, path: str = "") -> dict[str, Leaf]:
    """All leaves of a tree by their dotted paths."""
    if isinstance(tree, Leaf):
        return {path: tree}
    below = (leaves(child, f"{path}.{key}".lstrip(".")) for key, child in tree.items())
    return {path: leaf for part in below for path, leaf in part.items()}


def number(tree: Tree | None, default: float | None = None) -> float | None:
    """The number that a leaf holds, `default` if there is no leaf, None if it is no number."""
    if tree is None:
        return default
    try:
        return None if isinstance(tree.value, bool) else float(tree.value)
    except (AttributeError, TypeError, ValueError):
        return None


def section(tree: Tree, key: str) -> Mapping[str, Tree]:
    """A section of a tree, empty if it is not there. What is no section is left for the check of the config."""
    found = tree.get(key) if isinstance(tree, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def on_images(study: Tree) -> bool:
    """Whether a study is one on images."""
    return _dataset_kind(study) in IMAGE_KINDS


def _dataset_kind(study: Tree) -> Any:
    dataset = section(study, "dataset")
    return plain(dataset["kind"]) if "kind" in dataset else None


def without_nulls(tree: Tree) -> Tree:
    """A section without the entries that are null: a file laid over another drops them so.

    (Snakemake merges mappings, so that an empty one drops nothing.)
    """
    if not isinstance(tree, Mapping):
        return tree
    return {key: child for key, child in tree.items() if not _is_null(child)}


def with_cells(config: Mapping[str, Tree]) -> dict[str, Tree]:
    """The studies of a config and those of all cells of its families, as they are written."""
    cells = {}
    for family, definition in section(config, "families").items():
        for row, own in section(definition, "rows").items():
            for column, changes in (section(definition, "columns") or {"": {}}).items():
                cells[cell_name(family, row, column)] = merged(merged(definition.get("study", {}), own), changes)
    if both := sorted(cells.keys() & config["studies"].keys()):
        raise ConfigError(
            f"studies.{both[0]}: this is a cell of a family, set in families.{both[0].split('/')[0]}"
        )
    return dict(config["studies"]) | cells


def whole(name: str, studies: Mapping[str, Tree], shared: Mapping[str, Tree]) -> Tree:
    """A study with everything that it takes from other `studies`, as they are written, and from the top.

    `shared` are the shared keys, and the section `machine`.

    Raises:
        ConfigError: if it is based on what there is not, or its dataset is of no known kind.
    """
    study = _inherited(name, studies, ())
    if not isinstance(study, Mapping):
        return study
    kind, dataset = _dataset_kind(study), section(study, "dataset")
    if kind is not None and kind not in THEORY_KINDS + IMAGE_KINDS:
        # It says what all other sections of a study may hold: it is checked first.
        raise ConfigError(
            f"{place(['studies', name, 'dataset', 'kind'])}: found {kind!r}. "
            f"The kinds are {', '.join(THEORY_KINDS + IMAGE_KINDS)}"
        )
    study = {key: shared[key] for key in ("seeds", "first_seed") if key in shared} | dict(study)
    if dataset and "data_seed" in shared:
        study["dataset"] = {"seed": shared["data_seed"]} | dataset
    if "machine" in shared:
        study["machine"] = merged(shared["machine"], study.get("machine", {}))
    network = study.get("network", {})
    if isinstance(network, Mapping) and "kind" not in network:
        study["network"] = {"kind": Leaf("wide_resnet" if on_images(study) else "two_layer", "default")} | network
    if "students" in study:
        study["students"] = without_nulls(study["students"])
    return study


def place(path: list[str]) -> str:
    """A path in the config; that into a cell of a family names the family."""
    if len(path) > 1 and "/" in path[1]:
        family, *cell = path[1].split("/")
        return ".".join([f"families.{family} (cell {', '.join(cell)})", *path[2:]])
    return ".".join(path)


def merged(base: Tree, over: Tree, key: str = "", told_by_kind: tuple[str, ...] = ("dataset", "network")) -> Tree:
    """One tree laid over another: mappings are merged, all else is replaced.

    A dataset or network of another kind takes the place of the one below; datasets of photos share their keys.
    Snakemake lays files over one another without that, as this does where nothing is `told_by_kind`.
    """
    if isinstance(base, Mapping) and isinstance(over, Mapping):
        kinds = {str(plain(section["kind"])) for section in (base, over) if isinstance(section.get("kind"), Leaf)}
        kinds = {"image" if kind in PHOTO_KINDS else kind for kind in kinds}
        if key not in told_by_kind or len(kinds) < 2:
            both = {k: merged(base[k], over[k], k, told_by_kind) for k in over if k in base}
            return dict(base) | over | both
    return over


def _is_null(tree: Tree) -> bool:
    return isinstance(tree, Leaf) and tree.value is None


def _inherited(name: str, studies: Mapping[str, Tree], below: tuple[str, ...]) -> Tree:
    """A study `based_on` another one is that one with its own keys laid over it."""
    study = studies[name]
    if not isinstance(study, Mapping):
        return study
    own = {key: value for key, value in study.items() if key != "based_on"}
    base: Tree = {}
    if "based_on" in study:
        parent = plain(study["based_on"])
        if not isinstance(parent, str) or parent not in studies:
            raise ConfigError(
                f"studies.{name}.based_on: found {parent!r}, but the studies are {', '.join(sorted(studies))}"
            )
        if parent in (*below, name):
            raise ConfigError(f"studies.{name}.based_on: {' -> '.join((*below, name, parent))} is a circle")
        base = _inherited(parent, studies, (*below, name))
    study = merged(base if isinstance(base, Mapping) else {}, own)
    if isinstance(own.get("students"), Mapping):
        study["students"] = _kinds(name, section(base, "students"), own["students"])
    return study


def _kinds(study: str, base: Mapping[str, Tree], own: Mapping[str, Tree]) -> dict[str, Tree]:
    """The kinds of students that a study names.

    Each is laid over the kind that it is based on, or over that of its name in the study below.
    """

    def resolved(name: str, below: tuple[str, ...]) -> Tree:
        written = own.get(name, base.get(name))
        if name not in own or not isinstance(written, Mapping):
            return written
        keys = {key: value for key, value in written.items() if key != "based_on"}
        if "based_on" not in written:
            return merged(base.get(name, {}), keys)
        parent, where = plain(written["based_on"]), f"{place(['studies', study])}.students.{name}.based_on"
        if parent in (*below, name):
            raise ConfigError(f"{where}: {' -> '.join((*below, name, parent))} is a circle")
        start = resolved(parent, (*below, name)) if isinstance(parent, str) else None
        if not isinstance(start, Mapping):
            names = [key for key in {**base, **own} if key != name and not _is_null(own.get(key, base.get(key)))]
            raise ConfigError(
                f"{where}: found {parent!r}, but the students are {', '.join(sorted(names)) or 'none'}"
            )
        return merged(start, keys)

    return {name: resolved(name, ()) for name in own}


def fill_training(study: dict[str, Tree]) -> None:
    """Give students and averages what they take from the study's training, and students what they share."""
    base, of_students, of_joint = Training, StudentTraining, JointTraining
    if on_images(study):
        base, of_students, of_joint = ImageTraining, ImageTraining, ImageJointTraining
    training = study.get("training", {})
    if not isinstance(training, Mapping):
        return
    distillation, students = study.get("distillation", {}), study.get("students")
    if isinstance(distillation, Mapping):
        shared = study["distillation"] = merged(
            {"training": _without_own(training, of_students, base)}, distillation
        )
        if isinstance(students, Mapping):
            study["students"] = {name: merged(shared, section) for name, section in students.items()}
    if isinstance(study.get("joint"), Mapping):
        joint = merged({"training": _without_own(training, of_joint, base)}, study["joint"])
        networks = number(joint.get("networks"), 10)
        if isinstance(joint["training"], Mapping) and networks:
            about = {key: field.json_schema_extra or {} for key, field in of_joint.model_fields.items()}
            rules = {key: extra["follows"] for key, extra in about.items() if "follows" in extra}
            for key in rules.keys() - joint["training"].keys():
                value = number(training.get(key), base.model_fields[key].default)
                if value is not None:
                    value = value / networks if "/" in rules[key] else value * networks
                    joint["training"][key] = Leaf(float(f"{value:.12g}"), rules[key])
        study["joint"] = joint


def _without_own(training: Mapping[str, Tree], model: type, base: type) -> dict[str, Tree]:
    """What is set of a study's training, without the keys of which `model` has defaults or rules of its own."""
    own = set() if model is base else set(inspect.get_annotations(model))
    return {key: value for key, value in training.items() if key not in own}
