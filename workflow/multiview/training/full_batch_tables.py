"""Tables of full-batch training: what a trained chunk of seeds leaves behind, as the columns of its artifacts."""

from collections.abc import Sequence

import numpy as np
import torch

from multiview.networks.two_layer import view_strengths
from multiview.training.seed_run import SeedRun


def history_table(runs: Sequence[SeedRun], kinds: Sequence[str]) -> dict:
    """Columns of ``history``: a row for every seed, step and kind of sample."""
    lengths = [len(run.history) for run in runs]
    values = torch.cat([torch.stack(run.history) for run in runs]).double().numpy()  # [steps, kinds, 2]
    steps = np.concatenate([np.arange(n) for n in lengths])
    sizes = np.concatenate([run.step_sizes for run in runs])
    return {
        "seed": np.repeat(np.repeat([run.seed for run in runs], lengths), len(kinds)),
        "step": np.repeat(steps, len(kinds)),
        "kind": np.tile(kinds, len(steps)),
        "loss": values[..., 0].ravel(),
        "accuracy": values[..., 1].ravel(),
        "step_size": np.repeat(sizes, len(kinds)),
    }


def outcome_table(runs: Sequence[SeedRun]) -> dict:
    """Columns of ``outcome``: a row a seed."""
    return {
        "seed": [run.seed for run in runs],
        "steps": [run.step for run in runs],
        "converged": [run.converged for run in runs],
        "train_loss": [run.loss for run in runs],
        "train_accuracy": [run.accuracy for run in runs],
    }


def strengths_table(runs: Sequence[SeedRun]) -> dict:
    """Columns of ``strengths``: Phi of every view at every step."""
    lengths = [len(run.phi) for run in runs]
    phi = torch.cat([torch.stack(run.phi) for run in runs]).numpy()  # [steps, k, 2]
    steps = np.concatenate([np.arange(n) for n in lengths])
    seeds = np.repeat([run.seed for run in runs], lengths)
    per_step = phi.shape[1] * phi.shape[2]
    return {
        "seed": np.repeat(seeds, per_step),
        "step": np.repeat(steps, per_step),
        "phi": phi.ravel(),
    } | _view_index(len(steps), phi.shape[1])


def start_table(runs: Sequence[SeedRun], scale: np.ndarray) -> dict:
    """Columns of ``start``: Lambda at the initialisation and S `scale` ``[k, 2]`` in the training data."""
    per_seed = scale.size
    return {
        "seed": np.repeat([run.seed for run in runs], per_seed),
        "lambda": np.concatenate([run.start.numpy().ravel() for run in runs]),
        "s": np.tile(scale.ravel(), len(runs)),
    } | _view_index(len(runs), len(scale))


def member_strengths_table(runs: Sequence[SeedRun], views: torch.Tensor) -> dict:
    """Columns of ``member_strengths``: Phi at the end, of each network of an average."""
    networks = [run.network for run in runs]
    rows = [(run.seed, member) for run in runs for member in range(run.network.members)]
    phi = [view_strengths(n.directions(m), views, n.classes)[0] for n in networks for m in range(n.members)]
    return {
        "seed": np.repeat([seed for seed, _ in rows], phi[0].numel()),
        "member": np.repeat([member for _, member in rows], phi[0].numel()),
        "phi": torch.stack(phi).numpy().ravel(),
    } | _view_index(len(rows), len(phi[0]))


def weights_table(runs: Sequence[SeedRun]) -> dict:
    """Columns of ``weights``: a row a neuron, or a class where its weights are of features."""
    weights = np.concatenate([run.network.weight.detach().numpy() for run in runs])
    row = np.arange(len(weights) // len(runs))
    neurons = len(row) // runs[0].network.classes
    return {
        "seed": np.repeat([run.seed for run in runs], len(row)),
        "class": np.tile(row // neurons, len(runs)),
        "neuron": np.tile(row % neurons, len(runs)),
        "w": weights,
    }


def _view_index(times: int, classes: int) -> dict[str, np.ndarray]:
    view = np.arange(2 * classes)
    return {"class": np.tile(view // 2, times), "view": np.tile(view % 2 + 1, times)}
