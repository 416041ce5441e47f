"""Gaussian-like data against its definition."""

import numpy as np
import pytest
import torch

from multiview import config
from multiview.data import gaussian

SETTINGS = config.Gaussian(
    kind="gaussian",
    seed=5,
    shape=[2, 4, 5],
    classes=4,
    inputs="normal",
    components=3,
    spread=4.0,
    target="mlp",
    target_width=6,
    margin=0.5,
    train_samples=3000,
    validation_samples=50,
    test_samples=700,
)


def with_(**changes):
    return SETTINGS.model_copy(update=changes)


def outputs(settings, x):
    """Standardised outputs of the target, drawn as `draw` draws it."""
    streams = [np.random.default_rng(seed) for seed in np.random.SeedSequence(settings.seed).spawn(6)]
    inputs = gaussian.sampler(settings, streams[0])
    target = gaussian.target(settings, streams[1])
    pilot = target(inputs(gaussian.PILOT, streams[2]))
    return (target(x) - pilot.mean(axis=0)) / pilot.std(axis=0)


@pytest.mark.parametrize("target", ["linear", "mlp", "cnn"])
def test_labels_are_the_targets_largest_output_by_the_margin(target):
    settings = with_(target=target)
    for split in gaussian.draw(settings).splits.values():
        F = outputs(settings, split.x.astype(float))
        assert (F.argmax(axis=1) == split.label).all()
        top = np.sort(F, axis=1)
        assert (top[:, -1] - top[:, -2]).min() >= 0.5 - 1e-4  # inputs are kept in single precision
        assert np.bincount(split.label, minlength=4).min() > 0


def test_without_a_margin_inputs_are_normal_and_classes_about_as_frequent():
    train = gaussian.draw(with_(margin=0.0, target="linear")).splits["train"]
    assert train.x.shape == (3000, 2, 4, 5) and train.x.dtype == np.float32
    flat = train.x.reshape(3000, -1)
    assert abs(flat.mean()) < 4 / np.sqrt(flat.size)
    assert np.abs(np.cov(flat.T) - np.eye(40)).max() < 0.15
    # Outputs of a linear target are normal, but not independent of one another.
    assert np.bincount(train.label).min() > 3000 / 4 * 0.6


def test_a_mixture_has_its_means():
    settings = with_(inputs="mixture", margin=0.0)
    x = gaussian.draw(settings).splits["train"].x.reshape(3000, -1)
    rng = np.random.default_rng(np.random.SeedSequence(settings.seed).spawn(6)[0])
    means = 4.0 * rng.standard_normal((3, 40))
    distance = np.linalg.norm(x[:, None] - means, axis=2)
    nearest = distance.argmin(axis=1)
    assert np.bincount(nearest, minlength=3).min() > 850  # of 1000 expected
    residual = x - means[nearest]
    assert residual.std() == pytest.approx(1, abs=0.01)


def test_the_convolutional_target_is_a_convolution():
    settings = with_(target="cnn")
    rng = np.random.default_rng(0)
    x = np.random.default_rng(1).standard_normal((3, 2, 4, 5))
    filters = rng.standard_normal((18, 6))
    second = rng.standard_normal((4 * 5 * 6, 4))
    kernel = torch.from_numpy(filters.T.reshape(6, 2, 3, 3))
    hidden = torch.relu(torch.nn.functional.conv2d(torch.from_numpy(x), kernel, padding=1))
    expected = hidden.permute(0, 2, 3, 1).flatten(1) @ torch.from_numpy(second)
    found = gaussian.target(settings, np.random.default_rng(0))(x)
    np.testing.assert_allclose(found, expected.numpy())


def test_a_larger_split_leaves_the_others_as_they_were():
    one, other = (gaussian.draw(with_(test_samples=n)).splits for n in (700, 900))
    assert (one["train"].x == other["train"].x).all()
    assert (one["test"].x == other["test"].x[:700]).all()
    assert (one["train"].x[:50] != one["validation"].x).any()


def test_a_margin_that_nothing_has_is_named(monkeypatch):
    monkeypatch.setattr(gaussian, "PATIENCE", 3)
    with pytest.raises(ValueError, match=r"dataset\.margin is 50"):
        gaussian.draw(with_(margin=50.0))
