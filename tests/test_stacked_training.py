"""All seeds of a chunk in one product: the training of each by itself, without asking the device in a step."""

import numpy as np
import pytest
import torch
from test_training import data, fit, same, settings, threads  # noqa: F401 -- fixtures

from multiview import objectives
from multiview.networks.two_layer import StackedNetworks, TwoLayerNetwork
from multiview.training import chunk


def networks(number, members=1):
    shape = {"classes": 3, "dim": 8, "neurons": 2, "q": 4, "rho": 0.7, "init_std": 0.5}
    return [TwoLayerNetwork(**shape, seed=seed, members=members) for seed in range(number)]


@pytest.mark.parametrize("block", [0, 4])
@pytest.mark.parametrize("members", [1, 2])
@pytest.mark.parametrize("objective", [objectives.CrossEntropy(), objectives.Hinton(0.7, 3.0, 1.5)])
def test_stacked_networks_have_the_gradient_of_each(block, members, objective):
    generator = torch.Generator().manual_seed(0)
    x, label = torch.randn(10, 5, 8, generator=generator), torch.arange(10) % 3
    teachers = torch.randn(4, 10, 3, generator=generator)
    alone = networks(4, members)
    stacked = StackedNetworks(alone)
    logits = stacked.gradient(x, label, block, objective, teachers)
    values = stacked.values(logits, label, objective, teachers)
    for i, network in enumerate(alone):
        own_logits = network.gradient(x, label, block, objective, teachers[i])
        own_values = network.values(own_logits, label, objective, teachers[i])
        torch.testing.assert_close(logits[i], own_logits)
        torch.testing.assert_close(values[i], own_values)
        torch.testing.assert_close(stacked.weight.grad[i], network.weight.grad)


def close(one, other):
    """The same training to rounding."""
    assert (one.seed, one.converged, one.finished) == (other.seed, other.converged, other.finished)
    assert one.step == other.step and one.recorded == other.recorded
    assert len(one.history) == len(other.history) == len(one.step_sizes) == len(one.phi)
    np.testing.assert_allclose(one.step_sizes, other.step_sizes, rtol=1e-3)
    torch.testing.assert_close(one.network.weight, other.network.weight, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(torch.stack(one.history), torch.stack(other.history), rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(torch.stack(one.phi), torch.stack(other.phi), rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(one.start, other.start)


@pytest.mark.parametrize("step_rule", ["adaptive", "fixed"])
def test_a_stacked_chunk_trains_as_each_seed_does_alone(data, study, settings, step_rule):  # noqa: F811
    settings = settings.model_copy(update={"step_rule": step_rule, "step_size": 2.0, "max_steps": 60})
    alone, together = fit([0, 1, 2], data, study, settings), fit([0, 1, 2], data, study, settings, stacked=True)
    for one, other in zip(alone, together, strict=True):
        close(one, other)


@pytest.mark.parametrize(("margin", "ends"), [(0.0, True), (1e9, False)])
def test_stacked_students_end_at_the_union_as_each_does_alone(data, study, settings, margin, ends):  # noqa: F811
    generator = torch.Generator().manual_seed(1)
    shape = len(data["x"]), data["classes"]
    # The teachers show little, and other classes than their students' own logits: students soon show more of it.
    even = torch.arange(shape[1]) % 2 == 0
    teachers, own = (
        dict(enumerate(size * mask * torch.rand(2, *shape, generator=generator)))
        for size, mask in ((0.01, even), (50.0, ~even))
    )
    label = data["label"].long()
    unions = {seed: objectives.Union(teachers[seed], own[seed], label, 0.5, margin) for seed in (0, 1)}
    given = {"objective": objectives.Hinton(0.9, 4.0, 1.0), "teachers": teachers, "unions": unions}
    settings = settings.model_copy(update={"loss_threshold": None, "max_steps": 60})
    alone, together = (fit([0, 1], data, study, settings, stacked=stacked, **given) for stacked in (False, True))
    assert [run.step < 60 for run in alone] == [ends, ends]
    for one, other in zip(alone, together, strict=True):
        close(one, other)


def test_seeds_end_at_steps_of_their_own(data, study, settings):  # noqa: F811
    settings = settings.model_copy(update={"loss_threshold": 0.02})
    together = fit([0, 1, 2], data, study, settings, stacked=True)
    ends = [run.step for run in together]
    assert len(set(ends)) > 1 and all(run.converged for run in together)
    assert all(run.step_sizes[-1] == 0 and min(run.step_sizes[:-1]) > 0 for run in together)


@pytest.mark.parametrize("lost", [0, 1])
def test_a_seed_whose_checkpoint_is_lost_has_its_tickets(data, study, settings, tmp_path, lost):  # noqa: F811
    settings = settings.model_copy(update={"max_steps": 10})
    whole = fit([0, 1], data, study, settings, seconds=1e-9, checkpoints=tmp_path, stacked=True)
    (tmp_path / f"seed_{lost}.pt").unlink()
    resumed = fit([0, 1], data, study, settings, seconds=1e-9, checkpoints=tmp_path, stacked=True)
    for one, other in zip(whole, resumed, strict=True):
        torch.testing.assert_close(one.start, other.start)


def test_an_interrupted_stack_ends_as_if_it_had_not_been(data, study, settings, tmp_path, monkeypatch):  # noqa: F811
    settings = settings.model_copy(update={"max_steps": 60})
    whole = fit([0, 1], data, study, settings, stacked=True)
    step, steps = chunk.StackedTraining.step, iter(range(10**6))

    def killed(self):
        if next(steps) == 40:
            raise RuntimeError("killed")
        return step(self)

    monkeypatch.setattr(chunk.StackedTraining, "step", killed)
    with pytest.raises(RuntimeError, match="killed"):
        fit([0, 1], data, study, settings, seconds=1e-9, checkpoints=tmp_path, stacked=True)
    resumed = fit([0, 1], data, study, settings, seconds=1e-9, checkpoints=tmp_path, stacked=True)
    assert 0 < next(steps) - 41 < 60  # it did not begin anew
    assert all(same(a, b) for a, b in zip(whole, resumed, strict=True))


def test_a_step_asks_the_device_for_nothing(data, study, settings, monkeypatch):  # noqa: F811
    settings = settings.model_copy(update={"max_steps": 60})
    step = chunk.StackedTraining.step
    catch_up = chunk.StackedTraining.catch_up
    asked, looking = [], []

    def watched(self):
        with monkeypatch.context() as patch:
            for name in ("item", "tolist", "cpu", "numpy", "__float__", "__bool__", "__int__", "__index__"):
                method = getattr(torch.Tensor, name)
                patch.setattr(
                    torch.Tensor,
                    name,
                    lambda *a, method=method, name=name, **k: (looking or asked.append(name), method(*a, **k))[1],
                )
            return step(self)

    def looked(self):
        looking.append(1)
        catch_up(self)
        looking.clear()

    monkeypatch.setattr(chunk.StackedTraining, "step", watched)
    monkeypatch.setattr(chunk.StackedTraining, "catch_up", looked)
    fit([0, 1], data, study, settings, stacked=True)
    assert asked == []


def test_a_loss_that_is_not_finite_names_the_seed_and_the_key(data, study, settings):  # noqa: F811
    settings = settings.model_copy(update={"step_rule": "fixed", "step_size": 1e38})
    study = study.model_copy(update={"network": study.network.model_copy(update={"init_std": 1.0})})
    with pytest.raises(FloatingPointError, match=r"seed \d: the loss is (nan|inf) at step \d+; training"):
        fit([0, 1], data, study, settings, stacked=True)
