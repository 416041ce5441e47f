"""Networks of the user's own: the example, and what is wrong with others."""

import sys

import pytest
import torch
import yaml
from conftest import ROOT, merge

from multiview import config
from multiview.networks.registry import build
from multiview.store import code

IMAGES = torch.randint(0, 256, (20, 3, 5, 6), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def own(path, name="Mine", **arguments):
    return config.OwnNetwork(kind="file", path=str(path), name=name, arguments=arguments)


def test_the_example_is_a_study(default, monkeypatch):
    monkeypatch.chdir(ROOT)
    raw = merge(default, yaml.safe_load((ROOT / "examples/my_network.yaml").read_text()))
    study = config.load(raw).studies["mine"]
    network = build(study.network, IMAGES, 4, 0)
    assert network(IMAGES).shape == (20, 4)
    assert network.network.over_columns.out_features == 48
    other = build(study.network, IMAGES, 4, 0)
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), other.parameters(), strict=True))


FLAT = "import torch\nclass Mine(torch.nn.Flatten):\n  def __init__(self, {}): super().__init__()"
WRONG = {
    "import nothing_of_that_name": "cannot be imported",
    "class Other: pass": "expected a class 'Mine'",
    FLAT.format("shape"): "fails on two inputs",
    FLAT.format("shape, classes"): r"found \(2, 90\)",
    # Too small an image for its pooling: the file and the shape of the dataset's images.
    FLAT.format("shape, classes").replace("Flatten", "MaxPool2d").replace("__()", "__(7)"): (
        r"mine.py: Mine\(shape=\(3, 5, 6\), classes=4, ...\) fails on two inputs of the dataset's shape"
    ),
    # What it says of an input depends on the others.
    "import torch\nclass Mine(torch.nn.Module):\n  def __init__(self, shape, classes):\n    super().__init__()\n"
    "    self.norm = torch.nn.BatchNorm1d(90, track_running_stats=False)\n"
    "  def forward(self, x): return self.norm(x.flatten(1))[:, :4]": "what else is|fails on two",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_network_is_named(tmp_path, text):
    path = tmp_path / "mine.py"
    path.write_text(text)
    with pytest.raises(config.ConfigError, match=WRONG[text]) as caught:
        build(own(path), IMAGES, 4, 0)
    assert "mine.py" in str(caught.value)


def test_a_file_that_is_missing_is_an_error_of_the_config(default):
    default["studies"]["mine"] = {
        "based_on": "digits",
        "network": {"kind": "file", "path": "no/such.py", "name": "Mine"},
        "features": None,
    }
    with pytest.raises(config.ConfigError, match=r"mine\.network.*path: expected a Python file.*no/such\.py"):
        config.load(default)


def digest(path):
    """Of the code of a network of one's own, read again."""
    code.digest.cache_clear(), code._read.cache_clear()
    return code.digest(*code.networks(own(path)))


def test_an_edit_of_the_file_makes_another_network(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("a = 1")
    before = digest(path)
    path.write_text("a = 1  # one")
    assert digest(path) == before
    path.write_text("a = 2")
    assert digest(path) != before
    path.write_text("a =")  # its job says so
    assert digest(path) != before


def test_a_file_may_import_its_neighbours_and_an_edit_of_them_is_another_network(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.path", [*sys.path])
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "more"))
    (tmp_path / "more").mkdir()
    (tmp_path / "parts").mkdir()
    far = tmp_path / "more/far_away_part.py"
    far.write_text("K = 4")
    (tmp_path / "parts/__init__.py").touch()
    near = tmp_path / "parts/neighbour.py"
    near.write_text(
        "import torch\nimport far_away_part\n\ndef linear(n):\n  return torch.nn.Linear(n, far_away_part.K)"
    )
    path = tmp_path / "mine.py"
    path.write_text(
        "import torch\nfrom parts import neighbour\nclass Mine(torch.nn.Sequential):\n"
        "  def __init__(self, shape, classes): super().__init__(torch.nn.Flatten(), neighbour.linear(90))"
    )
    sys.path.append(str(far.parent))
    assert build(own(path), IMAGES, 4, 0)(IMAGES).shape == (20, 4)
    assert {file.name for file in own(path).files} == {
        "mine.py",
        "__init__.py",
        "neighbour.py",
        "far_away_part.py",
    }
    for file in (near, far):
        before = digest(path)
        file.write_text(file.read_text() + "\nedited = 1")
        assert digest(path) != before


def test_a_link_to_a_file_has_the_neighbours_of_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.path", [*sys.path])
    for name in ("shared", "study"):
        (tmp_path / name).mkdir()
    (tmp_path / "shared/part_of_the_link.py").write_text("from torch.nn import Flatten")
    code = FLAT.format("shape, classes").replace("import torch", "import torch, part_of_the_link")
    (tmp_path / "shared/mine.py").write_text(code)
    (tmp_path / "study/mine.py").symlink_to(tmp_path / "shared/mine.py")
    settings = own(tmp_path / "study/mine.py")
    assert "part_of_the_link.py" in {file.name for file in settings.files}
    with pytest.raises(config.ConfigError, match=r"found \(2, 90\)"):  # it is imported: its logits are too many
        build(settings, IMAGES, 4, 0)


DRAWS = """
import random
import numpy
import torch
class Mine(torch.nn.Sequential):
  def __init__(self, shape, classes):
    {before}
    super().__init__(torch.nn.Flatten(), torch.nn.Linear(90, classes))
    {after}
"""


@pytest.mark.parametrize(
    "after",
    [
        "pass",
        "self[1].weight.data = torch.from_numpy(numpy.random.randn(classes, 90)).float()",
        "self[1].weight.data.fill_(random.random()), self[1].bias.data.zero_()",
    ],
)
def test_whatever_a_network_draws_from_follows_from_its_seed(tmp_path, after):
    (tmp_path / "mine.py").write_text(DRAWS.format(before="pass", after=after))
    one, other, again = (build(own(tmp_path / "mine.py"), IMAGES, 4, seed) for seed in (0, 1, 0))
    weights = [network.network[1].weight for network in (one, other, again)]
    assert torch.equal(weights[0], weights[2]) and not torch.equal(weights[0], weights[1])
    average = build(own(tmp_path / "mine.py"), IMAGES, 4, 0, networks=2).network
    assert not torch.equal(*(network[1].weight for network in average.networks))


def test_a_network_that_sets_its_own_seed_is_refused(tmp_path):
    (tmp_path / "mine.py").write_text(DRAWS.format(before="torch.manual_seed(0)", after="pass"))
    with pytest.raises(config.ConfigError, match=r"mine.py: Mine has the same weights for every seed"):
        build(own(tmp_path / "mine.py"), IMAGES, 4, 0)


def test_home_and_variables_are_filled_in_and_what_is_not_set_is_an_error(tmp_path, monkeypatch):
    (tmp_path / "mine.py").touch()
    for name in ("HOME", "MINE"):
        monkeypatch.setenv(name, str(tmp_path))
    for text in ("~/mine.py", "$MINE/mine.py", "${MINE}/mine.py"):
        assert own(text).file == tmp_path / "mine.py"
        assert own(text).path == text  # it is kept: results do not depend on whose home it is
    with pytest.raises(ValueError, match=r"variable \$NO_SUCH_VARIABLE is not set"):
        own("$NO_SUCH_VARIABLE/mine.py")
    with pytest.raises(ValueError, match="~nobody_of_that_name is the home of no user"):
        own("~nobody_of_that_name/mine.py")
    (tmp_path / "images").mkdir()
    (tmp_path / "images/train.parquet").touch()
    sizes = {"seed": 0, "classes": 2, "validation_samples": 1}
    assert config.Images(kind="parquet", path="~/images", **sizes).files("train") == [
        tmp_path / "images/train.parquet"
    ]


def test_a_network_whose_shape_depends_on_its_seed_is_refused(tmp_path):
    many = "range(int(torch.randint(1, 10**6, ())) % 97)"
    drawn = f"[self.register_parameter(f'p{{i}}', torch.nn.Parameter(torch.zeros(1))) for i in {many}]"
    (tmp_path / "mine.py").write_text(DRAWS.format(before="pass", after=drawn))
    with pytest.raises(config.ConfigError, match=r"mine.py: Mine can be made for one seed, but not in the same"):
        build(own(tmp_path / "mine.py"), IMAGES, 4, 0)
