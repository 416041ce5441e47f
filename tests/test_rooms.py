"""The rooms of the package: each says what it owns, and none uses one that stands above it."""

import ast
import sys
import sysconfig
from importlib.machinery import PathFinder
from pathlib import Path

import pytest

import multiview

PACKAGE = Path(multiview.__file__).parent
ORDER = [
    {"soft_labels"},  # kinds of soft labels, which the config names; no other module of the package is used there
    {"config"},
    {"store"},
    {"runtime"},
    {"objectives", "networks", "data"},
    {"predictors"},
    {"training"},  # whose networks' logits make predictors
    {"measure"},
    {"claims"},
    {"figures"},
    {"plan"},
]
"""Each uses those before it and those beside it."""

LEVEL = {room: level for level, rooms in enumerate(ORDER) for room in rooms}
MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py") if path.name != "__init__.py")


def room_of(path):
    return path.parts[0].removesuffix(".py")


def uses(path):
    """The rooms of the package that a module imports, wherever in its text."""
    found = set()
    for node in ast.walk(ast.parse((PACKAGE / path).read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "multiview":
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("multiview."):
            found.add(node.module.split(".")[1])
        elif isinstance(node, ast.Import):
            found |= {name.name.split(".")[1] for name in node.names if name.name.startswith("multiview.")}
    return found - {"__version__"}


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_dependencies_point_one_way(path):
    own = LEVEL[room_of(path)]
    above = {room for room in uses(path) if LEVEL[room] > own}
    assert not above, f"{path} is in the room {room_of(path)}, which may not use {', '.join(sorted(above))}"


def test_every_module_is_in_a_room_that_says_what_it_owns():
    assert {room_of(path) for path in MODULES} == set(LEVEL)
    for room in LEVEL:
        path = PACKAGE / room / "__init__.py"
        text = (path if path.exists() else PACKAGE / f"{room}.py").read_text()
        says_what_it_owns(room, text)


def says_what_it_owns(name, text):
    first = ast.get_docstring(ast.parse(text)).splitlines()[0]
    assert len(first) > 20 and first.endswith("."), f"{name}: {first}"


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_every_module_says_what_it_owns(path):
    says_what_it_owns(path, (PACKAGE / path).read_text())


OTHERS = {
    "__main__",
    "fewer_seeds",
    "loading",
    "resolving",
    "base",
    "studies",
    "top_level",
    "who_teaches_whom",
}
"""Modules of the config that put sections together; each of the others has those of a room, or of a key."""


def test_sections_of_the_config_are_in_modules_called_as_rooms_or_keys():
    own = {path.stem for path in MODULES if room_of(path) == "config"}
    keys = {"datasets", "distillation", "evaluation", "machine"}
    assert own - OTHERS - keys <= set(LEVEL)
    assert own >= OTHERS | keys


def test_no_module_is_long():
    long = {str(path): n for path in MODULES if (n := len((PACKAGE / path).read_text().splitlines())) > 400}
    assert not long


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_text_has_its_encoding_whatever_the_locale(path):
    for node in ast.walk(ast.parse((PACKAGE / path).read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or getattr(node.func, "attr", "") not in (
            "read_text",
            "write_text",
            "open",
        ):
            continue
        if any(isinstance(argument, ast.Constant) and "b" in str(argument.value) for argument in node.args):
            continue  # bytes
        if getattr(getattr(node.func, "value", None), "id", "") in ("Image", "tarfile", "zipfile"):
            continue
        assert "encoding" in {keyword.arg for keyword in node.keywords}, f"{path}:{node.lineno}"


@pytest.mark.parametrize("folder", ["bench", "tools", "workflow/scripts"])
def test_no_script_has_the_name_of_a_library(folder):
    # Python looks in a script's folder first: a library that imports one of that name, as Numba coverage if it
    # is there, would find the script.
    libraries = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    for path in (PACKAGE.parents[1] / folder).glob("*.py"):
        assert path.stem not in sys.stdlib_module_names, path
        assert path.stem != "coverage" and PathFinder.find_spec(path.stem, libraries) is None, path
