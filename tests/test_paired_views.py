"""Views learned of pictures, and the networks and costs that go with pairs of pictures."""

import numpy as np
import pandas as pd
import pytest
import torch

from multiview import config
from multiview.measure import views
from multiview.networks.registry import build
from multiview.predictors.logits import Predictor
from multiview.runtime import resources

LABEL = np.array([0, 0, 1, 1])
SAMPLES = pd.DataFrame({"split": np.repeat(views.ALONE, 4), "label": np.tile(LABEL, 2)})


def said(first, second):
    """A predictor whose two members name some classes in each view alone."""
    logits = {
        split: np.eye(2, dtype=np.float32)[np.array(named)]
        for split, named in zip(views.ALONE, (first, second), strict=True)
    }
    return Predictor([3, 5], logits)


def test_a_view_is_learned_where_enough_of_its_pictures_are_named():
    # Member 3 has view 1 of both classes; member 5 has view 2 of class 1, and half of view 1 of class 0.
    single = said([[0, 0, 1, 1], [0, 1, 0, 0]], [[1, 1, 0, 0], [1, 1, 1, 1]])
    table = views.learned_of_pictures({"single": single}, SAMPLES, 0.5).set_index(["seed", "class", "view"])
    assert table["phi"].to_dict() == {
        **{(3, 0, 1): 1.0, (3, 1, 1): 1.0, (3, 0, 2): 0.0, (3, 1, 2): 0.0},
        **{(5, 0, 1): 0.5, (5, 1, 1): 0.0, (5, 0, 2): 0.0, (5, 1, 2): 1.0},
    }
    assert table["learned"].to_dict() == {key: value >= 0.5 for key, value in table["phi"].to_dict().items()}
    counts = views.shares(table.reset_index(), {})
    assert [part.tolist() for part in counts["single", views.ONE]] == [[2, 2], [2, 2]]
    assert [part.tolist() for part in counts["single", views.BOTH]] == [[0, 0], [2, 2]]


def test_students_without_training_of_their_own_have_no_union():
    learned = views.learned_of_pictures({"single": said([LABEL] * 2, [LABEL] * 2)}, SAMPLES, 0.5)
    role = {"teacher": "single", "teacher_size": 1, "teachers": {"9": [3]}}
    assert views.unions(learned, {"self_distilled": role}) == {}


def network(**keys):
    return config.CNN(kind="cnn", channels=[4, 6, 8], **keys)


def test_a_branch_does_not_see_the_other_view():
    images = torch.randint(256, (6, 2, 8, 8), dtype=torch.uint8)
    built = build(network(branches=2), images, 3, seed=1).network
    x = torch.randn(6, 2, 8, 8)
    other = x.clone()
    other[:, 1] = torch.randn(6, 8, 8)
    one, two = (built.embed(each) for each in (x, other))
    assert one.shape == (6, 16)
    assert torch.equal(one[:, :8], two[:, :8]) and not torch.allclose(one[:, 8:], two[:, 8:])
    shared = build(network(), images, 3, seed=1).network
    assert not torch.allclose(shared.embed(x), shared.embed(other))


def test_all_initial_weights_are_scaled():
    images = torch.randint(256, (6, 2, 8, 8), dtype=torch.uint8)
    one, small = (build(network(init_scale=scale), images, 3, seed=1).network for scale in (1.0, 0.25))
    for whole, part in zip(one.parameters(), small.parameters(), strict=True):
        torch.testing.assert_close(part, 0.25 * whole)


def test_channels_that_branches_cannot_share_are_refused():
    with pytest.raises(config.ConfigError, match=r"network.branches is 2, but images have 1 channel"):
        build(network(branches=2), torch.zeros(4, 1, 8, 8, dtype=torch.uint8), 3, seed=1)


def test_costs_know_the_parameters_of_branches():
    images = torch.zeros(4, 2, 8, 8, dtype=torch.uint8)
    for branches in (1, 2):
        settings = network(branches=branches)
        counted = sum(layer[2] for layer in resources.convolutions(settings, (2, 8, 8)))
        trunk = build(settings, images, 3, seed=0).network.trunk
        assert counted == sum(p.numel() for name, p in trunk.named_parameters() if name.endswith("weight"))
