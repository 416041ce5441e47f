"""Training on images: the schedule, the augmentation, the objectives' gradients, checkpoints."""

import copy
import errno
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch
from conftest import ROOT
from pydantic import TypeAdapter
from torch.nn import functional

from multiview import config, objectives
from multiview.data.augmentation import Copies, augment
from multiview.networks.registry import Forwarded, build, logits_of
from multiview.runtime import devices
from multiview.training import minibatch
from multiview.training.minibatch import Batches, ImageRun, ImageTask, train
from multiview.training.sgd import SGD, optimizer_and_schedule, precision

SETTINGS = {
    "epochs": 4,
    "batch_size": 16,
    "learning_rate": 0.1,
    "momentum": 0.9,
    "nesterov": True,
    "weight_decay": 5e-4,
    "milestones": [0.5, 0.75],
    "drop": 0.2,
    "augmentation": {"crop_padding": 1, "flip": True},
    "precision": "32-true",
}
NETWORK = TypeAdapter(config.ImageNetwork).validate_python({"kind": "wide_resnet", "depth": 10, "width": 1})
RNG = np.random.default_rng(0)
LABEL = torch.from_numpy(RNG.integers(3, size=50))
IMAGES = torch.from_numpy(RNG.integers(256, size=(50, 1, 6, 5)).astype(np.uint8))


def settings(**changes):
    return config.ImageTraining.model_validate(SETTINGS | changes)


def machine(**changes):
    return config.Machine.model_validate({"accelerator": "cpu", "checkpoint_seconds": 0} | changes)


def fresh(seed=0, networks=1):
    return ImageRun(seed, build(NETWORK, IMAGES, 3, seed, networks))


def trained(seed=0, checkpoint=None, networks=1, settings_=None, machine_=None, **more):
    run = fresh(seed, networks)
    train(run, IMAGES, LABEL, settings_ or settings(), machine_ or machine(), checkpoint=checkpoint, **more)
    return run


def same(one, other):
    states = one.network.state_dict(), other.network.state_dict()
    return all(torch.equal(value, states[1][name]) for name, value in states[0].items())


def test_training_is_sgd_as_published():
    # Against a loop written out with torch's own optimizer, cross-entropy and schedule.
    plain = settings(augmentation={"crop_padding": 0, "flip": False})
    run = trained(settings_=plain, machine_=machine(channels_last=False))
    network = fresh().network.train()
    optimizer = torch.optim.SGD(network.parameters(), 0.1, momentum=0.9, nesterov=True, weight_decay=5e-4)
    for epoch in range(4):
        optimizer.param_groups[0]["lr"] = 0.1 * 0.2 ** sum(epoch >= m for m in (2, 3))
        order = np.random.default_rng([0, epoch]).permutation(50)
        for start in range(0, 50, 16):
            part = order[start : start + 16]
            optimizer.zero_grad()
            functional.cross_entropy(network(IMAGES[part]), LABEL[part]).backward()
            optimizer.step()
    for name, value in run.network.state_dict().items():
        torch.testing.assert_close(value, network.state_dict()[name], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "changes",
    [{}, {"nesterov": False}, {"nesterov": False, "momentum": 0.0}, {"weight_decay": 0.0}, {"epochs": 2}],
)
def test_sgd_is_that_of_pytorch_to_the_bit(changes):
    chosen = settings(**{"milestones": [0.3, 0.5, 0.7]} | changes)  # of two epochs: all after the first
    ours, theirs = ([torch.randn(5, generator=torch.Generator().manual_seed(i)) for i in range(3)] for _ in "ab")
    own, (optimizer, schedule) = SGD(ours, chosen), optimizer_and_schedule(theirs, chosen)
    generator = torch.Generator().manual_seed(3)
    for epoch in range(chosen.epochs):
        for step in range(3):
            for i in range(3):
                gradient = torch.randn(5, generator=generator)
                # The second does not always have a gradient, and the third never has.
                used = i == 0 or (i == 1 and step > 0)
                ours[i].grad, theirs[i].grad = (gradient.clone() if used else None for _ in "ab")
            own.step()
            optimizer.step()
            assert all(map(torch.equal, ours, theirs)) and all(weight.grad is None for weight in ours)
        own.end_epoch(epoch)
        schedule.step()
        assert own.state["rate"] == optimizer.param_groups[0]["lr"]


def test_history_has_a_row_an_epoch():
    run = trained()
    steps, rates, losses, accuracies = zip(*run.history, strict=True)
    assert steps == (4, 8, 12, 16)
    np.testing.assert_allclose(rates, [0.1, 0.1, 0.02, 0.004])
    assert all(np.isfinite(losses)) and all(0 <= a <= 1 for a in accuracies)


def test_the_first_epoch_has_the_full_learning_rate():
    run = trained(settings_=settings(epochs=1, milestones=[0.3, 0.6]))
    assert [rate for _, rate, _, _ in run.history] == [0.1]


@pytest.mark.parametrize("epoch", [1, 2, 3])
def test_an_interrupted_seed_ends_the_same_to_the_bit(tmp_path, monkeypatch, epoch):
    whole = trained()
    save = ImageTask.on_train_epoch_end

    def killed(task):
        if task.current_epoch == epoch:
            raise KeyboardInterrupt
        save(task)

    monkeypatch.setattr(ImageTask, "on_train_epoch_end", killed)
    checkpoint = tmp_path / "seed_0.pt"
    with pytest.raises((KeyboardInterrupt, InterruptedError, SystemExit)):
        trained(checkpoint=checkpoint)
    monkeypatch.undo()
    assert torch.load(checkpoint, weights_only=True)["epoch"] is not None
    resumed = trained(checkpoint=checkpoint)
    assert same(whole, resumed)
    assert [row[:2] for row in whole.history] == [row[:2] for row in resumed.history]
    # Once finished it is taken up as it is.
    again = trained(checkpoint=checkpoint)
    assert same(whole, again) and again.history == resumed.history


def test_a_job_that_is_told_to_end_carries_on_from_its_last_epoch(tmp_path, monkeypatch):
    whole, path = trained(), tmp_path / "seed_0.pt"
    step, calls = ImageTask.training_step, []

    def told_to_end(self, batch, batch_idx):
        calls.append(self.current_epoch)
        if len(calls) == 10:  # in the middle of the third epoch of four batches
            os.kill(os.getpid(), signal.SIGTERM)
        return step(self, batch, batch_idx)

    monkeypatch.setattr(ImageTask, "training_step", told_to_end)
    with pytest.raises(InterruptedError, match="SIGTERM in epoch 3"):
        trained(checkpoint=path)
    run = trained(checkpoint=path)
    assert calls == [0] * 4 + [1] * 4 + [2] * 2 + [2] * 4 + [3] * 4
    assert run.history == whole.history
    for one, other in zip(run.network.state_dict().values(), whole.network.state_dict().values(), strict=True):
        assert torch.equal(one, other)


def test_a_damaged_checkpoint_is_trained_anew(tmp_path, caplog):
    checkpoint = tmp_path / "seed_0.pt"
    checkpoint.write_bytes(b"half a checkpoint")
    assert same(trained(checkpoint=checkpoint), trained())
    assert "cannot be read" in caplog.text


def test_seeds_differ_and_each_is_the_same_again():
    one, again, other = trained(0), trained(0), trained(1)
    assert same(one, again)
    assert not same(one, other)


def test_a_loss_that_is_not_finite_names_the_key():
    with pytest.raises(FloatingPointError, match=r"training.learning_rate \(1e\+30\) is too large"):
        trained(settings_=settings(learning_rate=1e30))


OBJECTIVES = {
    "hard": objectives.CrossEntropy(),
    "hinton": objectives.Hinton(alpha=0.7, temperature=3.0, teacher_scale=1.5),
    "truncated": objectives.Truncated(strength=2.0, tau=0.5, teacher_scale=1.0),
}


@pytest.mark.parametrize("name", OBJECTIVES)
def test_the_gradient_is_that_of_the_objective(name):
    objective, teacher = OBJECTIVES[name], torch.randn(1, 50, 3)
    run = fresh()
    task = ImageTask(run, IMAGES, LABEL, settings(), machine(), objective, teacher)
    index = torch.arange(12)
    zero = torch.zeros(12, dtype=torch.int64)
    batch = (index, torch.ones(12, 2, dtype=torch.int64), zero.bool(), zero)
    reference = copy.deepcopy(run.network)
    task.training_step(batch, 0).backward()
    logits = reference(IMAGES[index])
    if name == "truncated":  # the slope of no function
        logits.backward(objective(logits.detach(), LABEL[index], teacher[0, index])[1] / 12)
    else:
        values = functional.cross_entropy(logits, LABEL[index])
        if name == "hinton":
            log_p, log_q = (logits / 3).log_softmax(1), (teacher[0, index] * 0.5).log_softmax(1)
            soft = functional.kl_div(log_p, log_q, reduction="batchmean", log_target=True)
            values = 0.3 * values + 0.7 * 9 * soft
        values.backward()
    for parameter, expected in zip(run.network.parameters(), reference.parameters(), strict=True):
        torch.testing.assert_close(parameter.grad, expected.grad, rtol=1e-4, atol=1e-6)


def test_crops_and_flips_by_hand():
    image = torch.arange(1, 7, dtype=torch.uint8).view(1, 1, 2, 3).repeat(3, 2, 1, 1)
    offset = torch.tensor([[1, 1], [0, 2], [1, 1]])
    out = augment(image, offset, torch.tensor([False, False, True]), padding=1)
    assert out.shape == (3, 2, 2, 3) and out.dtype == torch.uint8
    assert out[0, 1].tolist() == [[1, 2, 3], [4, 5, 6]]
    assert out[1, 0].tolist() == [[0, 0, 0], [2, 3, 0]]
    assert out[2, 0].tolist() == [[3, 2, 1], [6, 5, 4]]


def test_augmentations_cover_what_they_may_and_nothing_else():
    drawn = Copies.draw(config.Augmentation(crop_padding=2, flip=True), 3, 2000, np.random.default_rng(0))
    assert drawn.offset.shape == (3, 2000, 2) and sorted(set(drawn.offset.flatten().tolist())) == [0, 1, 2, 3, 4]
    assert 0.45 < drawn.flip.float().mean() < 0.55
    still = Copies.draw(config.Augmentation(crop_padding=2, flip=False), 3, 50, np.random.default_rng(0))
    assert not still.flip.any()


def test_a_student_learns_of_the_copy_that_it_sees():
    copies = Copies.draw(settings().augmentation, 5, 50, np.random.default_rng(1))
    task = ImageTask(
        fresh(), IMAGES, LABEL, settings(), machine(), OBJECTIVES["hinton"], torch.randn(5, 50, 3), copies
    )
    batches = Batches(task)
    rows = [torch.cat(parts) for parts in zip(*(batches[i] for i in range(len(batches))), strict=True)]
    index, offset, flip, copy_ = rows
    assert sorted(index.tolist()) == list(range(50))
    assert len(set(copy_.tolist())) == 5
    assert torch.equal(offset, copies.offset[copy_, index]) and torch.equal(flip, copies.flip[copy_, index])
    # A teacher that says "class = copy" of every copy is what the student then learns from.
    seen = {}
    task.objective = lambda logits, label, teacher: (
        seen.update(teacher=teacher) or logits.sum(dim=1),
        torch.zeros_like(logits),
    )
    task.teacher = torch.arange(5.0).view(5, 1, 1).expand(5, 50, 3)
    task.training_step(batches[0], 0)
    assert torch.equal(seen["teacher"][:, 0], batches[0][3].float())


@pytest.mark.parametrize("flip", [False, True])
def test_with_all_augmentations_labelled_students_see_what_single_networks_see(flip):
    augmentation = config.Augmentation(crop_padding=1, flip=flip)
    trained = settings(augmentation=augmentation.model_dump())
    every = Copies.all(augmentation, 50)
    assert len(every.offset) == 9 * (1 + flip)
    # A teacher that says of each augmented image what its pixels are is known by what it says.
    pixels = torch.stack([every.apply(i, IMAGES, 1).flatten(1).float()[:, :3] for i in range(len(every.offset))])
    student, single = (
        ImageTask(fresh(), IMAGES, LABEL, trained, machine(), OBJECTIVES["hinton"], *more)
        for more in ((pixels, every), ())
    )
    heard, shown = [], []
    student.objective = lambda logits, label, teacher: (
        heard.append(teacher) or logits.sum(dim=1),
        torch.zeros_like(logits),
    )
    student.__dict__["forward_pass"] = lambda images: shown.append(images) or student.network(images)
    numbers = set()
    for epoch in range(4):
        student.current_epoch = single.current_epoch = epoch
        of_student, of_single = Batches(student), Batches(single)
        for i in range(len(of_student)):
            batch = of_student[i]
            for own, others in zip(batch[:3], of_single[i][:3], strict=True):
                assert torch.equal(own, others)
            numbers |= set(batch[3].tolist())
            student.training_step(batch, i)
            assert torch.equal(heard[-1], shown[-1].flatten(1).float()[:, :3])
    assert numbers == set(range(len(every.offset)))


@pytest.mark.parametrize(("computes", "chosen"), [(True, "bf16-mixed"), (False, "32-true")])
def test_bfloat16_is_not_chosen_where_it_would_be_emulated(monkeypatch, computes, chosen):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(
        torch.cuda, "is_bf16_supported", lambda including_emulation=True: computes or including_emulation
    )
    monkeypatch.setenv(devices.GPUS, "1")
    assert precision(settings(precision="auto"), machine(accelerator="auto")) == chosen
    assert precision(settings(precision="auto"), machine(accelerator="cpu")) == "32-true"


def test_the_device_is_that_of_the_accelerator(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "A GPU")
    monkeypatch.setenv(devices.GPUS, "1")
    assert [devices.name(one) for one in ("auto", "gpu", "cpu")] == ["A GPU", "A GPU", "cpu"]
    # The run began where there is none: no job of it was given one, whatever its own machine has.
    monkeypatch.setenv(devices.GPUS, "0")
    assert [devices.name(one) for one in ("auto", "gpu", "cpu")] == ["cpu", "A GPU", "cpu"]
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(config.ConfigError, match=r"machine.accelerator is gpu, but PyTorch .* can use no GPU"):
        devices.name("gpu")


def test_loggers_write_what_lightning_users_expect(tmp_path):
    run = fresh()
    chosen = machine(loggers=["csv", "tensorboard"])
    train(run, IMAGES, LABEL, settings(epochs=2), chosen, logs=tmp_path / "single" / "seed_0")
    csv = next(tmp_path.rglob("metrics.csv")).read_text().splitlines()
    assert {"epoch", "loss", "accuracy", "learning_rate"} <= set(csv[0].split(","))
    assert len(csv) == 3
    assert list(tmp_path.rglob("events.out.tfevents.*"))


@pytest.mark.parametrize("kind", ["wide_resnet", "linearised"])
def test_the_loop_takes_the_steps_that_lightning_takes(tmp_path, kind):
    network = {"kind": "wide_resnet", "depth": 10, "width": 1}
    network |= {"regime": "linearised"} if kind == "linearised" else {}
    network = TypeAdapter(config.ImageNetwork).validate_python(network)
    runs = []
    for loggers in ([], ["csv"]):
        runs.append(ImageRun(3, build(network, IMAGES, 3, 3)))
        chosen = settings(learning_rate=0.01), machine(loggers=loggers)
        train(runs[-1], IMAGES, LABEL, *chosen, logs=tmp_path / "seed_3")
    assert list(tmp_path.rglob("metrics.csv"))
    assert same(*runs) and runs[0].history == runs[1].history


def test_lightning_and_compilers_are_imported_only_where_they_are_used(tmp_path):
    code = """
import sys, torch
from pathlib import Path
sys.path.insert(0, {workflow!r})
from multiview import config
from multiview.networks.registry import build
from multiview.training import full_batch, full_batch_job, minibatch, minibatch_job
x, label = torch.randn(4, 3, 8), torch.tensor([0, 1, 0, 1])
for rule in ("adaptive", "fixed"):
    settings = full_batch.config.Training(step_rule=rule, max_steps=2, step_size=0.1)
    network = full_batch.config.Network()
    full_batch.train([0], x, label, torch.ones(1, 4).bool(), None, 2, network, settings)
images, cpu = torch.zeros(4, 1, 8, 8, dtype=torch.uint8), config.Machine(accelerator="cpu")
for regime in ("learned", "linearised", "random_features"):
    network = config.WideResNet(kind="wide_resnet", regime=regime)
    run = minibatch.ImageRun(0, build(network, images, 2, 0))
    minibatch.train(run, images, label, config.ImageTraining(epochs=1), cpu, checkpoint=Path({folder!r}, regime))
assert "pytorch_lightning" not in sys.modules and "torch._dynamo" not in sys.modules
"""
    code = code.format(workflow=str(ROOT / "workflow"), folder=str(tmp_path))
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_checkpoint_of_the_other_kind_is_not_taken_up(tmp_path, monkeypatch, caplog):
    path, save = tmp_path / "seed_0.pt", ImageTask.on_train_epoch_end

    def killed(task):
        if task.current_epoch == 2:
            raise KeyboardInterrupt
        save(task)

    monkeypatch.setattr(ImageTask, "on_train_epoch_end", killed)
    with pytest.raises((KeyboardInterrupt, InterruptedError, SystemExit)):
        trained(checkpoint=path, machine_=machine(loggers=["csv"]), logs=tmp_path / "logs")
    monkeypatch.undo()
    assert same(trained(checkpoint=path), trained()) and "of another device" in caplog.text


def test_logits_do_not_depend_on_the_batch(monkeypatch):
    network = trained().network
    whole = logits_of(network, IMAGES)
    monkeypatch.setattr("multiview.networks.registry.EVALUATION_BATCH", 7)
    np.testing.assert_allclose(logits_of(network, IMAGES), whole, atol=1e-5)


def test_an_average_is_trained_end_to_end():
    run = trained(networks=3)
    before = fresh(networks=3)
    for one, other in zip(run.network.network.networks, before.network.network.networks, strict=True):
        assert not torch.equal(one.linear.weight, other.linear.weight)


@pytest.mark.parametrize("taught", ["labels", "stored", "asked"])
@pytest.mark.parametrize("networks", [1, 3])
def test_features_that_stay_are_worked_out_once_for_each_augmentation(monkeypatch, networks, taught):
    chosen = settings(epochs=12, augmentation={"crop_padding": 1, "flip": False})
    every, frozen = Copies.all(chosen.augmentation, 50), NETWORK.model_copy(update={"regime": "random_features"})
    given = {} if taught == "labels" else {"objective": OBJECTIVES["hinton"], "copies": every}
    if taught == "stored":
        given["teacher"] = torch.randn(9, 50, 3)
    if taught == "asked":
        given["teacher"] = Forwarded([fresh(5).network])
    runs, passes = [], []
    for size in (1e6, 0):  # 0: no features are kept
        monkeypatch.setattr(minibatch, "FEATURES", size)
        runs.append(ImageRun(3, build(frozen, IMAGES, 3, 3, networks)))
        before = copy.deepcopy(runs[-1].network)
        norms = [module.norm1 for module in runs[-1].network.modules() if hasattr(module, "norm1")]
        norms[0].register_forward_hook(lambda *_: passes.append(1))
        train(runs[-1], IMAGES, LABEL, chosen, machine(), **given)
        passes.append(0)
        assert not same(ImageRun(3, before), runs[-1])
    assert passes.index(0) == 1 + 9 and passes.count(1) == 10 + 1 + 12 * 4
    states = (run.network.state_dict() for run in runs)
    for one, other in zip(*(state.values() for state in states), strict=True):
        torch.testing.assert_close(one, other)
    np.testing.assert_allclose(runs[0].history, runs[1].history, rtol=1e-4)


class Dropout(torch.nn.Module):
    """A network that draws random numbers while it is trained."""

    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(30, 3)

    def forward(self, x):
        return self.linear(functional.dropout(x.float().flatten(1) / 255, 0.5, self.training))


def with_dropout(seed, **more):
    torch.manual_seed(seed)
    run = ImageRun(seed, Dropout())
    train(run, IMAGES, LABEL, settings(), machine(), **more)
    return run


def test_what_a_network_draws_depends_on_its_seed_alone(tmp_path, monkeypatch):
    whole = with_dropout(1)
    with_dropout(0)  # another seed of the same job
    torch.rand(7)
    assert same(with_dropout(1), whole)
    assert with_dropout(2).history != whole.history
    save, path = ImageTask.on_train_epoch_end, tmp_path / "seed_1.pt"

    def killed(task):
        if task.current_epoch == 2:
            raise KeyboardInterrupt
        save(task)

    monkeypatch.setattr(ImageTask, "on_train_epoch_end", killed)
    with pytest.raises((KeyboardInterrupt, InterruptedError, SystemExit)):
        with_dropout(1, checkpoint=path)
    monkeypatch.undo()
    assert same(with_dropout(1, checkpoint=path), whole)


def test_the_csv_of_a_resumed_seed_has_every_epoch(tmp_path, monkeypatch):
    chosen = settings(), machine(loggers=["csv"])
    whole, resumed = tmp_path / "whole", tmp_path / "resumed"
    train(fresh(), IMAGES, LABEL, *chosen, logs=whole / "seed_0")
    save, path = ImageTask.on_train_epoch_end, tmp_path / "seed_0.pt"

    def killed(task):
        if task.current_epoch == 2:
            raise KeyboardInterrupt
        save(task)

    monkeypatch.setattr(ImageTask, "on_train_epoch_end", killed)
    with pytest.raises((KeyboardInterrupt, InterruptedError, SystemExit)):
        train(fresh(), IMAGES, LABEL, *chosen, logs=resumed / "seed_0", checkpoint=path)
    monkeypatch.undo()
    train(fresh(), IMAGES, LABEL, *chosen, logs=resumed / "seed_0", checkpoint=path)
    tables = [next(folder.rglob("metrics.csv")).read_text() for folder in (whole, resumed)]
    assert tables[0] == tables[1] and len(tables[0].splitlines()) == 5


@pytest.mark.parametrize("code", [errno.EIO, errno.ESTALE])
def test_a_file_system_that_fails_costs_no_checkpoint(tmp_path, monkeypatch, code):
    path = tmp_path / "seed_0.pt"
    whole = trained(checkpoint=path)
    before = path.read_bytes()

    def fails(*_, **__):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("builtins.open", fails)
    monkeypatch.setattr("io.open", fails)
    with pytest.raises(OSError, match=os.strerror(code)):
        trained(checkpoint=path)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert same(trained(checkpoint=path), whole)


@pytest.mark.parametrize("batch_size", [1, 7])
def test_a_last_batch_of_one_image_is_refused_under_batch_normalisation(batch_size):
    with pytest.raises(config.ConfigError, match=rf"training.batch_size is {batch_size}.*dataset.train_samples"):
        trained(settings_=settings(batch_size=batch_size, epochs=1))
    plain = TypeAdapter(config.ImageNetwork).validate_python({"kind": "cnn", "channels": [4]})
    run = ImageRun(0, build(plain, IMAGES, 3, 0))
    train(run, IMAGES, LABEL, settings(batch_size=batch_size, epochs=1))  # it has none
    frozen = NETWORK.model_copy(update={"regime": "linearised"})
    run = ImageRun(0, build(frozen, IMAGES, 3, 0))
    train(run, IMAGES, LABEL, settings(batch_size=batch_size, epochs=1))  # its statistics are those at the start


@pytest.fixture
def no_compiler(monkeypatch, tmp_path):
    """A machine without a compiler, on which nothing was compiled before."""
    inductor = pytest.importorskip("torch._inductor.config")
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(inductor.cpp, "cxx", (None, "no-such-compiler"))
    torch._dynamo.reset()
    devices.cannot_compile.cache_clear()
    yield
    torch._dynamo.reset()
    devices.cannot_compile.cache_clear()


def test_without_a_compiler_networks_are_compiled_only_if_they_must_be_which_is_refused(
    no_compiler, monkeypatch, caplog
):
    with pytest.raises(config.ConfigError, match=r"machine.compile is true, but torch.compile does not"):
        trained(machine_=machine(compile=True))
    # On a GPU `auto` means yes; here a CPU stands for one.
    refusal = devices.cannot_compile("cpu")
    task = ImageTask(fresh(), IMAGES, LABEL, settings(), machine(), objectives.CrossEntropy())
    with monkeypatch.context() as patch:
        patch.setattr(devices, "cannot_compile", lambda device: refusal)
        task.prepare("cuda")
    assert f"not compiled, as torch.compile fails here ({refusal})" in caplog.text
    assert task.forward_pass is task.network
