"""Digests of code, by which the rules tell Snakemake what an edit changes.

A digest is of syntax trees without docstrings: a comment, a docstring or a blank line runs nothing again. It
covers a file and the modules of this package that it imports, directly or not. Two kinds are left out: rooms whose
code decides no number, and what is imported by name while a job runs, of which the rule names the one in use.
"""

import ast
import functools
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from multiview import config

PACKAGE = Path(__file__).parents[1]
WORKFLOW = PACKAGE.parent

DECIDES_NOTHING = {"config", "store", "runtime"}
"""Rooms of which no number depends: what the config says is in the params of the rules."""


@functools.cache
def digest(*files: str) -> str:
    """A digest of some files and of all modules of this package that they import.

    Paths are in the workflow's folder, such as ``scripts/train.py``, or absolute ones of the user's own files.
    """
    ours = sorted(file for file in closure(files) if not Path(file).is_absolute())
    named = [(file, file) for file in ours]
    named += [(Path(file).name, file) for file in files if Path(file).is_absolute()]  # which may lie anywhere
    parts = [f"{name}\0{_read(file)[0]}" for name, file in named]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def networks(settings: config.Network | config.ImageNetwork) -> list[str]:
    """The files that a network of the config is made by, for `digest`: those of the package and the user's own."""
    own = [str(file.resolve()) for file in settings.files]
    return [f"multiview/networks/{module}.py" for module in settings.modules] + own


def closure(files: Iterable[str]) -> set[str]:
    """The files and all modules that they import, as `digest` takes them."""
    seen, todo = set(), list(files)
    while todo:
        file = todo.pop()
        if file not in seen:
            seen.add(file)
            todo += _read(file)[1]
    return seen


@functools.cache
def _read(file: str) -> tuple[str, list[str]]:
    """The syntax tree of a file as text, and the modules of the package that it imports anywhere."""
    source, names = (WORKFLOW / file).read_bytes(), set()
    try:
        tree = ast.parse(source)
    except SyntaxError:  # of the user's: the job says so
        tree = ast.parse(repr(source))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:  # relative ones are a user's package's
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return _text(tree), [module for name in sorted(names) for module in _modules(name.split("."))]


def _modules(parts: list[str]) -> Iterator[str]:
    """The file of a module, and those of the packages in which it is; none of those of `DECIDES_NOTHING`."""
    root, *inner = parts
    if root != PACKAGE.name or not inner or inner[0] in DECIDES_NOTHING:
        return
    for end in range(1, len(inner) + 1):
        path = Path(root, *inner[:end])
        for file in (path / "__init__.py", path.with_suffix(".py")):
            if (WORKFLOW / file).is_file():
                yield file.as_posix()


def _text(node: object) -> str:
    """A syntax tree as text that is the same for all Pythons, which differ in what they note of nothing."""
    if isinstance(node, list):
        return f"[{','.join(_text(child) for child in node if not _says_nothing(child))}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = [(name, value) for name, value in ast.iter_fields(node) if value is not None and value != []]
    if isinstance(node, ast.JoinedStr):  # Python 3.12 has empty parts of f-strings
        fields = [("values", [part for part in node.values if getattr(part, "value", None) != ""])]
    return f"{type(node).__name__}({','.join(f'{name}={_text(value)}' for name, value in fields)})"


def _says_nothing(node: object) -> bool:
    """Whether a statement is a string alone: a docstring, of an attribute maybe."""
    return isinstance(node, ast.Expr) and isinstance(getattr(node.value, "value", None), str)
