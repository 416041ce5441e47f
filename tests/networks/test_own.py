"""Networks of the user's own: the example, and what is wrong with others."""

import pytest
import torch
import yaml
from conftest import ROOT, merge

from multiview import config
from multiview.networks.images import build

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


def test_an_edit_of_the_file_makes_another_network(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("a = 1")
    before = own(path).code
    path.write_text("a = 2")
    assert own(path).code != before
