"""What a step makes of activations on a CPU, for the paper's q of 3, compiled by Numba.

It is one pass each way, and one for both where the objective's slope has a known form. PyTorch takes seven passes
and two more matrices for the logits, and two passes for the derivatives. Sums are taken in the order in which they
stand below (no ``fastmath``).
"""

import hashlib
import math
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numba
import numpy as np
from llvmlite import binding


def cache_in(parent: Path) -> bool:
    """Let Numba keep compiled code in a folder in `parent`, and tell whether it can: else each job compiles.

    The folder is for this source, this compiler and this kind of CPU alone: jobs that write different code into
    one folder at the same time, as on nodes that share a file system, could load each other's.
    """
    key = [Path(__file__).read_bytes(), numba.__version__, binding.get_host_cpu_name()]
    key.append(binding.get_host_cpu_features().flatten())
    folder = parent / f"compiled_{hashlib.sha256(repr(key).encode()).hexdigest()[:16]}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    numba.config.CACHE_DIR = str(folder)
    return True


KEPT = cache_in(Path(__file__).parent / "__pycache__")


def _compiled(signature: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Compile a function, without SciPy's linear algebra: Numba would import it, which takes long, for nothing."""

    def compile_(function: Callable[..., None]) -> Callable[..., None]:
        absent = {"scipy.linalg"} - set(sys.modules)
        sys.modules.update(dict.fromkeys(absent))  # what is None there is not imported
        try:
            return numba.njit(signature, cache=KEPT)(function)
        finally:
            for name in absent:
                del sys.modules[name]

    return compile_


@_compiled("void(float32[:, ::1], float32[:, :], UniTuple(float64, 3), float32[:, ::1], UniTuple(float64, 3))")
def activate(
    pre: np.ndarray,
    logits: np.ndarray,
    law: tuple[float, float, float],
    fixed: np.ndarray,
    softmaxes: tuple[float, float, float],
) -> None:
    """Sum ReLU~ over patches and neurons, and put its derivative in place of the pre-activations.

    With ``z`` cut to 0 and rho, ReLU~ is ``z^3 / (3 rho^2)``, plus what is above rho; its derivative is
    ``(z / rho)^2``. Where ``z`` is NaN both are, and where it is infinite the logit is.

    If the objective's slope has the form of `objectives.Softmaxes`, derivatives are weighed by it as well, as in
    `weigh`: a sample is in the cache from first to last.

    Args:
        pre: float32 ``[n P, k m]``, pre-activations; then the derivatives.
        logits: float32 ``[n, k]``, to be filled.
        law: rho, where ReLU~ becomes linear (Section 2.2), above 0; by what logits are multiplied, 1 / L where L
            networks are averaged; and by what slopes are.
        fixed: that of `objectives.Softmaxes`, float32 ``[n, k]``; ``[0, k]`` if the slope has no such form.
        softmaxes: its hard, soft and temperature.
    """
    width, (n, classes) = pre.shape[1], logits.shape
    patches, neurons = len(pre) // n, width // classes
    rho, share, scale = np.float32(law[0]), np.float32(law[1]), np.float32(law[2])
    zero, one, third, inverse = np.float32(0), np.float32(1), np.float32(1 / 3), np.float32(1 / (law[0] * law[0]))
    hard, soft, high = np.float32(softmaxes[0]), np.float32(softmaxes[1]), np.float32(softmaxes[2])
    total, F = np.empty(width, np.float32), np.empty(classes, np.float32)
    slope, exponential = np.empty(classes, np.float32), np.empty(classes, np.float32)
    for sample in range(n):
        first, end = sample * patches, (sample + 1) * patches
        for j in range(width):
            total[j] = zero
        for row in range(first, end):
            for j in range(width):
                z = pre[row, j]
                cut = zero if z < zero else (rho if z > rho else z)
                gate = cut * cut * inverse
                pre[row, j] = gate
                total[j] += gate * cut * third + (z - rho if z > rho else zero)
        for i in range(classes):
            logit = zero
            for j in range(i * neurons, (i + 1) * neurons):
                logit += total[j]
            F[i] = logit * share
            logits[sample, i] = F[i]
        if len(fixed) == 0:
            continue
        top = F[0]
        for i in range(1, classes):
            top = max(top, F[i])
        for i in range(classes):
            slope[i] = -fixed[sample, i]
        for weight, temperature in ((hard, one), (soft, high)):
            if weight == zero:
                continue
            over = zero
            for i in range(classes):
                exponential[i] = math.exp((F[i] - top) / temperature)
                over += exponential[i]
            for i in range(classes):
                slope[i] += weight / over * exponential[i]
        for i in range(classes):
            for j in range(i * neurons, (i + 1) * neurons):
                total[j] = slope[i] * scale
        for row in range(first, end):
            for j in range(width):
                pre[row, j] *= total[j]


@_compiled("void(float32[:, ::1], float32[:, :])")
def weigh(gate: np.ndarray, slope: np.ndarray) -> None:
    """Multiply the derivative of each activation by that of the objective in the logit of the neuron's class.

    Args:
        gate: float32 ``[n P, k m]``, derivatives of ReLU~, as `activate` leaves them; then the products.
        slope: float32 ``[n, k]``, the derivatives by the logits.
    """
    rows, width = gate.shape
    n, classes = slope.shape
    patches, neurons = rows // n, width // classes
    per_neuron = np.empty(width, np.float32)
    for sample in range(n):
        for i in range(classes):
            per_neuron[i * neurons : (i + 1) * neurons] = slope[sample, i]
        for row in range(sample * patches, (sample + 1) * patches):
            for j in range(width):
                gate[row, j] *= per_neuron[j]
