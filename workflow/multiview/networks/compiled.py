"""What a step makes of activations on a CPU, for the paper's q of 3, compiled by Numba.

It is one pass over the pre-activations each way, of samples that lie side by side. PyTorch takes seven passes
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


@_compiled("void(float32[:, ::1], float32[:, ::1], UniTuple(float64, 3), float32[:, :], UniTuple(float64, 3))")
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
    `weigh`.

    Args:
        pre: float32 ``[k m, P n]``, pre-activations, the samples of a patch side by side; then the derivatives.
        logits: float32 ``[k, n]``, to be filled.
        law: rho, where ReLU~ becomes linear (Section 2.2), above 0; by what logits are multiplied, 1 / L where L
            networks are averaged; and by what slopes are.
        fixed: that of `objectives.Softmaxes`, float32 ``[k, n]``; ``[0, n]`` if the slope has no such form.
        softmaxes: its hard, soft and temperature.
    """
    (width, columns), (classes, n) = pre.shape, logits.shape
    patches, neurons = columns // n, width // classes
    rho, share, scale = np.float32(law[0]), np.float32(law[1]), np.float32(law[2])
    zero, one, third, inverse = np.float32(0), np.float32(1), np.float32(1 / 3), np.float32(1 / (law[0] * law[0]))
    total = np.empty(n, np.float32)
    for i in range(classes):
        F = logits[i]
        F[:] = zero
        for j in range(i * neurons, (i + 1) * neurons):
            total[:] = zero
            for p in range(patches):
                part = pre[j, p * n : (p + 1) * n]
                for sample in range(n):
                    z = part[sample]
                    cut = zero if z < zero else (rho if z > rho else z)
                    gate = cut * cut * inverse
                    part[sample] = gate
                    total[sample] += gate * cut * third + (z - rho if z > rho else zero)
            for sample in range(n):
                F[sample] += total[sample]
        for sample in range(n):
            F[sample] *= share
    if len(fixed) == 0:
        return
    hard, soft, high = np.float32(softmaxes[0]), np.float32(softmaxes[1]), np.float32(softmaxes[2])
    slope, exponential, top = np.empty_like(logits), np.empty_like(logits), logits[0].copy()
    for i in range(classes):
        for sample in range(n):
            top[sample] = max(top[sample], logits[i, sample])
            slope[i, sample] = -fixed[i, sample]
    for weight, temperature in ((hard, one), (soft, high)):
        if weight == zero:
            continue
        total[:] = zero
        for i in range(classes):
            for sample in range(n):
                exponential[i, sample] = math.exp((logits[i, sample] - top[sample]) / temperature)
                total[sample] += exponential[i, sample]
        for i in range(classes):
            for sample in range(n):
                slope[i, sample] += weight / total[sample] * exponential[i, sample]
    for i in range(classes):
        for sample in range(n):
            slope[i, sample] *= scale
        for j in range(i * neurons, (i + 1) * neurons):
            for p in range(patches):
                for sample in range(n):
                    pre[j, p * n + sample] *= slope[i, sample]


@_compiled("void(float32[:, ::1], float32[:, ::1])")
def weigh(gate: np.ndarray, slope: np.ndarray) -> None:
    """Multiply the derivative of each activation by that of the objective in the logit of the neuron's class.

    Args:
        gate: float32 ``[k m, P n]``, derivatives of ReLU~, as `activate` leaves them; then the products.
        slope: float32 ``[k, n]``, the derivatives by the logits.
    """
    (width, columns), (classes, n) = gate.shape, slope.shape
    neurons = width // classes
    for j in range(width):
        for p in range(columns // n):
            for sample in range(n):
                gate[j, p * n + sample] *= slope[j // neurons, sample]
