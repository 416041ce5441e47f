"""Networks of several seeds trained side by side take the steps that they take one after the other."""

import copy
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from conftest import merge
from test_image_training import IMAGES, LABEL, NETWORK, fresh, machine, settings

from multiview import config, objectives
from multiview.data.augmentation import Copies
from multiview.data.tensors import Data
from multiview.networks.registry import Forwarded
from multiview.predictors.logits import copies_table
from multiview.runtime import resources
from multiview.store import artifacts, torch_files
from multiview.training import minibatch, minibatch_job, side_by_side

SEEDS = [0, 3, 7]
HINTON = objectives.Hinton(0.9, 4.0, 1.0)
EVERY = Copies.all(settings().augmentation, len(LABEL))


@pytest.fixture(autouse=True)
def smooth(monkeypatch):
    """A smooth ReLU, for rounding to stay small: a value near 0 may be on either side of a kink."""
    monkeypatch.setattr(torch, "relu", torch.nn.functional.silu)


def one_after_the_other(teachers=None, networks=1, **given):
    runs = [fresh(seed, networks) for seed in SEEDS]
    for i, run in enumerate(runs):
        teacher = None if teachers is None else teachers[i]
        minibatch.train(run, IMAGES, LABEL, settings(), machine(), teacher=teacher, **given)
    return runs


def together(networks=1, **given):
    runs = [fresh(seed, networks) for seed in SEEDS]
    side_by_side.train(runs, IMAGES, LABEL, settings(), machine(), **given)
    return runs


def same_up_to_rounding(some, others):
    for one, other in zip(some, others, strict=True):
        assert one.seed == other.seed
        for (name, ours), theirs in zip(
            one.network.state_dict().items(), other.network.state_dict().values(), strict=True
        ):
            assert torch.allclose(ours.float(), theirs.float(), rtol=1e-4, atol=2e-5), name
        assert np.allclose(one.history, other.history, rtol=1e-5, atol=1e-5)


def loaded(study):
    """A study on images, alone in a config."""
    return config.load({"studies": {"one": study}}).images["one"]


def labels(seed):
    """What a network says of every copy, and the network."""
    network = fresh(seed).network.eval()
    with torch.no_grad():
        shown = [EVERY.apply(copy, IMAGES, 1) for copy in range(len(EVERY.offset))]
        return torch.stack([network(images) for images in shown]), network


class Params(SimpleNamespace):
    """Params of a rule as scripts see them."""

    def get(self, name, default):
        return getattr(self, name, default)


def job_of(folder, monkeypatch, files=None, how=None, **params):
    """A job of students on the images here."""
    data = Data({"train": IMAGES}, {"train": LABEL}, {"dataset": "d", "classes": 3})
    monkeypatch.setattr(minibatch_job.tensors, "read", lambda *_: data)
    monkeypatch.setattr(minibatch_job.jobs, "machine", lambda _: how or machine())
    places = {"checkpoints": str(folder), "lightning_logs": str(folder)}
    given = Params(predictor="distilled", network=NETWORK.model_dump_json(), **places, **params)
    files = SimpleNamespace(samples="", images="", **(files or {}))
    return minibatch_job.Job(SimpleNamespace(threads=1, input=files, params=given), settings())


@pytest.mark.parametrize("networks", [1, 2])
def test_on_hard_labels(networks):
    same_up_to_rounding(together(networks), one_after_the_other(networks=networks))


def test_with_one_teacher_for_all_and_with_one_for_each():
    logits = [labels(seed)[0] for seed in (11, 12, 13)]
    for teachers in ([logits[0]] * 3, logits):
        given = {"objective": HINTON, "copies": EVERY, "teachers": teachers}
        same_up_to_rounding(together(**given), one_after_the_other(**given))


@pytest.mark.parametrize("train", [together, one_after_the_other])
def test_a_teacher_that_is_asked_in_every_step_says_what_its_labels_say(train):
    (first, network), (second, other) = labels(11), labels(12)
    given = {"objective": HINTON, "copies": EVERY}
    stored = train(teachers=[(first + second) / 2] * 3, **given)
    asked = train(teachers=[Forwarded([network, other])] * 3, **given)
    same_up_to_rounding(stored, asked)


def test_a_teacher_that_is_asked_does_not_change():
    network = labels(11)[1]
    before = copy.deepcopy(network.state_dict())
    one_after_the_other(teachers=[Forwarded([network])] * 3, objective=HINTON, copies=EVERY)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


@pytest.mark.parametrize("epoch", [1, 3])
def test_an_interrupted_chunk_ends_the_same_to_the_bit(tmp_path, monkeypatch, epoch):
    undisturbed, file = together(), tmp_path / "chunk.pt"
    whole = side_by_side.SideBySide.train_epoch

    def interrupted(self, now, *rest):
        if now == epoch:
            raise InterruptedError
        whole(self, now, *rest)

    monkeypatch.setattr(side_by_side.SideBySide, "train_epoch", interrupted)
    with pytest.raises(InterruptedError):
        together(checkpoint=file)
    monkeypatch.setattr(side_by_side.SideBySide, "train_epoch", whole)
    runs = together(checkpoint=file)
    for one, other in zip(runs, undisturbed, strict=True):
        assert one.history == other.history
        states = zip(one.network.state_dict().values(), other.network.state_dict().values(), strict=True)
        assert all(torch.equal(ours, theirs) for ours, theirs in states)
    saved = torch.load(file, weights_only=True)
    name, *_ = saved["state_dict"]
    smaller = saved["state_dict"] | {name: saved["state_dict"][name][:1]}
    others = {"state_dict": smaller}, {"record": saved["record"][:-1]}, {"record": [{}, *saved["record"][1:]]}
    for broken in (None, *others):
        file.write_bytes(b"no checkpoint")
        if broken:
            torch.save(saved | broken, file)
        assert [run.history for run in together(checkpoint=file)] == [run.history for run in undisturbed]


def test_cudnn_is_asked_for_the_same_numbers_every_time_and_stays_in_use(monkeypatch):
    cudnn, seen = torch.backends.cudnn, []
    whole = side_by_side.SideBySide.train_epoch

    def train_epoch(self, *given):
        seen.append((cudnn.deterministic, cudnn.enabled, cudnn.allow_tf32))
        whole(self, *given)

    monkeypatch.setattr(side_by_side.SideBySide, "train_epoch", train_epoch)
    before = (cudnn.deterministic, cudnn.enabled, cudnn.allow_tf32)
    together()
    assert set(seen) == {(True, *before[1:])} and before == (cudnn.deterministic, cudnn.enabled, cudnn.allow_tf32)


def test_it_is_done_where_it_can_be_and_pays(monkeypatch):
    network = config.WideResNet(kind="wide_resnet")

    def pays(network=network, size=1e6, **changes):
        return side_by_side.pays(network, settings(), machine(**changes), size)

    assert not pays()  # a CPU is busy with one
    monkeypatch.setattr(side_by_side.devices, "type_of", lambda accelerator: "cuda")
    assert pays()
    assert not pays(size=1e12)
    assert pays(size=1e12, side_by_side=True)
    assert not pays(side_by_side=False)
    assert not pays(loggers=["csv"])
    assert not pays(compile=True)
    assert not pays(config.WideResNet(kind="wide_resnet", regime="linearised"))
    assert not side_by_side.pays(network, settings(precision="bf16-mixed"), machine(), 1e6)


@pytest.mark.parametrize(
    "impossible",
    [
        {"network": {"regime": "linearised"}},
        {"machine": {"loggers": ["csv"]}},
        {"machine": {"compile": True}},
        {"training": {"precision": "bf16-mixed"}},
    ],
)
def test_where_it_must_be_done_and_cannot_be_that_is_one_error(impossible):
    study = {"dataset": {"kind": "digits", "train_samples": 50}, "machine": {"side_by_side": True}}
    loaded(study)
    with pytest.raises(config.ConfigError, match="side_by_side is true, but that needs"):
        loaded(merge(study, impossible))


def test_a_job_keeps_one_checkpoint_of_its_seeds_for_each_set_of_seeds(tmp_path, monkeypatch):
    names = []
    monkeypatch.setattr(side_by_side, "train", lambda *_, checkpoint, **__: names.append(checkpoint))
    job = job_of(tmp_path, monkeypatch, how=machine(side_by_side=True), copies="all")
    teacher = labels(11)[0]
    for seeds in ([1, 2], [1, 2], [2, 3]):
        job.fit(seeds, HINTON, dict.fromkeys(seeds, teacher))
    job.fit([1, 2], HINTON, dict.fromkeys([1, 2], Forwarded([labels(11)[1]])))
    assert names[0] == names[1] and len(set(names)) == 3


def test_students_of_the_same_networks_share_what_their_average_says(tmp_path, monkeypatch):
    taught = {seed: labels(seed) for seed in (11, 12)}
    said = np.stack([logits.numpy() for logits, _ in taught.values()])
    columns = copies_table("single", list(taught), said)
    artifacts.write(tmp_path / "copies.parquet", "copies", columns, {"dataset": "d", "predictor": "single"})
    states = {seed: network.state_dict() for seed, (_, network) in taught.items()}
    torch_files.save(tmp_path / "networks.pt", {"dataset": "d", "states": states})

    def lessons(say, *names):
        files = {"teacher": [tmp_path / name for name in names], "start": [tmp_path / "networks.pt"]}
        job = job_of(tmp_path, monkeypatch, files, teachers_say=say, teacher="single")
        return job.lessons({0: [11, 12], 11: [11, 12], 12: [11]})

    stored = lessons("copies", "copies.parquet")["teachers"]
    asked = lessons("networks", "networks.pt")["teachers"]
    for teachers in (stored, asked):
        assert teachers[0] is teachers[11] and teachers[0] is not teachers[12]
    torch.testing.assert_close(stored[0], torch.from_numpy(said.mean(axis=0)))
    shown = EVERY.apply(3, IMAGES, 1)
    for seed in (0, 12):
        torch.testing.assert_close(asked[seed](shown), stored[seed][3], rtol=1e-4, atol=1e-4)
    untaught = lessons("")
    assert "teachers" not in untaught and set(untaught["starts"]) == {11, 12}  # there are no others to start from


def test_labels_are_stored_where_that_is_cheaper_for_the_students():
    def stored(padding, students=10, teachers=10, train_samples=500):
        study = {
            "dataset": {"kind": "digits", "train_samples": train_samples},
            "seeds": 20,
            "copies": "all",
            "training": {"epochs": 4, "augmentation": {"crop_padding": padding}},
            "students": {"some": {"teachers": teachers, "students": students}},
        }
        one = loaded(study)
        return resources.labels_are_stored(one, {"one": one}, "some")

    # Ten teachers label 9 copies: 90 passes. Ten students of 4 epochs ask all ten of them: 400; one: 40.
    assert stored(1) and not stored(1, students=1)
    assert not stored(4)  # 81 copies: 810 passes
    assert not stored(1, teachers=1)  # each student asks its own: 40, where 90 are labelled
    assert not stored(1, train_samples=1400 * 100)  # 9 x 140 000 x 10 numbers: more than 50 MB


@pytest.mark.parametrize("changes", [{"soft_labels": "all"}, {"training": {"epochs": 7}}])
def test_single_longer_is_what_it_is_called(changes):
    study = {
        "dataset": {"kind": "digits", "train_samples": 50},
        "training": {"epochs": 4},
        "students": {
            "self_distilled": {"training": {"epochs": 4}},
            "single_longer": {"soft_labels": "none", "training": {"epochs": 8}},
        },
    }
    loaded(study)
    with pytest.raises(
        config.ConfigError, match=r"single_longer is held against self_distilled: .*training.epochs 8"
    ):
        loaded(merge(study, {"students": {"single_longer": changes}}))
