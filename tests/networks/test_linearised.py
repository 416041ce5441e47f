"""Models that learn no features: the expansion against differences, and what may move in training."""

import copy

import pytest
import torch
from torch import nn
from torch.func import functional_call
from torch.nn import functional

from multiview import config
from multiview.networks.linearised import Linearised, RandomFeatures, check_expansion, settle
from multiview.networks.plain import CNN
from multiview.networks.wide_resnet import WideResNet


def networks():
    torch.manual_seed(0)
    return {
        "cnn": CNN(config.CNN(kind="cnn", channels=[4, 8]), 1, 3).double(),
        "wide_resnet": WideResNet(1, 3, 10, 1).double(),
    }


@pytest.fixture
def x():
    return torch.randn(7, 1, 8, 8, dtype=torch.float64)


@pytest.mark.parametrize("name", ["cnn", "wide_resnet"])
def test_the_expansion_is_the_limit_of_differences(name, x):
    network = networks()[name]
    settle(network, x)
    model = Linearised(copy.deepcopy(network))
    start = dict(network.named_parameters())
    with torch.no_grad():
        for change in model.change:
            change.normal_()
    step = 1e-6
    moved = []
    for sign in (1, -1):
        pairs = zip(model.names, model.change, strict=True)
        moved.append(functional_call(network, {n: start[n] + sign * step * d for n, d in pairs}, (x,)))
    torch.testing.assert_close(model(x), (moved[0] - moved[1]) / (2 * step), rtol=1e-5, atol=1e-6)


def test_it_is_linear_and_starts_at_0(x):
    model = Linearised(networks()["cnn"])
    assert (model(x) == 0).all()
    with torch.no_grad():
        for change in model.change:
            change.normal_()
    once = model(x)
    with torch.no_grad():
        for change in model.change:
            change.mul_(-3)
    torch.testing.assert_close(model(x), -3 * once)


@pytest.mark.parametrize("name", ["cnn", "wide_resnet"])
def test_mixed_precision_changes_nothing(name, x):
    model, x = Linearised(networks()[name].float()), x.float()
    with torch.no_grad():
        for change in model.change:
            change.normal_()
    with torch.autocast("cpu", torch.bfloat16):
        mixed = model(x)
    assert mixed.dtype == torch.float32 and torch.equal(mixed, model(x))


@pytest.mark.parametrize("wrap", [Linearised, RandomFeatures])
def test_the_initialisation_does_not_move(wrap, x):
    model = wrap(networks()["wide_resnet"])
    before = copy.deepcopy(model.network.state_dict())
    model.train()
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], 0.1)
    for _ in range(3):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), torch.arange(7) % 3).backward()
        optimizer.step()
    assert model(x).abs().max() > 0
    for key, value in model.network.state_dict().items():
        if wrap is Linearised or not key.startswith("linear."):
            assert torch.equal(value, before[key]), key


def test_random_features_train_the_last_layer_from_0(x):
    model = RandomFeatures(networks()["cnn"])
    assert (model(x) == 0).all()
    trained = [name for name, p in model.named_parameters() if p.requires_grad]
    assert trained == ["network.linear.weight", "network.linear.bias"]


def test_statistics_are_those_of_the_training_data(x):
    network = networks()["wide_resnet"]
    settle(network, x)
    first = network.blocks[1].norm1
    seen = network.blocks[0](x)
    torch.testing.assert_close(first.running_mean, seen.mean(dim=(0, 2, 3)))
    torch.testing.assert_close(first.running_var, seen.var(dim=(0, 2, 3)))
    assert first.momentum == 0.1 and not network.training


class Attention(nn.Module):
    """One of three kinds of attention that PyTorch computes in one piece, and a linear layer."""

    def __init__(self, kind):
        super().__init__()
        self.kind, self.linear = kind, nn.Linear(8, 3)
        if kind == "module":
            self.attend = nn.MultiheadAttention(8, 2, batch_first=True)
        if kind == "encoder":
            self.attend = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)

    def forward(self, x):
        x = x.flatten(1).unflatten(1, (8, 8))
        if self.kind == "function":
            x = functional.scaled_dot_product_attention(*[x[:, None]] * 3)[:, 0]
        elif self.kind == "module":
            x = self.attend(x, x, x, need_weights=False)[0]
        else:
            x = self.attend(x)
        return self.linear(x.mean(dim=1))


@pytest.mark.parametrize("kind", ["function", "module", "encoder"])
def test_fused_attention_is_expanded_as_if_it_were_written_out(kind, x):
    torch.manual_seed(0)
    network = Attention(kind).double().eval()
    model = Linearised(copy.deepcopy(network))
    with torch.no_grad():
        for change in model.change:
            change.normal_()
    start, step, moved = dict(network.named_parameters()), 1e-6, []
    for sign in (1, -1):
        pairs = zip(model.names, model.change, strict=True)
        moved.append(functional_call(network, {n: start[n] + sign * step * d for n, d in pairs}, (x,)))
    check_expansion(model, x)
    torch.testing.assert_close(model(x), (moved[0] - moved[1]) / (2 * step), rtol=1e-5, atol=1e-6)


def test_what_cannot_be_expanded_is_one_error(x):
    class Distances(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(64, 3).double()

        def forward(self, x):
            return torch.cdist(self.linear(x.flatten(1)), torch.zeros(3, 3, dtype=x.dtype))

    with pytest.raises(config.ConfigError, match=r"network.regime is linearised, but .*_cdist"):
        check_expansion(Linearised(Distances()), x)


def test_every_kind_of_batch_normalisation_settles(x):
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 3)).double()
    settle(network, x)
    seen = network[1](x.flatten(1))
    torch.testing.assert_close(network[2].running_mean, seen.mean(dim=0))
    torch.testing.assert_close(network[2].running_var, seen.var(dim=0))
