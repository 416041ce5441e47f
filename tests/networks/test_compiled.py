"""The compiled passes of a step: against the definition, in both precisions, and what is not a number."""

import numpy as np
import pytest
import torch

from multiview.networks import compiled
from multiview.networks.two_layer import TwoLayerNetwork, smoothed_relu

DTYPES = [np.float32, np.float64]


def drawn(dtype, n=3, patches=4, classes=2, neurons=5):
    rng = np.random.default_rng(0)
    pre = rng.normal(0, 1.5, (n * patches, classes * neurons)).astype(dtype)
    return pre, np.zeros((n, classes), dtype), (n, patches, classes, neurons)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rho", [0.4, 1.0, 1.1])
@pytest.mark.parametrize("q", [2, 2.5, 3, 4, 7, 12])
def test_activations_and_derivatives_are_those_of_the_definition(q, rho, dtype):
    pre, logits, shape = drawn(dtype)
    z = torch.from_numpy(pre.copy()).double().requires_grad_()
    value = smoothed_relu(z, q, rho)
    value.sum().backward()
    compiled.activate(pre, logits, float(q - 1), rho)
    tolerance = 1e-5 if dtype == np.float32 else 1e-12
    np.testing.assert_allclose(pre, z.grad.numpy(), rtol=tolerance, atol=tolerance)
    expected = value.detach().view(shape).sum(dim=(1, 3))
    np.testing.assert_allclose(logits, expected.numpy(), rtol=10 * tolerance)


def test_logits_with_the_classes_first_in_memory_are_the_same():
    pre, logits, _ = drawn(np.float32)
    other, turned = pre.copy(), np.zeros(logits.shape[::-1], np.float32).T
    compiled.activate(pre, logits, 2.0, 1.1)
    compiled.activate(other, turned, 2.0, 1.1)
    np.testing.assert_array_equal(logits, turned)
    np.testing.assert_array_equal(pre, other)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("power", [2.0, 3.0, 1.5])
def test_what_is_not_finite_shows_in_the_logit_of_its_sample_and_class_alone(bad, power):
    pre, logits, (_, patches, _, neurons) = drawn(np.float32)
    pre[patches + 1, neurons] = bad  # sample 1, class 1
    compiled.activate(pre, logits, power, 1.1)
    assert not np.isfinite(logits[1, 1])
    assert np.isfinite(np.delete(logits.ravel(), 3)).all()


@pytest.mark.parametrize("order", ["C", "F"])
def test_each_derivative_is_weighed_by_the_slope_of_its_sample_and_class(order):
    slope = np.array([[2, 3], [5, 7]], np.float32, order=order)
    gate = np.arange(1, 17, dtype=np.float32).reshape(4, 4)  # 2 samples of 2 patches, 2 classes of 2 neurons
    expected = gate * np.array([[2, 2, 3, 3]] * 2 + [[5, 5, 7, 7]] * 2)
    compiled.weigh(gate, slope)
    np.testing.assert_array_equal(gate, expected)


@pytest.mark.parametrize("q", [3, 2.5])
def test_a_network_on_a_cpu_has_no_other_logits_in_other_blocks(q):
    network = TwoLayerNetwork(classes=3, dim=6, neurons=4, q=q, rho=1.1, init_std=1.0, seed=0)
    x = torch.randn(10, 5, 6, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(network.logits(x, 3), network.logits(x, 0), rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(network.logits(x, 4), network(x).detach(), rtol=1e-5, atol=1e-5)
