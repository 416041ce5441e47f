"""The two-layer network against its definition, by hand and by autograd."""

import math

import pytest
import torch

from multiview.networks.two_layer import TwoLayerNetwork, smoothed_relu, view_strengths


def network(q=4, rho=1.0, classes=3, dim=10, neurons=4, seed=0, std=0.4):
    return TwoLayerNetwork(classes, dim, neurons, q, rho, std, seed)


def samples(n=7, patches=5, dim=10, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, patches, dim, generator=generator), torch.arange(n) % 3


def test_smoothed_relu_by_hand():
    # q = 3, rho = 2: z^3 / 12 up to 2, z - 4/3 above.
    z = torch.tensor([-5.0, 0.0, 1.0, 2.0, 3.0])
    expected = torch.tensor([0.0, 0.0, 1 / 12, 2 / 3, 5 / 3])
    torch.testing.assert_close(smoothed_relu(z, 3, 2.0), expected)


@pytest.mark.parametrize(("q", "rho"), [(3, 1.0), (4, 0.3), (3.5, 2.0), (5, 1.0)])
def test_smoothed_relu_and_its_slope_have_no_jump_at_rho(q, rho):
    z = torch.tensor([rho * (1 - 1e-7), rho * (1 + 1e-7)], dtype=torch.float64, requires_grad=True)
    value = smoothed_relu(z, q, rho)
    slope = torch.autograd.grad(value.sum(), z)[0]
    torch.testing.assert_close(value[0], value[1], atol=1e-6, rtol=0)
    torch.testing.assert_close(slope, torch.ones(2, dtype=torch.float64), atol=1e-5, rtol=0)


def test_logits_and_gradient_by_hand():
    # One sample of two patches on the line; class 0 has w = 1/2, class 1 has w = -1; q = 3, rho = 1.
    net = network(q=3, classes=2, dim=1, neurons=1)
    net.weight.data = torch.tensor([[0.5], [-1.0]])
    x, label = torch.tensor([[[1.0], [4.0]]]), torch.tensor([0])
    # F_0 = (1/2)^3 / 3 + (2 - 2/3); F_1 = 0: both patches are below 0.
    F0 = 1 / 24 + 4 / 3
    logits = net.gradient(x, label)
    losses = net.values(logits, label)
    torch.testing.assert_close(logits, torch.tensor([[F0, 0.0]]))
    p0 = math.exp(F0) / (math.exp(F0) + 1)
    torch.testing.assert_close(losses, torch.tensor([-math.log(p0)]))
    # dF_0/dw = (1/2)^2 * 1 + 1 * 4.
    torch.testing.assert_close(net.weight.grad, torch.tensor([[(p0 - 1) * 4.25], [0.0]]))


@pytest.mark.parametrize("block", [0, 1, 3, 7, 100])
@pytest.mark.parametrize(("q", "rho"), [(3, 1.0), (4, 1.0), (4, 0.5), (3.5, 0.7), (6, 2.0)])
def test_gradient_agrees_with_autograd(q, rho, block):
    net, (x, label) = network(q, rho), samples()
    loss = torch.nn.functional.cross_entropy(net(x), label)
    expected = torch.autograd.grad(loss, net.weight)[0]
    logits = net.gradient(x, label, block)
    losses = net.values(logits, label)
    torch.testing.assert_close(net.weight.grad, expected, rtol=2e-5, atol=1e-6)
    torch.testing.assert_close(losses.mean(), loss.detach())
    torch.testing.assert_close(logits, net(x).detach(), rtol=2e-5, atol=1e-6)
    torch.testing.assert_close(net.logits(x, block), logits)


def test_gradient_does_not_pile_up_over_steps():
    net, (x, label) = network(), samples()
    net.gradient(x, label)
    once = net.weight.grad.clone()
    net.gradient(x, label)
    assert torch.equal(net.weight.grad, once)


def test_order_of_patches_does_not_matter_and_order_of_samples_goes_along():
    net, (x, _) = network(), samples()
    shuffled = x[:, torch.tensor([3, 1, 4, 0, 2])]
    torch.testing.assert_close(net.logits(shuffled), net.logits(x))
    turn = torch.tensor([6, 0, 5, 1, 4, 2, 3])
    torch.testing.assert_close(net.logits(x[turn], 2), net.logits(x, 2)[turn])


def test_rotating_features_and_weights_together_changes_nothing():
    net, (x, label) = network(), samples()
    rotation = torch.linalg.qr(torch.randn(10, 10, generator=torch.Generator().manual_seed(2)))[0]
    logits = net.gradient(x, label)
    gradient = net.weight.grad.clone()
    net.weight.data @= rotation
    turned = net.gradient(x @ rotation, label)
    torch.testing.assert_close(turned, logits, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(net.weight.grad, gradient @ rotation, rtol=1e-4, atol=1e-5)


def test_initial_weights_are_normal_and_come_from_the_seed_alone():
    torch.manual_seed(5)
    one = network(classes=20, neurons=20, dim=100, std=0.01).weight
    torch.manual_seed(6)
    assert torch.equal(network(classes=20, neurons=20, dim=100, std=0.01).weight, one)
    assert not torch.equal(network(classes=20, neurons=20, dim=100, std=0.01, seed=1).weight, one)
    z = one.detach() / 0.01
    assert abs(z.mean()) < 4 / math.sqrt(z.numel())
    assert abs(z.std() - 1) < 0.01
    assert abs((z**4).mean() - 3) < 0.1


def test_view_strengths_by_hand():
    # Two classes, two neurons each, views on the axes of R^4.
    weight = torch.tensor(
        [[1.0, -2.0, 9.0, 9.0], [3.0, -1.0, 9.0, 9.0], [9.0, 9.0, 0.5, 2.0], [9.0, 9.0, -4.0, 1.0]]
    )
    phi, lambda_ = view_strengths(weight, torch.eye(4), 2)
    assert phi.tolist() == [[4.0, 0.0], [0.5, 3.0]]
    assert lambda_.tolist() == [[3.0, 0.0], [0.5, 2.0]]
