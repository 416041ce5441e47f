"""``python -m multiview.config show STUDY``: a study with every value in force and where it comes from."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from multiview.config.loading import load_with_origins
from multiview.config.resolving import ConfigError, Leaf, leaves
from multiview.config.studies import ImageStudy, TheoryStudy


def main(arguments: list[str] | None = None) -> int:
    """Print what is asked for; 1 if the config cannot be run."""
    parser = argparse.ArgumentParser(prog="python -m multiview.config", description="what a config says")
    commands = parser.add_subparsers(required=True)
    show = commands.add_parser("show", help="a study with every value in force and where it comes from")
    show.add_argument("study", nargs="?", help="its name; that of a cell is FAMILY/ROW/COLUMN. None: the names")
    show.add_argument(
        "--configfile", nargs="+", default=[], metavar="FILE", help="laid over config.yaml, in order"
    )
    show.add_argument("--config", nargs="+", default=[], metavar="KEY=VALUE", help="laid over the files")
    options = parser.parse_args(arguments)
    try:
        print(shown(options.study, sources(options.configfile, options.config)))
    except ConfigError as error:
        print(f"The config cannot be run.\n{error}", file=sys.stderr)
        return 1
    return 0


def sources(files: list[str], pairs: list[str]) -> list[tuple[str, Mapping[str, Any]]]:
    """The parts of a config as Snakemake lays them over one another: config.yaml, files, the command line.

    Raises:
        ConfigError: if a file is missing or no YAML, or a pair has no ``=``.
    """
    own = next((name for name in ("config.yaml", "config/config.yaml") if Path(name).is_file()), "config.yaml")
    read = []
    for name in dict.fromkeys([own, *files]):
        try:
            read.append((name, yaml.safe_load(Path(name).read_text(encoding="utf-8")) or {}))
        except (OSError, yaml.YAMLError) as error:
            raise ConfigError(f"{name}: expected a YAML file, found: {error}") from None
    values = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise ConfigError(f"--config: expected KEY=VALUE, found {pair!r}")
        values[key] = yaml.safe_load(value)
    return [*read, ("command line", values)]


def shown(name: str | None, parts: list[tuple[str, Mapping[str, Any]]]) -> str:
    """A study as text, a line for each key; the names of all studies if `name` is None.

    Raises:
        ConfigError: if the config cannot be run, or has no such study.
    """
    config, trees = load_with_origins(parts)
    if name is None:
        return "\n".join(config.studies)
    if name not in config.studies:
        raise ConfigError(f"show: found {name!r}, but the studies are {', '.join(config.studies)}")
    rows = [
        (key, _text(value), _origin(name, key, leaves(trees[name])))
        for key, value in _values(config.studies[name].model_dump(mode="json"))
    ]
    notes = [f"# {note}" for note in config.notes if note.startswith(f"studies.{name}:")]
    lines = [*notes, *_places(config.studies[name])]
    widths = [min(60, max(len(row[i]) for row in rows)) for i in (0, 1)]
    lines += [f"{key:{widths[0]}}  {value:{widths[1]}}  {origin}" for key, value, origin in rows]
    return "\n".join(lines)


def _values(tree: Any, path: str = "") -> list[tuple[str, Any]]:
    if not isinstance(tree, dict) or not tree:
        return [(path, tree)]
    return [pair for key, value in tree.items() for pair in _values(value, f"{path}.{key}".lstrip("."))]


def _text(value: Any) -> str:
    return yaml.safe_dump(value, default_flow_style=True, width=10**6).removesuffix("\n...\n").strip()


def _origin(study: str, key: str, written: Mapping[str, Leaf]) -> str:
    """Where a value was written, with the key there if it is another one."""
    leaf = written.get(key)
    if leaf is None:
        return "default"
    if leaf.path in ("", key, f"studies.{study}.{key}"):
        return leaf.origin
    by = ", based_on" if leaf.path.startswith("studies.") and not leaf.path.startswith(f"studies.{study}.") else ""
    return f"{leaf.origin}{by}: {leaf.path}"


def _places(study: TheoryStudy | ImageStudy) -> list[str]:
    """A line for each kind of students: which seeds they are, and which teach them."""
    lines = []
    for name in study.lineup:
        section, seeds = study.students[name], study.seeds_of(name)
        taught = study.teachers(name, seeds)
        first, last = taught[seeds[0]][0], taught[seeds[-1]][-1]
        how = f"the average of {section.teacher}" if section.teachers > 1 else f"one each of {section.teacher}"
        lines.append(f"# {name}: seeds {seeds[0]} to {seeds[-1]}, taught by {how}, seeds {first} to {last}")
    return lines


if __name__ == "__main__":
    sys.exit(main())
