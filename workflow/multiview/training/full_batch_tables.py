"""Tables of full-batch training: what a trained chunk of seeds leaves behind, as the columns of its artifacts."""

from collections.abc import Sequence

import numpy as np
import torch

from multiview.networks.two_layer import view_strengths
from multiview.store.artifacts import entries
from multiview.training.seed_run import SeedRun


def tables(runs: Sequence[SeedRun], kinds: Sequence[str]) -> dict[str, dict]:
    """Columns of ``history``, ``outcome``, ``strengths`` and ``weights``, for `kinds` of samples."""
    seeds, classes, history, strengths = [run.seed for run in runs], range(runs[0].network.classes), [], []
    for run in runs:
        loss, accuracy = torch.stack(run.history).double().flatten(0, 1).T.numpy()
        columns = {"loss": loss, "accuracy": accuracy, "step_size": np.repeat(run.step_sizes, len(kinds))}
        history.append(entries(seed=[run.seed], step=run.recorded, kind=kinds) | columns)
        strengths.append(_of_views(torch.stack(run.phi), "phi", seed=[run.seed], step=run.recorded))
    outcome = {
        "seed": seeds,
        "steps": [run.step for run in runs],
        "converged": [run.converged for run in runs],
        "train_loss": [run.loss for run in runs],
        "train_accuracy": [run.accuracy for run in runs],
    }
    weights = np.concatenate([run.network.weight.detach().numpy() for run in runs])
    neurons = range(len(weights) // len(seeds) // len(classes))  # one where weights are of features
    index = entries(**{"seed": seeds, "class": classes, "neuron": neurons})
    joined = {"history": _joined(history), "strengths": _joined(strengths)}
    return joined | {"outcome": outcome, "weights": index | {"w": weights}}


def start_table(runs: Sequence[SeedRun], scale: np.ndarray) -> dict:
    """Columns of ``start``: Lambda at the initialisation and S `scale` ``[k, 2]`` in the training data."""
    index = _of_views(torch.stack([run.start for run in runs]), "lambda", seed=[run.seed for run in runs])
    return index | {"s": np.tile(scale.ravel(), len(runs))}


def member_strengths_table(runs: Sequence[SeedRun], views: torch.Tensor) -> dict:
    """Columns of ``member_strengths``: Phi at the end, of each network of an average."""
    networks, members = [run.network for run in runs], range(runs[0].network.members)
    phi = [view_strengths(n.directions(member), views, n.classes)[0] for n in networks for member in members]
    return _of_views(torch.stack(phi), "phi", seed=[run.seed for run in runs], member=members)


def _of_views(values: torch.Tensor, name: str, **axes: Sequence) -> dict:
    """Columns of values ``[..., k, 2]`` of views."""
    index = entries(**axes, **{"class": range(values.shape[-2]), "view": (1, 2)})
    return index | {name: values.numpy().ravel()}


def _joined(parts: Sequence[dict]) -> dict:
    """The columns of several tables, one below the other."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
