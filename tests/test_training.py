"""Training: the step, when it stops, and that nothing but the seed decides what a seed learns."""

import errno
import logging
import math
import os
import signal

import numpy as np
import pytest
import torch

from multiview import config, objectives
from multiview.data import multi_view
from multiview.networks import two_layer
from multiview.training import chunk, full_batch, step_rule


@pytest.fixture(scope="module")
def threads():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def data(study, threads):
    dataset = multi_view.draw(study.dataset)
    train = dataset.splits["train"]
    kinds = torch.from_numpy(train.kind == "multi-view")
    return {
        "x": torch.from_numpy(train.x),
        "label": torch.from_numpy(train.label),
        "kinds": torch.stack([kinds, ~kinds]),
        "views": torch.from_numpy(dataset.tables["views"]["v"]).float(),
        "classes": study.dataset.classes,
    }


@pytest.fixture
def settings(study):
    return study.training.model_copy(update={"max_steps": 600})


def fit(seeds, data, study, settings, seconds=20, **more):
    machine = config.Machine(accelerator="cpu", checkpoint_seconds=seconds)
    return full_batch.train(seeds, **data, network=study.network, settings=settings, machine=machine, **more)


def same(one, other):
    """Whether two runs are the same to the bit, with all that was recorded of them."""
    a, b = one.state(), other.state()
    tensors = [k for k in a if isinstance(a[k], torch.Tensor)]
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) if k in tensors else a[k] == b[k] for k in a)


def test_training_ends_at_full_accuracy_and_the_loss_threshold(data, study, settings):
    (run,) = fit([0], data, study, settings.model_copy(update={"record_every": 1}))
    assert run.converged
    assert run.accuracy == 1.0
    assert run.loss <= settings.loss_threshold
    assert len(run.history) == len(run.step_sizes) == len(run.phi) == run.step + 1
    assert run.recorded == list(range(run.step + 1))
    assert run.step_sizes[-1] == 0
    before = run.history[-2]
    mean = before[:, 0] @ data["kinds"].float().mean(dim=1)
    assert mean > settings.loss_threshold or before[:, 1].min() < 1


@pytest.mark.parametrize("stacked", [False, True])
def test_of_most_steps_nothing_is_recorded_and_nothing_else_changes(data, study, settings, stacked):
    every, some = (
        fit([0, 1], data, study, settings.model_copy(update={"record_every": number}), stacked=stacked)
        for number in (1, 50)
    )
    for one, other in zip(every, some, strict=True):
        ends = (other.step, other.loss, other.accuracy, other.converged)
        assert ends == (one.step, one.loss, one.accuracy, one.converged)
        assert torch.equal(other.network.weight, one.network.weight)
        assert other.recorded == sorted({*range(20), *range(0, one.step, 50), one.step})
        for name in ("history", "phi", "step_sizes"):
            values, of_all = (np.array(getattr(run, name)) for run in (other, one))
            np.testing.assert_array_equal(values, of_all[other.recorded])


@pytest.mark.parametrize("stacked", [False, True])
def test_a_loss_that_is_not_finite_is_noticed_at_once(data, study, settings, monkeypatch, stacked):
    """Also at a step that is not recorded, of which the loss is not computed."""
    gradient, calls = two_layer.TwoLayerNetwork.gradient, iter(range(10**6))

    def broken(self, *arguments):
        logits = gradient(self, *arguments)
        return logits.fill_(math.nan) if next(calls) == 27 else logits

    monkeypatch.setattr(two_layer.TwoLayerNetwork, "gradient", broken)
    with pytest.raises(FloatingPointError, match="the loss is nan at step 27"):
        fit([0], data, study, settings.model_copy(update={"record_every": 50}), stacked=stacked)


def test_a_network_that_has_fitted_is_looked_at_in_full_where_it_is_recorded(data, study, settings, monkeypatch):
    settings = settings.model_copy(update={"record_every": 50})
    (whole,) = fit([0], data, study, settings)
    look, looks = chunk.look, []
    monkeypatch.setattr(chunk, "look", lambda *a: (looks.append(int(a[4])), look(*a))[1])
    (run,) = fit([0], data, study, settings)
    assert same(run, whole) and run.converged and looks == run.recorded


@pytest.mark.parametrize("size", [4, 10])
def test_a_seed_learns_the_same_alone_and_in_a_chunk(data, study, settings, size):
    settings = settings.model_copy(update={"max_steps": 60})
    alone = {seed: fit([seed], data, study, settings)[0] for seed in (0, 2)}
    chunk = {run.seed: run for run in fit(list(range(size))[::-1], data, study, settings)}
    for seed, run in alone.items():
        assert same(run, chunk[seed])
    assert not torch.equal(chunk[0].network.weight, chunk[1].network.weight)


@pytest.mark.parametrize("step_rule", ["adaptive", "fixed"])
def test_an_interrupted_seed_ends_as_if_it_had_not_been(data, study, settings, tmp_path, monkeypatch, step_rule):
    settings = settings.model_copy(update={"step_rule": step_rule, "step_size": 2.0, "max_steps": 60})
    undisturbed = fit([0, 1], data, study, settings)
    step = chunk.ChunkTraining.step
    steps = iter(range(10**6))

    def killed(self):
        if next(steps) in (17, 40):
            raise RuntimeError("killed")
        return step(self)

    monkeypatch.setattr(chunk.ChunkTraining, "step", killed)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="killed"):
            fit([0, 1], data, study, settings, seconds=1e-9, checkpoints=tmp_path)
    resumed = fit([0, 1], data, study, settings, seconds=1e-9, checkpoints=tmp_path)
    assert all(same(a, b) for a, b in zip(undisturbed, resumed, strict=True))


def test_a_job_that_is_told_to_end_saves_the_step_it_is_at(data, study, settings, tmp_path, monkeypatch):
    (whole,) = fit([0], data, study, settings)
    move, calls = full_batch.SeedRun.move, []

    def told_to_end(self, *step):
        calls.append(self.seed)
        if len(calls) == 20:
            os.kill(os.getpid(), signal.SIGTERM)
        move(self, *step)

    monkeypatch.setattr(full_batch.SeedRun, "move", told_to_end)
    with pytest.raises(InterruptedError, match="SIGTERM at step 20"):
        fit([0], data, study, settings, seconds=1000, checkpoints=tmp_path)
    (run,) = fit([0], data, study, settings, seconds=1000, checkpoints=tmp_path)
    assert len(calls) == whole.step  # it did not begin anew
    assert same(run, whole)


def test_a_finished_seed_is_not_trained_again_in_another_chunk(data, study, settings, tmp_path, caplog):
    (first,) = fit([1], data, study, settings, checkpoints=tmp_path)
    with caplog.at_level(logging.INFO):
        both = fit([0, 1], data, study, settings, seconds=1e-9, checkpoints=tmp_path)
    assert same(first, both[1])
    assert "seed 1 is taken up" in caplog.text
    assert "finished" in caplog.text
    assert "seed 0 is taken up" not in caplog.text


def test_a_damaged_checkpoint_costs_its_seed_only(data, study, settings, tmp_path, caplog):
    fresh = fit([0, 1], data, study, settings, seconds=1e-9, checkpoints=tmp_path)
    path = tmp_path / "seed_0.pt"
    path.write_bytes(path.read_bytes()[:1000])
    again = fit([0, 1], data, study, settings, seconds=1e-9, checkpoints=tmp_path)
    assert "seed_0.pt cannot be read" in caplog.text
    assert all(same(a, b) for a, b in zip(fresh, again, strict=True))


def test_a_checkpoint_that_lacks_something_changes_nothing(data, study, settings, tmp_path, caplog):
    (fresh,) = fit([0], data, study, settings, seconds=1000, checkpoints=tmp_path)
    path = tmp_path / "seed_0.pt"
    state = torch.load(path, weights_only=True)
    for broken in (
        {name: state[name] for name in state if name != "ending"},
        state | {"weight": torch.zeros(3, 4)},
    ):
        torch.save(broken, path)
        caplog.clear()
        (again,) = fit([0], data, study, settings, seconds=1000, checkpoints=tmp_path)
        assert "seed_0.pt cannot be read" in caplog.text
        assert same(fresh, again)


def test_the_step_limit_gives_a_warning_and_is_recorded(data, study, settings, caplog):
    (run,) = fit([0], data, study, settings.model_copy(update={"max_steps": 5}))
    assert (run.step, run.finished, run.converged) == (5, True, False)
    assert "seed 0: stopped at max_steps = 5" in caplog.text


def test_a_step_that_is_far_too_large_is_an_error_that_names_its_key(data, study, settings):
    settings = settings.model_copy(update={"step_rule": "fixed", "step_size": 1e38})
    study = study.model_copy(update={"network": study.network.model_copy(update={"init_std": 1.0})})
    with pytest.raises(FloatingPointError, match=r"seed 0.*training\.step_size"):
        fit([0], data, study, settings)


def test_fixed_rule_is_plain_gradient_descent(data, study, settings):
    settings = settings.model_copy(update={"step_rule": "fixed", "step_size": 0.7, "max_steps": 3})
    (run,) = fit([4], data, study, settings)
    law = {"q": study.network.q, "rho": study.network.rho, "init_std": study.network.init_std}
    network = two_layer.TwoLayerNetwork(4, 64, study.network.neurons, **law, seed=4)
    for _ in range(3):
        loss = torch.nn.functional.cross_entropy(network(data["x"]), data["label"].long())
        gradient = torch.autograd.grad(loss, network.weight)[0]
        network.weight.data -= 0.7 * gradient
    torch.testing.assert_close(run.network.weight.data, network.weight.data, rtol=1e-4, atol=1e-7)
    assert run.step_sizes == pytest.approx([0.7, 0.7, 0.7, 0.0])


def take_step(weight, gradient, **bounds):
    parameter = torch.nn.Parameter(torch.tensor(weight))
    parameter.grad = torch.tensor(gradient)
    return step_rule.descend(parameter, config.Training(**bounds)), parameter.detach()


BOUNDS = {"step_size": 100.0, "relative_change": 0.1, "max_change": 0.5}


def test_adaptive_step_by_hand():
    # Row 0 lies along its gradient: size 2, may move by 0.2, |g| = 1: eta 0.2. Row 1 has size max(0, 5/sqrt 2):
    # may move by 0.3536, |g| = 0.5: eta 0.707. The smaller one is taken, for both.
    eta, weight = take_step([[2.0, 0.0], [0.0, 5.0]], [[1.0, 0.0], [0.5, 0.0]], **BOUNDS)
    assert eta == pytest.approx(0.2)
    torch.testing.assert_close(weight, torch.tensor([[1.8, 0.0], [-0.1, 5.0]]))


def test_adaptive_step_keeps_to_the_largest_change_and_the_largest_step():
    assert take_step([[50.0, 0.0]], [[1.0, 0.0]], **BOUNDS)[0] == pytest.approx(0.5)
    assert take_step([[50.0, 0.0]], [[1e-9, 0.0]], **BOUNDS)[0] == 100.0


def race(relative_change):
    """Two neurons that grow as dw/dt = w^3 from 1 and 0.99: the loser when the winner is at 16."""
    weight = torch.nn.Parameter(torch.tensor([[1.0], [0.99]], dtype=torch.float64))
    settings = config.Training(step_size=1e9, relative_change=relative_change, max_change=1e9)
    while weight.detach()[0] < 16:
        weight.grad = -(weight.detach() ** 3)
        step_rule.descend(weight, settings)
    return float(weight.detach()[1])


def test_long_steps_favour_the_loser_of_a_race():
    # With infinitely short steps 1 / loser^2 - 1 / winner^2 stays what it was: the loser is at 6.4.
    flow = (1 / 16**2 + 1 / 0.99**2 - 1) ** -0.5
    losers = [race(change) for change in (0.2, 0.1, 0.05, 0.001)]
    assert losers == sorted(losers, reverse=True)
    assert losers[0] > 1.3 * flow
    assert losers[-1] == pytest.approx(flow, rel=0.02)


def test_adaptive_step_with_no_gradient_at_all_is_the_largest_one():
    eta, weight = take_step([[1.0, 2.0]], [[0.0, 0.0]], **BOUNDS)
    assert eta == 100.0
    assert weight.tolist() == [[1.0, 2.0]]


def test_adaptive_step_does_not_change_when_features_are_rotated():
    generator = torch.Generator().manual_seed(0)
    weight, gradient = torch.randn(2, 6, 9, generator=generator).double()
    rotation = torch.linalg.qr(torch.randn(9, 9, generator=generator).double())[0]
    one = take_step(weight.tolist(), gradient.tolist(), **BOUNDS)[0]
    other = take_step((weight @ rotation).tolist(), (gradient @ rotation).tolist(), **BOUNDS)[0]
    assert math.isclose(one, other, rel_tol=1e-5)


def test_history_is_the_loss_of_each_kind(data, study, settings):
    (run,) = fit([0], data, study, settings.model_copy(update={"max_steps": 1}))
    # At the first step all logits are close to 0: the loss of either kind is ln k.
    torch.testing.assert_close(run.history[0][:, 0], torch.full((2,), math.log(4)), atol=1e-3, rtol=0)
    assert run.history[0][:, 1].min() >= 0


def test_start_is_lambda_of_the_initial_weights(data, study, settings):
    (run,) = fit([3], data, study, settings.model_copy(update={"max_steps": 2}))
    law = {"q": study.network.q, "rho": study.network.rho, "init_std": study.network.init_std}
    network = two_layer.TwoLayerNetwork(4, 64, study.network.neurons, **law, seed=3)
    expected = (network.weight.detach() @ data["views"].T).clamp(min=0).unflatten(0, (4, -1)).amax(dim=1)
    for label in range(4):
        torch.testing.assert_close(run.start[label], expected[label, 2 * label : 2 * label + 2])


def test_the_number_of_threads_changes_no_winner(data, study, settings):
    one = fit([0, 1, 2], data, study, settings)
    torch.set_num_threads(2)
    two = fit([0, 1, 2], data, study, settings)
    torch.set_num_threads(1)
    for a, b in zip(one, two, strict=True):
        assert torch.equal(a.phi[-1].argmax(dim=1), b.phi[-1].argmax(dim=1))
        wrong = [r.network.logits(data["x"]).argmax(dim=1) != data["label"] for r in (a, b)]
        assert abs(wrong[0].float().mean() - wrong[1].float().mean()) <= 0.002


@pytest.fixture
def taught(data, study, settings):
    """Two students with a teacher each, and the weights that they start from."""
    first = fit([0, 1, 2, 3], data, study, settings)
    teachers = {seed: first[seed + 2].network.logits(data["x"]) for seed in (0, 1)}
    starts = {seed: first[seed].network.weight.detach().clone() for seed in (0, 1)}
    objective = objectives.from_config(study.distillation.objective)
    return {"objective": objective, "teachers": teachers, "starts": starts}


def test_a_student_starts_where_it_is_told_and_takes_all_its_steps(data, study, settings, taught):
    settings = settings.model_copy(update={"loss_threshold": None, "max_steps": 7})
    for run in fit([0, 1], data, study, settings, **taught):
        assert run.step == 7
        assert run.finished
        expected = two_layer.view_strengths(taught["starts"][run.seed], data["views"], 4)[0]
        torch.testing.assert_close(run.phi[0], expected)
        assert not torch.equal(run.network.weight.data, taught["starts"][run.seed])
    scratch = taught | {"starts": None}
    run = fit([0], data, study, settings, **scratch)[0]
    assert run.phi[0].max() < 0.1


def test_a_student_learns_the_same_alone_and_beside_another(data, study, settings, taught):
    settings = settings.model_copy(update={"loss_threshold": None, "max_steps": 20})
    both = fit([1, 0], data, study, settings, **taught)
    for run in both:
        assert same(run, fit([run.seed], data, study, settings, **taught)[0])


def test_a_checkpoint_is_not_taken_up_under_another_teacher(data, study, settings, taught, tmp_path, caplog):
    settings = settings.model_copy(update={"loss_threshold": None, "max_steps": 5})
    one = fit([0], data, study, settings, checkpoints=tmp_path, **taught)[0]
    other = taught | {"teachers": {0: taught["teachers"][1]}}
    with caplog.at_level(logging.INFO):
        changed = fit([0], data, study, settings, checkpoints=tmp_path, **other)[0]
        assert "taken up" not in caplog.text
        again = fit([0], data, study, settings, checkpoints=tmp_path, **taught)[0]
    assert "seed 0 is taken up" in caplog.text
    assert same(one, again)
    assert not same(one, changed)


def test_a_student_comes_closer_to_its_teacher(data, study, settings, taught):
    settings = settings.model_copy(update={"loss_threshold": None, "max_steps": 30, "relative_change": 0.05})
    for run in fit([0, 1], data, study, settings, **taught):
        share = data["kinds"].float().mean(dim=1)
        assert run.history[-1][:, 0] @ share < run.history[0][:, 0] @ share


def test_training_that_cannot_move_ends_with_an_error_that_names_the_key(data, study, settings):
    frozen = study.network.model_copy(update={"regime": "linearised"})  # what is trained starts at 0
    with pytest.raises(
        FloatingPointError, match=r"seed 0: the step from step 0 is 0.*training.step_rule 'adaptive'"
    ):
        full_batch.train([0], **data, network=frozen, settings=settings)


@pytest.mark.parametrize("code", [errno.EIO, errno.ESTALE])
def test_a_file_system_that_fails_costs_no_checkpoint(data, study, settings, tmp_path, monkeypatch, code):
    whole = fit([0], data, study, settings, seconds=1000, checkpoints=tmp_path)[0]
    (path,) = tmp_path.iterdir()
    before = path.read_bytes()

    def fails(*_, **__):
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr("builtins.open", fails)
        patch.setattr("io.open", fails)
        with pytest.raises(OSError, match=os.strerror(code)):
            fit([0], data, study, settings, seconds=1000, checkpoints=tmp_path)
    assert path.read_bytes() == before
    assert same(fit([0], data, study, settings, seconds=1000, checkpoints=tmp_path)[0], whole)


@pytest.mark.parametrize(("block", "members", "size"), [(8, 3, 3), (8, 1, 8), (0, 3, 0)])
def test_an_average_is_trained_in_blocks_as_large_as_one_network_s(data, study, settings, block, members, size):
    machine = config.Machine(accelerator="cpu", block_samples=block)
    short = settings.model_copy(update={"max_steps": 1})
    (run,) = full_batch.train([0], **data, network=study.network, settings=short, machine=machine, members=members)
    assert run.network._last.size == size
