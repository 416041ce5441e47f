"""What only a machine with a GPU can tell: training there against that on a CPU, and against itself."""

import contextlib

import numpy as np
import pytest
import torch
from test_image_training import IMAGES, LABEL, fresh, machine, settings
from test_side_by_side import EVERY, HINTON, SEEDS, labels, same_up_to_rounding
from test_stacked_training import close
from test_training import data, same, threads  # noqa: F401 -- fixtures

from multiview import config, objectives
from multiview.networks.registry import Forwarded, logits_of
from multiview.runtime import devices
from multiview.training import chunk, full_batch, minibatch, side_by_side
from multiview.training.minibatch import ImageTask

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")


@pytest.fixture(autouse=True)
def full_precision(monkeypatch):
    """Convolutions in float32, as a CPU has them, not in TF32."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    yield
    torch.use_deterministic_algorithms(False)  # which Lightning leaves behind


@contextlib.contextmanager
def no_waiting():
    """Where the host waits for the GPU, that is an error."""
    torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


def images(accelerator, together=False, networks=1, settings_=None, checkpoint=None, teachers=None, **given):
    """Networks for images, trained side by side or one after the other."""
    runs = [fresh(seed, networks) for seed in SEEDS]
    how = settings_ or settings(), machine(accelerator=accelerator)
    if together:
        side_by_side.train(runs, IMAGES, LABEL, *how, checkpoint=checkpoint, teachers=teachers, **given)
        return runs
    for i, run in enumerate(runs):
        own = None if checkpoint is None else checkpoint / f"{i}.pt"
        teacher = None if teachers is None else teachers[i]
        one = how[1].model_copy(update={"compile": False})
        minibatch.train(run, IMAGES, LABEL, how[0], one, checkpoint=own, teacher=teacher, **given)
    return runs


def equal(some, others):
    """The same to the bit."""
    for one, other in zip(some, others, strict=True):
        assert one.history == other.history
        states = zip(one.network.state_dict().values(), other.network.state_dict().values(), strict=True)
        assert all(torch.equal(ours, theirs) for ours, theirs in states)


def taught(how):
    """What students are given, by the name of how they are taught."""
    stored = [labels(seed)[0] for seed in (11, 12, 13)]
    asked = [Forwarded([labels(seed)[1]]) for seed in (11, 12, 13)]
    several = Forwarded([labels(seed)[1] for seed in (11, 12)])
    teachers = {"stored": stored, "stored, one": stored[:1] * 3, "asked": asked, "asked, one": [several] * 3}
    return {} if how == "not" else {"objective": HINTON, "copies": EVERY, "teachers": teachers[how]}


def one_epoch():
    """After more, rounding alone exceeds the bound: a change of weights by 6e-8 grows to 2e-3 in four epochs."""
    return settings().model_copy(update={"epochs": 1})


@pytest.mark.parametrize("how", ["not", "stored", "stored, one", "asked", "asked, one"])
@pytest.mark.parametrize("together", [True, False])
def test_networks_for_images_learn_what_they_learn_on_a_cpu(together, how):
    on_gpu = images("gpu", together, settings_=one_epoch(), **taught(how))
    same_up_to_rounding(on_gpu, images("cpu", settings_=one_epoch(), **taught(how)))


@pytest.mark.parametrize("together", [True, False])
def test_averages_of_networks_learn_what_they_learn_on_a_cpu(together):
    on_gpu = images("gpu", together, networks=2, settings_=one_epoch())
    same_up_to_rounding(on_gpu, images("cpu", networks=2, settings_=one_epoch()))


@pytest.mark.parametrize("how", ["not", "asked, one"])
@pytest.mark.parametrize("together", [True, False])
def test_networks_for_images_are_the_same_every_time(together, how):
    equal(images("gpu", together, **taught(how)), images("gpu", together, **taught(how)))


@pytest.mark.parametrize("epoch", [1, 3])
def test_an_interrupted_chunk_ends_the_same_to_the_bit(tmp_path, monkeypatch, epoch):
    undisturbed = images("gpu", together=True)
    whole = side_by_side.SideBySide.train_epoch

    def interrupted(self, now, *rest):
        if now == epoch:
            raise InterruptedError
        whole(self, now, *rest)

    with monkeypatch.context() as patch, pytest.raises(InterruptedError):
        patch.setattr(side_by_side.SideBySide, "train_epoch", interrupted)
        images("gpu", together=True, checkpoint=tmp_path / "chunk.pt")
    equal(images("gpu", together=True, checkpoint=tmp_path / "chunk.pt"), undisturbed)


def test_an_interrupted_network_ends_the_same_to_the_bit(tmp_path, monkeypatch):
    undisturbed = images("gpu")
    begin = ImageTask.on_train_epoch_start

    def interrupted(self):
        if self.current_epoch == 2:
            raise InterruptedError
        begin(self)

    with monkeypatch.context() as patch, pytest.raises(InterruptedError):
        patch.setattr(ImageTask, "on_train_epoch_start", interrupted)
        images("gpu", checkpoint=tmp_path)
    equal(images("gpu", checkpoint=tmp_path), undisturbed)


@pytest.mark.parametrize("precision", ["bf16-mixed", "16-mixed"])
def test_networks_learn_in_mixed_precision(precision):
    mixed = images("gpu", settings_=settings(precision=precision))
    for one, other in zip(mixed, images("cpu"), strict=True):
        assert np.allclose(np.array(one.history)[:, 2], np.array(other.history)[:, 2], rtol=0.1, atol=0.05)


def test_a_compiled_network_learns_what_it_learns_as_it_is():
    if (refused := devices.cannot_compile("cuda")) is not None:
        pytest.skip(refused)
    run = fresh(SEEDS[0])
    minibatch.train(run, IMAGES, LABEL, settings(), machine(accelerator="gpu", compile=True))
    same_up_to_rounding([run], images("gpu")[:1])


def test_a_step_of_a_chunk_does_not_wait_for_the_gpu(monkeypatch):
    step = side_by_side.SideBySide._step

    def watched(self, *batch):
        with no_waiting():
            step(self, *batch)

    monkeypatch.setattr(side_by_side.SideBySide, "_step", watched)
    for how in ("not", "stored", "asked"):
        images("gpu", together=True, **taught(how))


def test_a_step_of_a_network_does_not_wait_for_the_gpu(monkeypatch):
    step, seen = ImageTask.training_step, []

    def watched(self, batch, batch_idx):
        if batch_idx == 0:  # draws its seed
            return step(self, batch, batch_idx)
        with no_waiting():
            seen.append(batch_idx)
            return step(self, batch, batch_idx)

    monkeypatch.setattr(ImageTask, "training_step", watched)
    for how in ("not", "stored", "asked"):
        images("gpu", **taught(how))
    assert seen


def test_logits_are_those_of_a_cpu():
    network = fresh().network
    assert np.allclose(logits_of(network, IMAGES, "gpu"), logits_of(network, IMAGES, "cpu"), rtol=1e-4, atol=1e-4)


def vectors(seeds, data, study, settings, accelerator, regime="learned", **more):  # noqa: F811
    """Two-layer networks."""
    network = study.network.model_copy(update={"regime": regime})
    how = config.Machine(accelerator=accelerator, block_samples=0, checkpoint_seconds=1e-9)
    more |= {"network": network, "settings": settings, "stacked": accelerator == "gpu" and regime == "learned"}
    return full_batch.train(seeds, **data, machine=how, **more)


def short(study, **changes):
    """A training of some steps, which ends before rounding has grown."""
    return study.training.model_copy(update={"max_steps": 60} | changes)


@pytest.mark.parametrize("step_rule", ["adaptive", "fixed"])
def test_two_layer_networks_learn_what_they_learn_on_a_cpu(data, study, step_rule):  # noqa: F811
    # With larger steps of a fixed size networks are thrown about, and rounding with them.
    how = short(study, step_rule=step_rule, step_size=2.0 if step_rule == "fixed" else study.training.step_size)
    there, here = (vectors([0, 1, 2], data, study, how, one) for one in ("gpu", "cpu"))
    for one, other in zip(there, here, strict=True):
        close(one, other)


@pytest.mark.parametrize("regime", ["linearised", "random_features"])
def test_two_layer_networks_that_learn_no_features_do_so_too(data, study, regime):  # noqa: F811
    changes = {"step_rule": "fixed", "step_size": 0.01, "max_steps": 30}
    there, here = (vectors([0, 1], data, study, short(study, **changes), one, regime) for one in ("gpu", "cpu"))
    for one, other in zip(there, here, strict=True):
        close(one, other)


def test_students_of_two_layer_networks_learn_what_they_learn_on_a_cpu(data, study):  # noqa: F811
    generator = torch.Generator().manual_seed(0)
    shape = len(data["x"]), data["classes"]
    teachers, own = (dict(enumerate(torch.randn(2, *shape, generator=generator))) for _ in range(2))
    label = data["label"].long()
    unions = {seed: objectives.Union(teachers[seed], own[seed], label, 1.0, 0.0) for seed in (0, 1)}
    given = {"objective": HINTON, "teachers": teachers, "unions": unions}
    there, here = (vectors([0, 1], data, study, short(study), one, **given) for one in ("gpu", "cpu"))
    for one, other in zip(there, here, strict=True):
        close(one, other)


def test_two_layer_networks_are_the_same_every_time_and_after_an_interruption(data, study, tmp_path, monkeypatch):  # noqa: F811
    whole = vectors([0, 1], data, study, short(study), "gpu")
    assert all(map(same, whole, vectors([0, 1], data, study, short(study), "gpu")))
    step, steps = chunk.StackedTraining.step, iter(range(10**6))

    def killed(self):
        if next(steps) == 40:
            raise RuntimeError("killed")
        return step(self)

    with monkeypatch.context() as patch, pytest.raises(RuntimeError, match="killed"):
        patch.setattr(chunk.StackedTraining, "step", killed)
        vectors([0, 1], data, study, short(study), "gpu", checkpoints=tmp_path)
    resumed = vectors([0, 1], data, study, short(study), "gpu", checkpoints=tmp_path)
    assert all(map(same, whole, resumed))


def test_a_step_of_two_layer_networks_does_not_wait_for_the_gpu(data, study, monkeypatch):  # noqa: F811
    step, catch_up = chunk.StackedTraining.step, chunk.StackedTraining.catch_up
    before, looked = torch.cuda.get_sync_debug_mode(), []

    def watched(self):
        with no_waiting():
            return step(self)

    def looks(self):
        looked.append(len(self.noted))
        torch.cuda.set_sync_debug_mode(before)
        catch_up(self)

    monkeypatch.setattr(chunk.StackedTraining, "step", watched)
    monkeypatch.setattr(chunk.StackedTraining, "catch_up", looks)
    for rule in ("adaptive", "fixed"):
        vectors([0, 1], data, study, short(study, step_rule=rule), "gpu")
    assert max(looked) == chunk.EVERY
