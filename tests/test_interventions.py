"""Interventions on soft labels: cases by hand, and gradients of objectives under each against autograd."""

import pytest
import torch
from torch.nn import functional

from multiview import config, objectives, soft_labels
from multiview.networks.two_layer import TwoLayerNetwork
from multiview.training import full_batch_job

TEACHER = torch.tensor([[5.0, 1.0, 3.0], [7.0, 2.0, 0.0], [1.0, 6.0, 0.0]])
OWN = torch.tensor([[50.0, 10.0, 30.0], [70.0, 20.0, 0.0], [10.0, 60.0, 0.0]])
LABEL = torch.tensor([0, 0, 1])

BY_HAND = {
    "all": [[5, 1, 3], [7, 2, 0], [1, 6, 0]],
    "other_classes": [[50, 1, 3], [70, 2, 0], [1, 60, 0]],
    "own_class": [[5, 10, 30], [7, 20, 0], [10, 6, 0]],
    "flat": [[5, 2, 2], [7, 1, 1], [0.5, 6, 0.5]],
    "shuffled": [[7, 2, 0], [5, 1, 3], [1, 6, 0]],
    "smoothed": [[6, 7 / 6, 7 / 6], [6, 7 / 6, 7 / 6], [7 / 6, 6, 7 / 6]],
}


@pytest.mark.parametrize("kind", soft_labels.KINDS)
def test_soft_labels_by_hand(kind):
    found = soft_labels.soft_label_logits(kind, TEACHER, LABEL, OWN, seed=0)
    torch.testing.assert_close(found, torch.tensor(BY_HAND[kind], dtype=torch.float32))


def test_all_is_the_teacher_to_the_bit():
    assert soft_labels.soft_label_logits("all", TEACHER, LABEL, None, seed=0) is TEACHER


def test_shuffling_keeps_each_class_its_rows_and_no_sample_its_own():
    teacher, label = torch.randn(60, 4), torch.arange(60) % 4
    found = soft_labels.soft_label_logits("shuffled", teacher, label, None, seed=3)
    again = soft_labels.soft_label_logits("shuffled", teacher, label, None, seed=3)
    assert torch.equal(found, again)
    assert not torch.equal(found, soft_labels.soft_label_logits("shuffled", teacher, label, None, seed=4))
    assert (found != teacher).any(dim=1).all()
    for class_ in range(4):
        rows = [set(map(tuple, logits[label == class_].tolist())) for logits in (found, teacher)]
        assert rows[0] == rows[1]


@pytest.mark.parametrize("kind", soft_labels.KINDS)
@pytest.mark.parametrize("name", ["hinton", "truncated"])
def test_gradients_under_each_intervention_agree_with_autograd(kind, name):
    generator = torch.Generator().manual_seed(1)
    network = TwoLayerNetwork(3, 10, 4, 3, 1.0, 0.4, 0)
    x = torch.randn(3, 5, 10, generator=generator)
    G = soft_labels.soft_label_logits(kind, TEACHER / 4, LABEL, OWN / 40, seed=0)
    F = network(x)
    hard = functional.cross_entropy(F, LABEL)
    if name == "hinton":
        objective = objectives.Hinton(alpha=0.7, temperature=3.0, teacher_scale=2.0)
        soft = functional.kl_div((F / 3).log_softmax(1), (2 * G / 3).softmax(1), reduction="batchmean")
        expected = torch.autograd.grad(0.3 * hard + 0.7 * 9 * soft, network.weight)[0]
    else:
        objective = objectives.Truncated(strength=3.0, tau=0.8, teacher_scale=2.0)
        below = objectives.truncated_softmax(F, 0.8) - objectives.truncated_softmax(2 * G, 0.8)
        push = (below.detach().clamp(max=0) * F).sum(dim=1).mean()  # a slope, not a function's: constant in F
        expected = torch.autograd.grad((hard + 3 * push) / 4, network.weight)[0]
    network.gradient(x, LABEL, 2, objective, G)
    torch.testing.assert_close(network.weight.grad, expected, rtol=1e-4, atol=1e-6)


def test_what_is_shown_by_hand():
    # Of other classes the teacher shows 1 and 3, 2 and 0, 1 and 0; the student half of the 3, all else and more.
    student = torch.tensor([[0.0, 1.5, 1.5], [9.0, 2.0, 4.0], [1.0, 0.0, -5.0]])
    found = objectives.Shown(TEACHER, LABEL).by(student)
    assert float(found) == pytest.approx((1 * 1 + 3 * 1.5 + 2 * 2 + 1 * 1) / (1 + 9 + 4 + 1))
    assert float(objectives.Shown(TEACHER, LABEL).by(TEACHER)) == 1
    assert float(objectives.Shown(torch.zeros(3, 3), LABEL).by(student)) == 1
    stacked = objectives.Shown(TEACHER.expand(2, 3, 3), LABEL).by(torch.stack([student, TEACHER]))
    assert stacked.tolist() == pytest.approx([float(found), 1.0])


def test_the_union_is_reached_between_ones_own_views_and_a_copy_of_the_teacher():
    label = torch.tensor([2, 2])
    own, teacher = (
        torch.tensor([[2.0, 0.0, 9.0], [2.0, 0.0, 9.0]]),
        torch.tensor([[0.0, 2.0, 9.0], [0.0, 2.0, 9.0]]),
    )
    union = objectives.Union(teacher, own, label, scale=0.5, margin=0.0)
    assert not union.reached(own)
    assert union.reached(torch.maximum(own, teacher))
    assert union.reached(teacher)
    # A view counts as shown from half of what is asked for.
    assert not union.reached(torch.tensor([[2.0, 0.9, 9.0]] * 2))
    assert union.reached(torch.stack([own, teacher])).tolist() == [False, True]
    # What both show does not count, where the student shows it at the same scale.
    added = torch.tensor([[7.0, 7.0, 0.0], [0.0, 3.0, 0.0]])
    wider = objectives.Union(teacher + added, own + added, label, scale=0.5, margin=0.0)
    for logits in (own, teacher, torch.maximum(own, teacher), torch.tensor([[2.0, 0.9, 9.0]] * 2)):
        assert wider.reached(logits + added / 2) == union.reached(logits)
    # With a margin of a quarter it goes on until a fifth of its own is given up, with all of the teacher's shown.
    later = objectives.Union(teacher, own, label, scale=0.5, margin=0.25)
    assert [bool(later.reached(torch.tensor([[left, 2.0, 9.0]] * 2))) for left in (1.0, 0.81, 0.79)] == [
        False,
        False,
        True,
    ]


@pytest.mark.parametrize("kind", soft_labels.KINDS)
def test_the_union_is_with_the_teacher_itself_whatever_part_of_it_teaches(kind, study):
    # Of other classes an own-class student's soft labels are its own: a union with these would tell nothing.
    settings = study.students["distilled"].model_copy(
        update={"soft_labels": kind, "stop": "union", "union_margin": 0.25}
    )
    label, seeds = torch.tensor([2, 2]), [4, 7]
    own = {seed: torch.tensor([[2.0, 0.0, 9.0], [2.0, 0.0, 9.0]]) for seed in seeds}
    teachers = {seed: torch.tensor([[0.0, 2.0, 9.0], [0.0, 2.0, 8.0]]) for seed in seeds}
    given = full_batch_job.lessons(settings, teachers, own, label)
    for seed in seeds:
        expected = soft_labels.soft_label_logits(kind, teachers[seed], label, own[seed], seed)
        torch.testing.assert_close(given["teachers"][seed], expected)
        union = given["unions"][seed]
        assert union.teacher is teachers[seed] and union.scale == min(settings.objective.teacher_scale / 2, 1.0)
        assert union.margin == 0.25
        assert not union.reached(torch.maximum(own[seed], teachers[seed]))
        assert union.reached(teachers[seed])
    assert "unions" not in full_batch_job.lessons(
        settings.model_copy(update={"stop": "steps"}), teachers, own, label
    )


@pytest.mark.parametrize("c", [1.28, 2.5, 4.0])
def test_a_student_that_shows_its_own_views_is_not_at_the_union_yet(c, study):
    settings = study.students["distilled"]
    objective = settings.objective.model_copy(update={"teacher_scale": c})
    settings = settings.model_copy(update={"stop": "union", "union_margin": 0.05, "objective": objective})
    label = torch.tensor([2, 2])
    own, teacher = (torch.tensor([row] * 2) for row in ([2.0, 0.0, 9.0, 1.0], [0.0, 2.0, 9.0, 1.0]))
    union = full_batch_job.lessons(settings, {0: teacher}, {0: own}, label)["unions"][0]
    assert not union.reached(own) and union.reached(c * teacher)


def test_interventions_are_those_of_the_config(default):
    study = config.load(default).studies["theory"]
    kinds = {one.soft_labels for one in study.students.values()}
    assert kinds == set(soft_labels.KINDS)
    for name, role in study.roles().items():
        made_of = study.students[name].soft_labels
        assert role["intervention"] == ("" if made_of == "all" else made_of)


@pytest.mark.parametrize("neurons", [1, 4, 5])
def test_fresh_weights_of_a_class_sum_to_zero(neurons):
    shape = (3 * neurons, 7)
    alone = full_batch_job.fresh(5, shape, 0.3, 3, centred=False).unflatten(0, (3, neurons))
    centred = full_batch_job.fresh(5, shape, 0.3, 3, centred=True).unflatten(0, (3, neurons))
    if neurons == 1:
        assert torch.equal(centred, alone)
        return
    assert torch.allclose(centred.sum(dim=1), torch.zeros(3, 7), atol=1e-6)
    # Differences between neurons are those drawn, in one scale.
    scale = (neurons / (neurons - 1)) ** 0.5
    assert torch.allclose(centred[:, 0] - centred[:, 1], scale * (alone[:, 0] - alone[:, 1]), atol=1e-6)
    # Whatever the view, a neuron has it before it.
    view = torch.randn(7, generator=torch.Generator().manual_seed(0))
    assert ((centred @ view).amax(dim=1) > 0).all()


def test_fresh_weights_have_their_standard_deviation_and_are_hardly_ever_all_small_along_a_view():
    drawn = {
        centred: full_batch_job.fresh(5, (40000, 50), 0.3, 4000, centred).unflatten(0, (4000, 10))
        for centred in (False, True)
    }
    for weights in drawn.values():
        assert abs(weights.std().item() - 0.3) < 0.002
    # Views are axes here, 4000 classes with 50 views each. Half a deviation is too small for a student.
    small = {centred: (weights.amax(dim=1) < 0.15).float().mean() for centred, weights in drawn.items()}
    assert small[False] == pytest.approx(0.6915**10, rel=0.1)  # ten independent ones, each below with 0.6915
    assert small[True] < small[False] / 10
    others = full_batch_job.fresh(6, (40000, 50), 0.3, 4000, True).unflatten(0, (4000, 10))
    assert not torch.equal(drawn[True], others)
