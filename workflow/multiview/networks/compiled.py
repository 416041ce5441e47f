"""The element-wise part of a training step on a CPU: one pass over the activations, compiled by Numba.

PyTorch takes eight such passes, which need a fourth of a step's time, and two more matrices of their size. Nothing
is reordered to be faster (no ``fastmath``): sums are taken in the order in which they stand below, on every CPU.
"""

import numba
import numpy as np


@numba.njit(cache=True)
def activate(pre: np.ndarray, logits: np.ndarray, power: float, rho: float) -> None:
    """Sum ReLU~ over patches and neurons, and leave its derivative where the pre-activations were.

    With ``z`` cut to 0 and rho, ReLU~ is ``z^q / (q rho^(q-1))``, plus what is above rho; its derivative is
    ``(z / rho)^(q-1)``. What is not a number stays so.

    Args:
        pre: ``[n P, k m]``, pre-activations; then the derivatives.
        logits: ``[n, k]``, to be filled.
        power: ``q - 1``.
    """
    rows, width = pre.shape
    n, classes = logits.shape
    patches, neurons = rows // n, width // classes
    real = pre.dtype.type
    zero, scale, share = real(0), real(rho**-power), real(1 / (power + 1))
    whole = int(power) if power == int(power) and power <= 8 else 0
    rho, power = real(rho), real(power)
    inner, total = np.empty(width, pre.dtype), np.empty(width, pre.dtype)
    for sample in range(n):
        total[:] = zero
        for row in range(sample * patches, (sample + 1) * patches):
            gate = pre[row]
            if whole == 2:  # the paper's q of 3, in one loop
                for j in range(width):
                    z = gate[j]
                    cut = zero if z < zero else (rho if z > rho else z)
                    gate[j] = cut * cut * scale
                    total[j] += gate[j] * cut * share + (z - rho if z > rho else zero)
                continue
            for j in range(width):
                z = gate[j]
                inner[j] = zero if z < zero else (rho if z > rho else z)
                total[j] += z - rho if z > rho else zero
                gate[j] = scale
            if whole:
                for _ in range(whole):
                    for j in range(width):
                        gate[j] *= inner[j]
            else:
                for j in range(width):
                    gate[j] *= inner[j] ** power
            for j in range(width):
                total[j] += gate[j] * inner[j] * share
        for i in range(classes):
            logit = zero
            for j in range(i * neurons, (i + 1) * neurons):
                logit += total[j]
            logits[sample, i] = logit


@numba.njit(cache=True)
def weigh(gate: np.ndarray, slope: np.ndarray) -> None:
    """Multiply derivatives `gate` ``[n P, k m]`` in place by the `slope` ``[n, k]`` of their sample and class."""
    rows, width = gate.shape
    n, classes = slope.shape
    patches, neurons = rows // n, width // classes
    weight = np.empty(width, gate.dtype)
    for sample in range(n):
        for i in range(classes):
            weight[i * neurons : (i + 1) * neurons] = slope[sample, i]
        for row in range(sample * patches, (sample + 1) * patches):
            for j in range(width):
                gate[row, j] *= weight[j]
