"""The two-layer network without features, and averages of networks, against torch.func and autograd."""

import pytest
import torch
from torch.nn import functional

from multiview.networks import frozen_two_layer, two_layer
from multiview.networks.frozen_two_layer import LinearisedTwoLayer, RandomFeaturesTwoLayer
from multiview.networks.linearised import Linearised
from multiview.networks.two_layer import TwoLayerNetwork, smoothed_relu, view_strengths

REGIMES = two_layer.REGIMES | frozen_two_layer.REGIMES
SHAPE = {"classes": 3, "dim": 8, "neurons": 4, "q": 4, "rho": 1.0, "init_std": 0.5, "seed": 2}


def make(kind, **changes):
    return kind(**SHAPE | changes).double()


@pytest.fixture
def x():
    return torch.randn(9, 5, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("q", [3, 4, 3.5])
@pytest.mark.parametrize("members", [1, 3])
def test_the_closed_form_is_the_expansion_by_torch_func(x, q, members):
    closed = make(LinearisedTwoLayer, q=q, members=members)
    expansion = Linearised(make(TwoLayerNetwork, q=q, members=members))
    change = torch.randn(closed.weight.shape, dtype=torch.float64)
    with torch.no_grad():
        closed.weight.copy_(change)
        expansion.change[0].copy_(change)
    torch.testing.assert_close(closed(x), expansion(x), rtol=1e-12, atol=1e-12)


def test_random_features_are_the_activations_of_all_neurons(x):
    model = make(RandomFeaturesTwoLayer)
    a = torch.randn(3, 12, dtype=torch.float64)
    model.weight.data.copy_(a)
    features = sum(smoothed_relu(x[:, p] @ model.initial.T, 4, 1.0) for p in range(5))
    torch.testing.assert_close(model(x), features @ a.T)


@pytest.mark.parametrize("regime", ["linearised", "random_features"])
@pytest.mark.parametrize("block", [0, 4])
def test_gradients_are_those_of_autograd(x, regime, block):
    model = make(REGIMES[regime], members=2)
    model.weight.data.normal_(generator=torch.Generator().manual_seed(1))
    label = torch.arange(9) % 3
    logits = model.gradient(x, label, block)
    losses = model.values(logits, label)
    ours = model.weight.grad.clone()
    model.weight.grad = None
    functional.cross_entropy(model(x), label).backward()
    torch.testing.assert_close(ours, model.weight.grad)
    torch.testing.assert_close(logits, model(x).detach())
    torch.testing.assert_close(losses, functional.cross_entropy(logits, label, reduction="none"))


@pytest.mark.parametrize("regime", ["linearised", "random_features"])
def test_nothing_is_learned_at_the_start(x, regime):
    model = make(REGIMES[regime])
    assert (model(x) == 0).all()
    assert torch.equal(model.gating, make(TwoLayerNetwork).weight.data)


@pytest.mark.parametrize("regime", list(REGIMES))
def test_an_average_is_the_mean_of_its_members(x, regime):
    whole = make(REGIMES[regime], members=2)
    weight = torch.randn(whole.weight.shape, dtype=torch.float64)
    whole.weight.data.copy_(weight)
    total = 0
    for member in range(2):
        one = make(REGIMES[regime])

        def of(neurons, member=member):
            return neurons.unflatten(0, (3, 2, 4))[:, member].flatten(0, 1)

        if regime == "random_features":
            one.initial.copy_(of(whole.initial))
            one.weight.data.copy_(of(weight.T).T)
        else:
            one.weight.data.copy_(of(weight))
            if regime == "linearised":
                one.initial.copy_(of(whole.initial))
        assert torch.equal(whole.directions(member), one.directions())
        total = total + one(x)
    torch.testing.assert_close(whole(x), total / 2)


def test_an_average_has_the_gradient_of_autograd(x):
    model = make(TwoLayerNetwork, members=3)
    label = torch.arange(9) % 3
    model.gradient(x, label, 4)
    ours = model.weight.grad.clone()
    model.weight.grad = None
    functional.cross_entropy(model(x), label).backward()
    torch.testing.assert_close(ours, model.weight.grad)


def test_view_strengths_of_a_member_are_of_its_neurons():
    model = make(TwoLayerNetwork, neurons=1, members=2, dim=6)
    # Rows: class 0 member 0, class 0 member 1, class 1 member 0, ...; that one has its second view.
    model.weight.data.zero_()
    model.weight.data[1, 1] = 2.0
    phi = [view_strengths(model.directions(m), torch.eye(6, dtype=torch.float64), 3)[0] for m in range(2)]
    assert phi[0].tolist() == [[0, 0]] * 3
    assert phi[1].tolist() == [[0, 2], [0, 0], [0, 0]]
