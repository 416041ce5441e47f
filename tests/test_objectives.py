"""The objectives by hand and against autograd."""

import math

import numpy as np
import pytest
import torch

from multiview import config, objectives
from multiview.networks.two_layer import TwoLayerNetwork

HINTON = objectives.Hinton(alpha=0.7, temperature=3.0, teacher_scale=2.0)
TRUNCATED = objectives.Truncated(strength=4.0, tau=0.5, teacher_scale=1.5)


def draw(n=9, k=5, seed=0):
    generator = torch.Generator().manual_seed(seed)
    logits, teacher = (3 * torch.randn(2, n, k, generator=generator, dtype=torch.float64)).unbind()
    return logits, torch.arange(n) % k, teacher


def cross_entropy(logits, label):
    return torch.nn.functional.cross_entropy(logits, label, reduction="none")


def hinton(logits, label, teacher):
    """The formula of Section 4, written out."""
    q, p = (2 * teacher / 3).softmax(1), (logits / 3).softmax(1)
    return 0.3 * cross_entropy(logits, label) + 0.7 * 9 * (q * (q.log() - p.log())).sum(dim=1)


def test_cross_entropy_by_hand():
    # Two classes, F = (ln 3, 0): softmax (3/4, 1/4).
    value, slope = objectives.CrossEntropy()(torch.tensor([[math.log(3), 0.0]]), torch.tensor([1]))
    torch.testing.assert_close(value, torch.tensor([math.log(4)]))
    torch.testing.assert_close(slope, torch.tensor([[0.75, -0.75]]))


def test_hinton_by_hand():
    # T = 2, c = 1, alpha = 1: softmax(F / 2) = (3/4, 1/4), softmax(G / 2) = (1/2, 1/2).
    objective = objectives.Hinton(alpha=1.0, temperature=2.0, teacher_scale=1.0)
    F, G = torch.tensor([[2 * math.log(3), 0.0]]), torch.zeros(1, 2)
    value, slope = objective(F, torch.tensor([0]), G)
    divergence = 0.5 * math.log(0.5 / 0.75) + 0.5 * math.log(0.5 / 0.25)
    torch.testing.assert_close(value, torch.tensor([4 * divergence]))
    torch.testing.assert_close(slope, torch.tensor([[2 * 0.25, -2 * 0.25]]))


def test_truncated_softmax_by_hand():
    # tau = 1/2: logits are cut off at 4; 4 and more become 1 / tau = 2, a logit of 2 becomes 1.
    soft = objectives.truncated_softmax(torch.tensor([[9.0, 4.0, 2.0]]), 0.5)
    e = torch.tensor([[math.e**2, math.e**2, math.e]])
    torch.testing.assert_close(soft, e / e.sum())


def test_truncated_by_hand():
    # tau = 1, strength 3. Student (0, 0): soft labels (1/2, 1/2). The teacher is cut off at 1: its soft
    # labels are (e, 1) / (e + 1).
    objective = objectives.Truncated(strength=3.0, tau=1.0, teacher_scale=1.0)
    value, slope = objective(torch.zeros(1, 2), torch.tensor([1]), torch.tensor([[math.log(3), 0.0]]))
    gap = 0.5 - math.e / (math.e + 1)
    # Hard part (1/2, -1/2); the soft part pushes class 0 up and leaves class 1, which is above its teacher, alone.
    torch.testing.assert_close(slope, torch.tensor([[(0.5 + 3 * gap) / 4, -0.5 / 4]]))
    torch.testing.assert_close(value, torch.tensor([(math.log(2) + 3 * gap**2 / 2) / 4]))


def test_hinton_is_the_formula_and_its_slope_the_gradient():
    F, label, G = draw()
    F.requires_grad_()
    expected = hinton(F, label, G)
    gradient = torch.autograd.grad(expected.sum(), F)[0]
    value, slope = HINTON(F.detach(), label, G)
    torch.testing.assert_close(value, expected.detach())
    torch.testing.assert_close(slope, gradient)


def test_truncated_slope_is_that_of_the_surrogate():
    F, label, G = draw()
    F.requires_grad_()
    below = objectives.truncated_softmax(F, 0.5) - objectives.truncated_softmax(1.5 * G, 0.5)
    surrogate = (cross_entropy(F, label) + 4 * (below.clamp(max=0).detach() * F).sum(dim=1)) / 5
    gradient = torch.autograd.grad(surrogate.sum(), F)[0]
    torch.testing.assert_close(TRUNCATED(F.detach(), label, G)[1], gradient)
    # Against the hard part alone, no logit is pushed down.
    assert (
        TRUNCATED(F.detach(), label, G)[1] * 5 - objectives.CrossEntropy()(F.detach(), label)[1]
    ).max() <= 1e-12


def test_a_student_that_agrees_with_its_teacher_feels_the_hard_labels_alone():
    F, label, _ = draw()
    hard = objectives.CrossEntropy()(F, label)
    for objective, weight in ((HINTON, 0.3), (TRUNCATED, 1 / 5)):
        value, slope = objective(F, label, F / objective.teacher_scale)
        torch.testing.assert_close(slope, weight * hard[1])
        torch.testing.assert_close(value, weight * hard[0])


@pytest.mark.parametrize("objective", [objectives.CrossEntropy(), HINTON, TRUNCATED])
def test_order_of_samples_and_blocks_change_nothing(objective):
    F, label, G = draw()
    value, slope = objective(F, label, G)
    turn = torch.tensor([3, 1, 8, 0, 2, 7, 5, 6, 4])
    for whole, part in zip((value, slope), objective(F[turn], label[turn], G[turn]), strict=True):
        torch.testing.assert_close(whole[turn], part)


@pytest.mark.parametrize("block", [0, 2, 7])
def test_gradient_of_the_weights_agrees_with_autograd(block):
    network = TwoLayerNetwork(3, 10, 4, 4, 1.0, 0.4, 0)
    generator = torch.Generator().manual_seed(1)
    x, label = torch.randn(7, 5, 10, generator=generator), torch.arange(7) % 3
    teacher = torch.randn(7, 3, generator=generator)
    expected = torch.autograd.grad(hinton(network(x), label, teacher).mean(), network.weight)[0]
    network.gradient(x, label, block, HINTON, teacher)
    torch.testing.assert_close(network.weight.grad, expected, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("members", [1, 2])
@pytest.mark.parametrize("block", [0, 2, 7])
def test_compiled_gradients_are_those_of_autograd_for_every_objective_and_teacher(block, members):
    network = TwoLayerNetwork(3, 10, 4, 3, 1.0, 0.4, 0, members)
    generator = torch.Generator().manual_seed(1)
    x, label = torch.randn(7, 5, 10, generator=generator), torch.arange(7) % 3
    first, second = torch.randn(2, 7, 3, generator=generator)
    cases = [(objective, G) for objective in (objectives.HARD_LABELS, HINTON, TRUNCATED) for G in (first, second)]
    for objective, teacher in [*cases, *cases]:  # what is kept from step to step may be of another case
        F = network(x)
        slope = objective.slope(F.detach(), label, teacher)
        expected = torch.autograd.grad((F * slope).sum() / len(x), network.weight)[0]
        logits = network.gradient(x, label, block, objective, teacher)
        torch.testing.assert_close(logits, F.detach(), rtol=2e-5, atol=1e-6)
        torch.testing.assert_close(network.weight.grad, expected, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("objective", [objectives.HARD_LABELS, HINTON, objectives.Hinton(0.9, 2560.0, 1.75)])
def test_the_form_of_a_slope_gives_the_slope(objective):
    F, label, G = draw()
    form = objective.softmaxes(F.shape[1], label, G)
    slope = form.hard * F.softmax(1) + form.soft * (F / form.temperature).softmax(1) - form.fixed
    torch.testing.assert_close(slope, objective.slope(F, label, G), rtol=1e-6, atol=1e-9)


def test_from_config(default):
    section = config.load(default).studies["theory"].distillation.objective
    assert isinstance(objectives.from_config(section), objectives.Hinton)
    section = section.model_copy(update={"kind": "truncated"})
    assert objectives.from_config(section).tau == section.truncated.tau


@pytest.mark.parametrize("temperature", [1.0, 32.0, 400.0, 2560.0])
@pytest.mark.parametrize("distance", [1e-3, 1e-1, 3.0, 30.0])
def test_hintons_value_keeps_its_digits_at_any_temperature_and_distance(temperature, distance):
    generator = torch.Generator().manual_seed(0)
    teacher = 3 * torch.randn(50, 10, generator=generator)
    student = teacher + distance * torch.randn(50, 10, generator=generator)
    objective = objectives.Hinton(alpha=1.0, temperature=temperature, teacher_scale=1.0)
    found, _ = objective(student, torch.zeros(50, dtype=torch.long), teacher)
    # KL = ln(1 + sum q (exp(d) - 1 - d)), d the gap of the logits less its mean under q, where no digits cancel.
    taught, gap = teacher.numpy().astype(np.longdouble) / temperature, (student - teacher).numpy() / temperature
    q = np.exp(taught - taught.max(axis=1, keepdims=True))
    q /= q.sum(axis=1, keepdims=True)
    d = gap - (q * gap).sum(axis=1, keepdims=True)
    exact = temperature**2 * np.log1p((q * (np.expm1(d) - d)).sum(axis=1))
    np.testing.assert_allclose(found.numpy(), exact.astype(float), rtol=2e-3)


def test_hintons_value_is_finite_however_far_the_logits_are_apart():
    teacher, student = torch.tensor([[0.0, 2000.0]]), torch.tensor([[2000.0, 0.0]])
    objective = objectives.Hinton(alpha=1.0, temperature=1.0, teacher_scale=1.0)
    assert objective.value(student, torch.tensor([0]), teacher).tolist() == pytest.approx([2000.0])


def test_hintons_value_is_never_below_0():
    generator = torch.Generator().manual_seed(0)
    teacher = 3 * torch.randn(1000, 10, generator=generator)
    student = teacher + 1e-6 * torch.randn(1000, 10, generator=generator)
    objective = objectives.Hinton(alpha=1.0, temperature=16.0, teacher_scale=1.0)
    assert (objective.value(student, torch.zeros(1000, dtype=torch.long), teacher) >= 0).all()
