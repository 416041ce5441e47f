"""Jobs that train by full batches, around `full_batch.train`: read the data, find checkpoints, make the tables."""

import hashlib
import json
import logging
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from multiview import config, objectives
from multiview.data import registry
from multiview.data.base import Dataset
from multiview.networks.two_layer import view_strengths
from multiview.predictors.logits import logits_table
from multiview.runtime import devices, jobs
from multiview.soft_labels import soft_label_logits
from multiview.store import artifacts, code
from multiview.training import full_batch
from multiview.training.seed_run import SeedRun

log = logging.getLogger(__name__)


def read(samples: str) -> Dataset:
    """Draw a dataset again, which is faster than to read its inputs, and check that it is the same.

    Raises:
        ArtifactError: if `samples` is damaged, or what is drawn here is another dataset.
    """
    about = artifacts.read(samples, "samples").provenance
    dataset, _ = registry.draw(json.dumps(about["config"]))
    if dataset.digest != about["dataset"]:
        raise artifacts.ArtifactError(
            f"{samples}: expected that its config draws the dataset {about['dataset']} here too, found "
            f"{dataset.digest}: it was drawn by other code, or on a machine that rounds otherwise. "
            "Delete it and run again"
        )
    return dataset


class Job:
    """A job that trains, and what its seeds have in common. `job` is Snakemake's own object in scripts.

    Attributes:
        network: the section of the config; students that start from scratch may be given another `init_std`.
        views: float32 ``[2k, d]``.
    """

    def __init__(self, job: Any):
        torch.set_num_threads(job.threads)
        self.job, self.machine, self.data = job, jobs.machine(job), read(job.input.samples)
        self.network = config.Network.model_validate_json(job.params.network)
        self.views = torch.from_numpy(np.ascontiguousarray(self.data.tables["views"]["v"], np.float32))

    def fit(self, seeds: Sequence[int], settings: config.Training, members: int = 1, **more) -> list[SeedRun]:
        """Train seeds, resuming from checkpoints that were made under the very same conditions.

        `more` are objective, teachers, starts and unions, for `full_batch.train`.
        """
        data, train = self.data, self.data.splits["train"]
        versions = torch.__version__, artifacts.versions()["numba"]
        here = [*versions, devices.name(self.machine.accelerator), torch.get_num_threads()]
        used = code.digest("multiview/training/full_batch.py", *code.networks(self.network))
        ends = sorted({(union.scale, union.margin) for union in more.get("unions", {}).values()})
        lesson = [repr(more.get("objective")), ends, members]  # but for teachers and starts, which differ by seed
        key = [data.digest, config.canonical(self.network), settings.model_dump(), lesson, here, used]
        digest = hashlib.sha256(json.dumps(key).encode()).hexdigest()[:16]
        kinds = train.kind == np.unique(train.kind)[:, None]
        x, label, kinds = (torch.from_numpy(np.array(values)) for values in (train.x, train.label, kinds))
        given = (seeds, x, label, kinds, self.views, data.classes, self.network, settings, self.machine)
        checkpoints = Path(self.job.params.checkpoints) / digest
        return full_batch.train(*given, checkpoints=checkpoints, members=members, **more)

    def read_weights(self, seeds: Sequence[int]) -> dict[int, Tensor]:
        """The weights ``[k m, d]`` with which the hard-label training of some seeds ended, by seed.

        Raises:
            ArtifactError: if a file is of another dataset or network.
        """
        found, expect = {}, {"dataset": self.data.digest, "network": self.network.model_dump()}
        for path in self.job.input.start:
            file = artifacts.read(path, "weights", expect=expect)
            seed, w = file.numpy("seed"), file.numpy("w")
            found |= {one: torch.from_numpy(w[seed == one]) for one in set(seed.tolist()) & set(seeds)}
        return found

    def tables(self, runs: Sequence[SeedRun]) -> dict[str, dict]:
        """Columns of ``logits`` (all splits), ``history``, ``outcome``, ``strengths`` and ``weights``, by kind."""
        data, block, begin = self.data, self.machine.block_samples, time.monotonic()
        logits = {}
        for name, split in data.splits.items():
            x = torch.from_numpy(np.array(split.x))
            logits[name] = np.stack([run.network.logits(x, block) for run in runs])
        log.info("logits of every split: %.2f s", time.monotonic() - begin)
        seeds, kinds, history, strengths = [run.seed for run in runs], np.unique(data.splits["train"].kind), [], []
        for run in runs:
            loss, accuracy = torch.stack(run.history).double().flatten(0, 1).T.numpy()
            columns = {"loss": loss, "accuracy": accuracy, "step_size": np.repeat(run.step_sizes, len(kinds))}
            history.append(artifacts.entries(seed=[run.seed], step=run.recorded, kind=kinds) | columns)
            strengths.append(_of_views(torch.stack(run.phi), "phi", seed=[run.seed], step=run.recorded))
        weights = np.concatenate([run.network.weight.detach().numpy() for run in runs])
        neurons = range(len(weights) // len(seeds) // data.classes)  # one where weights are of features
        index = artifacts.entries(**{"seed": seeds, "class": range(data.classes), "neuron": neurons})
        return {
            "logits": logits_table(self.job.params.predictor, seeds, logits),
            "history": _joined(history),
            "outcome": {
                "seed": seeds,
                "steps": [run.step for run in runs],
                "converged": [run.converged for run in runs],
                "train_loss": [run.loss for run in runs],
                "train_accuracy": [run.accuracy for run in runs],
            },
            "strengths": _joined(strengths),
            "weights": index | {"w": weights},
        }

    def member_strengths_table(self, runs: Sequence[SeedRun]) -> dict:
        """Columns of ``member_strengths``: Phi at the end, of each network of an average."""
        networks, members = [run.network for run in runs], range(runs[0].network.members)
        phi = [view_strengths(n.directions(i), self.views, n.classes)[0] for n in networks for i in members]
        return _of_views(torch.stack(phi), "phi", seed=[run.seed for run in runs], member=members)

    def write(self, tables: Mapping[str, dict], **provenance) -> None:
        """Write the artifacts of trained seeds, whose `tables` are by kind.

        `provenance` is what there is to say besides what the job knows.
        """
        record = jobs.about(self.job) | {
            "dataset": self.data.digest,
            "seeds": list(tables["outcome"]["seed"]),
            "network": self.network.model_dump(),
            "device": devices.name(self.machine.accelerator),
        }
        for kind, table in tables.items():
            artifacts.write(self.job.output[kind], kind, table, record | provenance)


def lessons(
    settings: config.Distillation, teachers: Mapping[int, Tensor], own: Mapping[int, Tensor], label: Tensor
) -> dict[str, Any]:
    """Objective, teachers and ends of students, for `full_batch.train`.

    The union at which a student may end is with its teacher itself, whatever part of it soft labels are made of.
    Where these have the student's own logits for a part, teacher and student would show the same there.

    Args:
        teachers: for each student's seed ``[n, k]``, the logits of its teacher.
        own: likewise its own, before it is taught; of those that need them.
        label: int64 ``[n]``.
    """
    lesson = {"objective": objectives.from_config(settings.objective), "teachers": {}}
    for seed, logits in teachers.items():
        soft = soft_label_logits(settings.soft_labels, logits, label, own.get(seed), seed)
        lesson["teachers"][seed] = soft
    if settings.stop == "union":
        bounds = min(settings.objective.teacher_scale / 2, 1.0), settings.union_margin
        lesson["unions"] = {
            seed: objectives.Union(logits, own[seed], label, *bounds) for seed, logits in teachers.items()
        }
    return lesson


def start_table(runs: Sequence[SeedRun], scale: np.ndarray) -> dict:
    """Columns of ``start``: Lambda at the initialisation and S `scale` ``[k, 2]`` in the training data."""
    index = _of_views(torch.stack([run.start for run in runs]), "lambda", seed=[run.seed for run in runs])
    return index | {"s": np.tile(scale.ravel(), len(runs))}


def _of_views(values: Tensor, name: str, **axes: Sequence) -> dict:
    """Columns of values ``[..., k, 2]`` of views."""
    index = artifacts.entries(**axes, **{"class": range(values.shape[-2]), "view": (1, 2)})
    return index | {name: values.numpy().ravel()}


def _joined(parts: Sequence[dict]) -> dict:
    """The columns of several tables, one below the other."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def fresh(seed: int, shape: Sequence[int], std: float, classes: int, centred: bool) -> Tensor:
    """Weights of ``N(0, std^2)`` that a student starts from besides its own: independent of its initialisation.

    What the race has left of a view that lost is so small that a student needs some hundred times the steps to
    make it grow. The paper's students are fresh networks; these have fresh weights beside what they know.

    `shape` is ``(k m, d)``. If `centred`, the mean over a class's m neurons is subtracted, and the rest scaled by
    ``sqrt(m / (m - 1))``, which gives each weight its variance back; a single neuron keeps its own.
    """
    state = int(np.random.SeedSequence([seed, 1]).generate_state(1, np.uint64)[0] >> np.uint64(1))
    weight = torch.randn(*shape, generator=torch.Generator().manual_seed(state)) * std
    neurons = weight.unflatten(0, (classes, -1))
    if centred and (m := neurons.shape[1]) > 1:
        neurons.sub_(neurons.mean(dim=1, keepdim=True)).mul_(math.sqrt(m / (m - 1)))
    return weight
