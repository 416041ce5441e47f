"""What feeds a losing view: the parts of the pull are the gradient's."""

import torch
from torch.nn import functional

from feeds import pulls, shares
from multiview.networks.two_layer import TwoLayerNetwork


def test_pulls_of_all_samples_are_the_gradient_along_the_view():
    network = TwoLayerNetwork(classes=3, dim=8, neurons=2, q=3, rho=1.0, init_std=0.5, seed=0)
    generator = torch.Generator().manual_seed(1)
    x, label = torch.randn(6, 4, 8, generator=generator), torch.arange(6) % 3
    views, best = torch.eye(8)[[1, 3, 5]], torch.tensor([0, 3, 4])
    F = network(x)
    functional.cross_entropy(F, label).backward()
    found = pulls(network, best, x, label, F.detach(), views)
    assert found.shape == (6, 3)
    torch.testing.assert_close(found.sum(dim=0), -(network.weight.grad[best] * views).sum(dim=1))


def test_the_shares_of_a_step_are_what_it_takes_from_one_over_u():
    u = torch.tensor([[0.5, 2.0], [1.0, 0.1]])
    grown = torch.tensor([[[0.5, -1.0], [0.5, 0.0]], [[-0.75, 0.2], [0.25, 0.2]]])  # two groups for each view
    found = shares(u, grown)
    # 1/u: 2 -> 1 / 1.5, 1/2 -> 1; 1 -> 2, 10 -> 2
    torch.testing.assert_close(found.sum(dim=1), torch.tensor([[2 - 1 / 1.5, -0.5], [-1.0, 8.0]]))
    torch.testing.assert_close(found[0, 0, 0], found[0, 1, 0])
