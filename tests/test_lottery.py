"""The tickets, by hand."""

import numpy as np

from multiview.measure import lottery


def test_view_scale_by_hand():
    # Two samples of classes 1 and 0; q = 3. The second one carries view 2 of its class in two patches,
    # and a view of the other class, which does not count.
    label = np.array([1, 0])
    patches = {
        "sample": np.array([0, 0, 1, 1, 1, 1]),
        "class": np.array([1, -1, 0, 0, 0, 1]),
        "view": np.array([1, 0, 1, 2, 2, 1]),
        "z": np.array([2.0, 0.0, 1.0, 0.5, 0.5, 3.0]),
    }
    scale = lottery.view_scale(label, patches, classes=2, q=3)
    assert scale.tolist() == [[0.5, 0.125], [4.0, 0.0]]


def test_ticket_by_hand():
    # q = 4: Lambda sqrt(S).
    assert lottery.ticket(np.array([2.0, 3.0]), np.array([9.0, 4.0]), 4).tolist() == [6.0, 6.0]


def test_learned_is_relative_to_the_stronger_view():
    phi = np.array([[2.0, 0.5], [2.0, 0.7], [0.0, 3.0], [0.0, 0.0]])
    expected = [[True, False], [True, True], [False, True], [False, False]]
    assert lottery.learned(phi, 0.3).tolist() == expected
