"""Digests of code: what is computed changes them, and nothing else does."""

import ast
import textwrap

import pytest

from multiview.store import code

FUNCTION = '''
"""Words."""
import math


def area(radius, scale=1.0):
    """More words."""
    # Why.
    return f"{scale:<{radius}} {math.pi * radius**2}"


class Circle:
    """A circle."""

    radius: float = 2.0
    """Of the circle."""
'''


def text(source):
    return code._text(ast.parse(textwrap.dedent(source)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""Words."""', ""),
        ('"""More words."""', '"""Other words,\n\n    on several lines.\n    """'),
        ("    # Why.\n", ""),
        ("import math\n\n\n", "import math  # for pi\n"),
        ("radius, scale=1.0", "\n    radius,\n    scale=1.00,\n"),
        ('    """Of the circle."""\n', ""),
        ("math.pi * radius**2", "(math.pi * (radius ** 2))"),
    ],
)
def test_words_and_layout_change_no_digest(old, new):
    changed = FUNCTION.replace(old, new)
    assert changed != FUNCTION
    assert text(changed) == text(FUNCTION)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("scale=1.0", "scale=1.5"),
        ("scale=1.0", "scale"),
        ("import math", "import cmath as math"),
        ("radius**2", "radius**3"),
        ("math.pi * radius**2", "math.pi ** radius*2"),
        ("    return f", "    f"),
        ("radius: float = 2.0", "radius = 2.0"),
        ("class Circle:", "class Circle(dict):"),
        (":<{radius}", ":>{radius}"),
    ],
)
def test_whatever_is_computed_otherwise_changes_it(old, new):
    changed = FUNCTION.replace(old, new)
    assert changed != FUNCTION
    assert text(changed) != text(FUNCTION)


def test_a_string_that_is_a_value_is_no_docstring():
    assert text("def f():\n    return 'a'") != text("def f():\n    return 'b'")
    assert text("x = ['a']") != text("x = ['b']")
    assert text("y = f'{x}a'") != text("y = f'{x}b'")


def test_empty_parts_of_strings_are_nothing():
    # Python 3.12 notes one after the field in f"{x:<{n}}", other versions do not.
    tree = ast.parse('y = f"{x:<{n}}"')
    before = code._text(tree)
    tree.body[0].value.values[0].format_spec.values.append(ast.Constant(value=""))
    assert code._text(tree) == before


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A workflow of two scripts and some modules in a folder of their own."""
    files = {
        "scripts/train.py": "from multiview.runtime import jobs\nfrom multiview.networks import plain",
        "scripts/draw.py": "import multiview.pages as pages",
        "multiview/__init__.py": "__version__ = '1'",
        "multiview/runtime/jobs.py": "from multiview import pages",
        "multiview/pages.py": "x = 1",
        "multiview/rates.py": "x = 1",
        "multiview/networks/__init__.py": "",
        "multiview/networks/plain.py": "def f():\n    from multiview.rates import x",
        "multiview/networks/wide.py": "x = 1",
    }
    for name, source in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    monkeypatch.setattr(code, "WORKFLOW", tmp_path)
    for function in (code.digest, code._read):
        function.cache_clear()
    yield tmp_path
    for function in (code.digest, code._read):
        function.cache_clear()


def digests(package, edited=None):
    """Of each script, after one file was edited."""
    if edited is not None:
        path = package / edited
        path.write_text(path.read_text() + "\ny = 2")
    for function in (code.digest, code._read):
        function.cache_clear()
    return {
        "train": code.digest("scripts/train.py"),
        "wide": code.digest("scripts/train.py", "multiview/networks/wide.py"),
        "draw": code.digest("scripts/draw.py"),
    }


@pytest.mark.parametrize(
    ("edited", "concerns"),
    [
        ("scripts/train.py", {"train", "wide"}),
        ("multiview/networks/plain.py", {"train", "wide"}),
        ("multiview/networks/__init__.py", {"train", "wide"}),
        ("multiview/rates.py", {"train", "wide"}),  # imported in a function of an imported module
        ("multiview/networks/wide.py", {"wide"}),  # named, as the one in use
        ("multiview/pages.py", {"draw"}),
        ("multiview/runtime/jobs.py", set()),  # it decides no number
        ("multiview/__init__.py", set()),  # the version
    ],
)
def test_an_edit_concerns_what_imports_it(package, edited, concerns):
    before = digests(package)
    after = digests(package, edited)
    assert {name for name in before if before[name] != after[name]} == concerns


def test_a_digest_does_not_depend_on_where_the_clone_lies(package, tmp_path_factory, monkeypatch):
    before = digests(package)
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "clone"
    package.rename(elsewhere)
    monkeypatch.setattr(code, "WORKFLOW", elsewhere)
    assert digests(elsewhere) == before
    elsewhere.rename(package)


def test_relative_imports_of_a_users_package_are_not_of_ours(tmp_path, monkeypatch):
    monkeypatch.setattr(code, "WORKFLOW", tmp_path)
    (tmp_path / "theirs.py").write_text("from . import layers\nfrom .layers import one\n")
    assert code._read("theirs.py")[1] == []
