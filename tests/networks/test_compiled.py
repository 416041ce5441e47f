"""The compiled activations of a step: against the definition, and what is not finite; where they are kept."""

import numpy as np
import pytest
import torch

from multiview.networks import compiled, two_layer
from multiview.networks.two_layer import TwoLayerNetwork, smoothed_relu
from multiview.objectives import HARD_LABELS, Hinton, Truncated

OBJECTIVES = [HARD_LABELS, Hinton(0.7, 8.0, 1.5), Truncated(3.0, 1.3, 1.0)]


def drawn(n=3, patches=4, classes=2, neurons=5):
    rng = np.random.default_rng(0)
    pre = rng.normal(0, 1.5, (classes * neurons, patches * n)).astype(np.float32)
    return pre, np.zeros((classes, n), np.float32), (classes, neurons, patches, n)


def activate(pre, logits, rho, share=1.0):
    """With an objective whose slope has no form that is known."""
    compiled.activate(pre, logits, (rho, share, 1.0), np.zeros((0, logits.shape[1]), np.float32), (0.0, 0.0, 1.0))


@pytest.mark.parametrize("rho", [0.4, 1.0, 1.1, 2])
def test_activations_and_derivatives_are_those_of_the_definition(rho):
    pre, logits, shape = drawn()
    z = torch.from_numpy(pre.copy()).double().requires_grad_()
    value = smoothed_relu(z, 3, rho)
    value.sum().backward()
    activate(pre, logits, rho)
    np.testing.assert_allclose(pre, z.grad.numpy(), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(logits, value.detach().view(shape).sum(dim=(1, 2)).numpy(), rtol=1e-4)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_shows_in_the_logit_of_its_sample_and_class_alone(bad):
    pre, logits, (_, neurons, _, n) = drawn()
    pre[neurons, n + 1] = bad  # class 1, sample 1
    activate(pre, logits, 1.1)
    assert not np.isfinite(logits[1, 1])
    assert np.isfinite(np.delete(logits.ravel(), n + 1)).all()
    assert np.isfinite(pre).sum() == pre.size - np.isnan(bad)


def test_a_slope_that_is_known_weighs_derivatives_at_once():
    pre, logits, shape = drawn()
    gate, plain = pre.copy(), logits.copy()
    activate(gate, plain, 1.1, share=0.5)
    fixed = np.random.default_rng(2).normal(size=logits.shape).astype(np.float32)
    compiled.activate(pre, logits, (1.1, 0.5, 0.25), fixed, (0.3, 6.0, 8.0))
    F = torch.from_numpy(plain).double()
    slope = (0.3 * F.softmax(0) + 6 * (F / 8).softmax(0) - torch.from_numpy(fixed)).numpy() / 4
    np.testing.assert_array_equal(logits, plain)
    right = gate.reshape(shape) * slope[:, None, None]
    np.testing.assert_allclose(pre, right.reshape(pre.shape), rtol=1e-5, atol=1e-6)


def test_derivatives_are_weighed_by_the_slope_of_their_sample_and_class_to_the_bit():
    gate, logits, shape = drawn()
    slope = np.random.default_rng(1).normal(size=logits.shape).astype(np.float32)
    right = gate.reshape(shape) * slope[:, None, None]
    compiled.weigh(gate, slope)
    np.testing.assert_array_equal(gate, right.reshape(gate.shape))


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda objective: type(objective).__name__)
@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("block", [0, 1, 3, 99])
def test_a_step_is_the_one_that_tensor_operations_take(objective, members, block, monkeypatch):
    network = TwoLayerNetwork(4, 6, 2, 3, 1.1, 0.8, seed=0, members=members)
    generator = torch.Generator().manual_seed(1)
    x, teacher = (torch.randn(10, *shape, generator=generator) for shape in ((5, 6), (4,)))
    label, found = torch.arange(10) % 4, []
    for kind in (two_layer._CompiledPass, two_layer._Pass):
        monkeypatch.setattr(network, "_pass", lambda x, block, kind=kind: kind(network, x, block))
        network._last = None
        logits = network.gradient(x, label, block, objective, teacher)
        values = network.values(logits, label, objective, teacher)
        found.append((logits, values, network.weight.grad.clone()))
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)


def test_networks_that_pass_the_same_samples_share_them_and_nothing_else():
    generator = torch.Generator().manual_seed(1)
    x, *teachers = (torch.randn(10, *shape, generator=generator) for shape in ((5, 6), (4,), (4,)))
    label, objective = torch.arange(10) % 4, Hinton(0.7, 8.0, 1.5)

    def steps(networks, other):
        for _ in range(2):
            for network, teacher in networks:
                network.gradient(x, label, 3, objective, teacher)
                yield network.weight.grad.clone()
                network.logits(x + 1, other)

    def pairs():
        return [(TwoLayerNetwork(4, 6, 2, 3, 1.1, 0.8, seed), teachers[seed]) for seed in (0, 1)]

    (first, of_first), (second, of_second) = pairs()
    first.gradient(x, label, 3, objective, of_first)
    second.gradient(x, label, 3, objective, of_second)
    assert first._last.blocks is second._last.blocks
    together = list(steps([(first, of_first), (second, of_second)], other=4))
    alone = [list(steps([pair], other=3)) for pair in pairs()]
    for found, expected in zip(together, [alone[0][0], alone[1][0], alone[0][1], alone[1][1]], strict=True):
        assert torch.equal(found, expected)


@pytest.mark.parametrize(
    ("q", "dtype", "kind"),
    [
        (3, torch.float32, two_layer._CompiledPass),
        (3.0, torch.float32, two_layer._CompiledPass),
        (4, torch.float32, two_layer._Pass),
        (3, torch.float64, two_layer._Pass),
    ],
)
def test_only_what_the_compiled_code_knows_goes_there(q, dtype, kind):
    network = TwoLayerNetwork(2, 6, 4, q, 1.1, 1.0, seed=0).to(dtype)
    x = torch.randn(3, 5, 6, dtype=dtype)
    network.gradient(x, torch.tensor([0, 1, 0]))
    assert type(network._last) is kind


def test_compiled_code_is_kept_where_a_folder_can_be_made_and_nowhere_else(tmp_path, monkeypatch):
    monkeypatch.setattr(compiled.numba.config, "CACHE_DIR", "")
    (tmp_path / "file").touch()
    assert not compiled.cache_in(tmp_path / "file")
    assert compiled.numba.config.CACHE_DIR == ""
    assert compiled.cache_in(tmp_path)
    (folder,) = [path for path in tmp_path.iterdir() if path.is_dir()]
    assert str(folder) == compiled.numba.config.CACHE_DIR
    monkeypatch.setattr(compiled.binding, "get_host_cpu_name", lambda: "another")
    assert compiled.cache_in(tmp_path)
    assert len(list(tmp_path.iterdir())) == 3  # a kind of CPU, a folder
