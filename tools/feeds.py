"""Draw docs/feeds.png: what feeds the view that lost its race, by class and kind of sample.

    python tools/feeds.py [--study theory] [--seeds 20] [config.yaml]

With q = 3 the best neuron of a view grows as ``du/dt = S l u^2``, ``u = <w, v>``: a step is measured by the
part of ``1/u`` that it takes away. The parts of a step sum to the change of ``1/u`` of that neuron. A view that
has lost is learned all the same once nearly all of it is gone: ``u`` is of order 1 then.
"""

import argparse
from itertools import pairwise
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
import yaml
from torch import Tensor

from multiview import config
from multiview.data import multi_view
from multiview.figures import style
from multiview.networks.two_layer import TwoLayerNetwork, view_strengths
from multiview.training.step_rule import descend

PHASES = ("its own race", "waiting for other classes", "after all races")
GROUPS = ("own class, multi-view", "own class, single-view", "other classes")
LEARNED = 1.0
"""Strength Phi from which a race is over."""


def pulls(network: TwoLayerNetwork, best: Tensor, x: Tensor, label: Tensor, F: Tensor, views: Tensor) -> Tensor:
    """How much each sample pulls on a view of a class, through one neuron, in gradient descent with eta = 1.

    `best` is int64 ``[k]``, a neuron of each class; `views` ``[k, d]``, a view of each; `x` ``[n, P, d]`` and
    `label` ``[n]`` are the training samples, `F` ``[n, k]`` their logits. The result ``[n, k]`` is minus the
    derivative of the mean cross-entropy along the view.
    """
    w = network.weight.detach()[best]
    inner = (x @ w.T).clamp(0, network.rho)
    gate = (inner / network.rho) ** (network.q - 1)
    along = (gate * (x @ views.T)).sum(dim=1)
    target = torch.nn.functional.one_hot(label, network.classes)
    return (target - F.softmax(dim=1)) * along / len(x)


def shares(u: Tensor, grown: Tensor) -> Tensor:
    """How much of ``1/u`` each group takes away in a step, with ``1/u - 1/(u + g) = g / (u (u + g))``.

    `u` ``[views, k]`` is the size of the best neuron of each view before the step, `grown` ``[views, groups, k]``
    by how much each group makes it grow, ``g`` in total. Sums over groups of the result ``[views, groups, k]``
    are what ``1/u`` falls by, for ``u`` and ``u + g`` from 1e-10 on.
    """
    after = (u + grown.sum(dim=1)).clamp(min=1e-10)
    return grown / (u.clamp(min=1e-10) * after).unsqueeze(1)


def race(study: config.Study, data: multi_view.Dataset, seed: int, learned_ratio: float) -> pd.DataFrame:
    """Train one network on hard labels, and add up what the losing view of each class is fed.

    Returns:
        A row for each class, phase and group of samples that the class has: ``fed``, in units of ``1/u``; beside
        it ``distance``, the loser's ``1/u`` as its race ends, and whether both views were ``tied`` in the end.
    """
    net, settings, k = study.network, study.training, study.dataset.classes
    train = data.splits["train"]
    x, label = torch.from_numpy(train.x), torch.from_numpy(train.label).long()
    views = torch.from_numpy(data.tables["views"]["v"]).float()
    single = torch.from_numpy(train.kind != multi_view.MULTI_VIEW).unsqueeze(1)
    network = TwoLayerNetwork(k, study.dataset.dim, net.neurons, net.q, net.rho, net.init_std, seed)
    own = label.unsqueeze(1) == torch.arange(k)
    groups = torch.stack([own & ~single, own & single, ~own]).float()
    has = dict(zip(GROUPS, (groups > 0).any(dim=1).tolist(), strict=True))  # which classes have such samples
    trace = []  # of each step: Phi [k, 2], 1/u [k, 2], fed [2, groups, k]
    while True:
        F = network.gradient(x, label, 80)
        losses = network.values(F, label)
        phi, largest = view_strengths(network.weight, views, k)
        pulled = []
        for view in range(2):
            of_class = views[view::2]
            along = (network.weight.detach().unflatten(0, (k, -1)) * of_class.unsqueeze(1)).sum(dim=2)
            best = along.argmax(dim=1) + torch.arange(k) * net.neurons
            pull = pulls(network, best, x, label, F, of_class)
            pulled.append((groups * pull).sum(dim=1))
        right = bool((F.argmax(dim=1) == label).all())
        done = (right and float(losses.mean()) <= settings.loss_threshold) or len(trace) == settings.max_steps
        size = descend(network.weight, settings)
        trace.append((phi, 1 / largest.clamp(min=1e-10), shares(largest.T, size * torch.stack(pulled))))
        if done:
            break
    phi, distance, fed = (torch.stack(part) for part in zip(*trace, strict=True))
    over = (phi.amax(dim=2) >= LEARNED).int().argmax(dim=0)  # [k]: the step at which each race is over
    loser = phi[-1].argmin(dim=1)
    tied = phi[-1].amin(dim=1) >= learned_ratio * phi[-1].amax(dim=1)
    rows = []
    for i in range(k):
        at = float(distance[over[i], i, loser[i]])
        bounds = pairwise((0, int(over[i]), int(over.max()), len(trace)))
        for phase, (start, end) in zip(PHASES, bounds, strict=True):
            for group, amount in zip(GROUPS, fed[start:end, loser[i], :, i].sum(dim=0).tolist(), strict=True):
                if has[group][i]:
                    rows.append((seed, i, phase, group, amount, at, bool(tied[i])))
    return pd.DataFrame(rows, columns=["seed", "class", "phase", "group", "fed", "distance", "tied"])


def draw(table: pd.DataFrame, settings: config.Figures) -> plt.Figure:
    """Draw what each loser is fed after its race, as a share of what it lacks (left), and by whom (right)."""
    colours = style.apply(settings)
    figure, (left, right) = plt.subplots(1, 2, figsize=(style.PAGE, 2.9))
    table = table.assign(share=table["fed"] / table["distance"])
    later = table[table["phase"] != PHASES[0]]
    races = later.groupby(["seed", "class", "tied", "distance"], as_index=False)["share"].sum()
    low = -1.0
    for tied, marker, name in ((False, "o", "stays lost"), (True, "X", "is learned too")):
        some = races[races["tied"] == tied]
        shown = {"color": colours[tied], "marker": marker, "label": f"{name}: {len(some)}"}
        left.scatter(some["distance"], some["share"].clip(low, 1), s=12, **shown)
    left.axhline(1, color="0.4", linewidth=0.8)
    left.set(
        xscale="log",
        ylim=(low - 0.1, 1.1),
        xlabel="the loser's $1/u$ when its race is over",
        ylabel=f"share taken away afterwards (at least {low:g})",
    )
    left.xaxis.set_minor_formatter(plt.NullFormatter())
    left.legend(loc="lower left")
    # Of a loser that is driven down to nothing, 1/u says nothing any more.
    total = later.groupby(["seed", "class"])["share"].transform("sum")
    lost = later[~later["tied"] & (total > low)]
    for place, (group, colour) in enumerate(zip(GROUPS, colours[2:], strict=False)):
        for at, phase in enumerate(PHASES[1:]):
            share = lost.loc[(lost["phase"] == phase) & (lost["group"] == group), "share"].clip(low, 1)
            middle = at + (place - 1) * 0.27
            # Side by side in the order of seeds, so that equal ones do not hide each other.
            across = middle + np.linspace(-0.09, 0.09, len(share))
            right.scatter(across, share, s=6, alpha=0.6, linewidths=0, color=colour, label="" if at else group)
            right.hlines(share.median(), middle - 0.11, middle + 0.11, color="black", linewidth=1.2, zorder=3)
    right.axhline(0, color="0.4", linewidth=0.8)
    names = [phase.replace(" other", "\nother").replace(" all", "\nall") for phase in PHASES[1:]]
    right.set_xticks(range(len(names)), names)
    right.set(ylabel=f"share taken away (at least {low:g}) and median", ylim=(low - 0.1, 1.1))
    right.legend(loc="lower right")
    return figure


def main() -> None:
    """Train, draw and write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--study", default="theory")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--output", type=Path, default=Path("docs/feeds.png"))
    parser.add_argument("config", type=Path, nargs="?", default=Path("config.yaml"))
    asked = parser.parse_args()
    settings = config.load(yaml.safe_load(asked.config.read_text()))
    study = settings.studies[asked.study]
    if study.training.step_rule != "adaptive" or study.training.loss_threshold is None:
        parser.error(f"study {asked.study}: expected step_rule adaptive and a loss_threshold, found others")
    torch.set_num_threads(1)
    data = multi_view.draw(study.dataset)
    table = pd.concat(
        [race(study, data, study.first_seed + i, settings.evaluation.learned_ratio) for i in range(asked.seeds)]
    )
    draw(table, settings.figures).savefig(asked.output, dpi=200)


if __name__ == "__main__":
    main()
