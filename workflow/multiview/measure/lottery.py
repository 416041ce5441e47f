"""The lottery ticket of every view: what the initialisation and the data say about who will win.

View ``l`` of class ``i`` holds the ticket ``Lambda_{i,l} S_{i,l}^{1/(q-2)}``; the larger one of a class is
predicted to win the race.
"""

import numpy as np


def view_scale(label: np.ndarray, patches: dict[str, np.ndarray], classes: int, q: float) -> np.ndarray:
    """``S_{i,l} = E[1_{y=i} sum_p z_p^q]``, the mean taken over the samples given.

    `label` is ``[n]``; `patches` has the columns ``sample``, ``class`` (-1: no view), ``view`` (1 or 2) and ``z``,
    a row a patch; `q` is the power of the smoothed ReLU. The result is float64 ``[k, 2]``.
    """
    own = patches["class"] == label[patches["sample"]]
    scale = np.zeros((classes, 2))
    z = patches["z"][own].astype(np.float64)
    np.add.at(scale, (patches["class"][own], patches["view"][own] - 1), z**q)
    return scale / len(label)


def ticket(lambda_: np.ndarray, scale: np.ndarray, q: float) -> np.ndarray:
    """``Lambda S^{1/(q-2)}``, any shape."""
    return lambda_ * scale ** (1 / (q - 2))


def learned(phi: np.ndarray, ratio: float) -> np.ndarray:
    """Which views count as learned: ``Phi_{i,l} >= ratio * max_l Phi_{i,l}``, for `phi` ``[..., 2]``.

    A class of which no view has any strength has learned none.
    """
    strongest = phi.max(axis=-1, keepdims=True)
    return (phi >= ratio * strongest) & (strongest > 0)
