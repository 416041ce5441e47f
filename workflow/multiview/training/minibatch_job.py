"""Jobs that train on images, around `minibatch.train`: read the data, find checkpoints, write the artifacts."""

import functools
import hashlib
import json
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import TypeAdapter
from torch import Tensor

from multiview import config
from multiview.data import tensors
from multiview.data.photos import KIND
from multiview.networks.registry import Forwarded, build, logits_of
from multiview.objectives import Objective
from multiview.predictors.logits import logits_table, negative_log_likelihood, read_copies
from multiview.runtime import devices, jobs, resources
from multiview.store import artifacts, code, torch_files
from multiview.training import side_by_side
from multiview.training.minibatch import ImageRun, train
from multiview.training.sgd import precision

log = logging.getLogger(__name__)

Teacher = Tensor | Forwarded
"""What teaches a student: logits on its copies, or networks that are asked in every step."""


class Job:
    """A job that trains, and what its seeds have in common.

    `job` is Snakemake's own object in scripts.

    Attributes:
        settings: the section ``training`` as it is in the config.
        in_force: the same with the precision that ``auto`` stands for.
        together: whether seeds are trained side by side.
        networks: how many networks are averaged; 1 but for ``joint``.
        copies: how many augmented copies of the training images students see; all: every one, as a single network
            of their seed sees them; 0: augmentations of their own, labelled as the image is.
    """

    def __init__(self, job: Any, settings: config.ImageTraining):
        torch.set_num_threads(job.threads)
        self.job, self.settings, self.machine = job, settings, jobs.machine(job)
        self.data = tensors.read(job.input.samples, job.input.images)
        self.network = TypeAdapter(config.ImageNetwork).validate_json(job.params.network)
        self.networks, self.copies = job.params.get("networks", 1), job.params.get("copies", 0)
        image = resources.multiplications(self.network, self.data.images["train"].shape[1:])
        size = float(settings.batch_size * image)  # of a step's forward pass by one network
        self.in_force = settings.model_copy(update={"precision": precision(settings, self.machine, size)})
        self.together = side_by_side.pays(self.network, self.in_force, self.machine, size * self.networks)

    def fit(
        self,
        seeds: Sequence[int],
        objective: Objective | None = None,
        teachers: Mapping[int, Teacher] | None = None,
        starts: Mapping[int, Mapping[str, Tensor]] | None = None,
    ) -> list[ImageRun]:
        """Train seeds, or take them up from checkpoints that were made under the very same conditions.

        Args:
            objective: what is descended; cross-entropy if None.
            teachers: for each seed what teaches it (see `minibatch.ImageTask`), or None.
            starts: for each seed the state of the network to start from; one without has a fresh initialisation.
        """
        starts = starts or {}
        teachers = teachers or dict.fromkeys(seeds)  # no seed has one
        images, params = self.data.images["train"], self.job.params
        classes, checkpoints = self.data.about["classes"], Path(params.checkpoints)
        runs = [ImageRun(seed, build(self.network, images, classes, seed, self.networks)) for seed in seeds]
        for run in runs:
            if run.seed in starts:
                run.network.load_state_dict(starts[run.seed])
        given = images, self.data.labels["train"], self.in_force, self.machine
        lesson = {"objective": objective}
        if self.copies:
            lesson["copies"] = tensors.draw_copies(self.data, self.settings.augmentation, self.copies)
        digests = {seed: self._digest(objective, teachers[seed], starts.get(seed)) for seed in seeds}
        if self.together:
            # Seeds of one teacher have one digest: it does not tell them apart.
            lesson["checkpoint"] = checkpoints / f"{_digest_of(digests)}.pt"
            name = f"{params.predictor}, seeds {', '.join(map(str, seeds))}"
            of_each = [teachers[seed] for seed in seeds]
            side_by_side.train(runs, *given, name, teachers=None if None in of_each else of_each, **lesson)
            return runs
        # A student tries several objectives, at the same time maybe: each has a folder of its own.
        logs = Path(params.lightning_logs) / params.predictor / _folder(objective)
        for run in runs:
            name = f"seed_{run.seed}"
            file = Path(digests[run.seed], f"{name}.pt")
            # A student that tried what was chosen has been trained to the end, in this run of the workflow: once
            # is enough. (Of a run that has ended no finished checkpoints are left.)
            tried = (Path(folder, file) for folder in params.get("tried", []))
            lesson |= {"checkpoint": next(filter(Path.exists, tried), checkpoints / file), "logs": logs / name}
            name = f"{params.predictor}, seed {run.seed}"
            train(run, *given, name, teacher=teachers[run.seed], **lesson)
        return runs

    def lessons(self, taught_by: Mapping[int, Sequence[int]]) -> dict[str, Any]:
        """What students learn from and start from, for `fit`.

        The job's param ``teachers_say`` is what there is of teachers: ``copies``, what they say of all copies;
        ``networks``, these themselves; empty if nothing teaches. `taught_by` has for each student the seeds of the
        networks whose average teaches it.
        """
        source, params, dataset = self.job.input, self.job.params, self.data.digest
        lessons = {"starts": tensors.read_networks(source.start, list(taught_by), dataset)}
        if not params.teachers_say:
            return lessons
        stored = params.teachers_say == "copies"
        if stored:
            by_seed = read_copies(source.teacher, dataset, params.teacher)
        else:
            teachers = {seed for seeds in taught_by.values() for seed in seeds}
            by_seed = tensors.trained(source.teacher, teachers, self.data, self.network)

        @functools.cache  # one object for all students of the same teacher
        def average(*members: int) -> Teacher:
            chosen = [by_seed[member] for member in members]
            return torch.from_numpy(np.mean(chosen, axis=0)) if stored else Forwarded(chosen)

        return lessons | {"teachers": {seed: average(*members) for seed, members in taught_by.items()}}

    def _digest(
        self, objective: Objective | None, teacher: Teacher | None, start: Mapping[str, Tensor] | None
    ) -> str:
        """Of all that decides how a seed trains, here."""
        taught = {"logits": teacher} if isinstance(teacher, Tensor) else teacher.state_dict() if teacher else {}
        arrays = [tensor.detach().cpu().numpy() for state in (taught, start or {}) for tensor in state.values()]
        here = [torch.__version__, devices.name(self.machine.accelerator), torch.get_num_threads()]
        key = [self.data.digest, config.canonical(self.network), self.in_force.model_dump(), self.networks]
        used = [f"multiview/training/{name}.py" for name in ("minibatch", "sgd", "side_by_side")]
        key += [code.digest(*used, "multiview/networks/registry.py", *code.networks(self.network))]
        key += [repr(objective), artifacts.data_digest(*arrays), self.copies, here]
        return _digest_of(key)

    def logits(self, run: ImageRun, split: str) -> np.ndarray:
        """What a trained network says, float32 ``[n, k]``."""
        return logits_of(run.network, self.data.images[split], self.machine.accelerator)

    def write(self, runs: Sequence[ImageRun], **provenance) -> None:
        """Write the artifacts of trained seeds: ``logits``, ``history``, ``outcome`` and ``networks``.

        `provenance` is what there is to say besides what the job knows.
        """
        begin = time.monotonic()
        logits = {name: np.stack([self.logits(run, name) for run in runs]) for name in self.data.images}
        log.info("logits of every split: %.2f s", time.monotonic() - begin)
        record = jobs.about(self.job) | {
            "dataset": self.data.digest,
            "seeds": [run.seed for run in runs],
            "network": self.network.model_dump(),
            "networks": self.networks,
            "training": self.settings.model_dump(),
            "device": devices.name(self.machine.accelerator),
            "precision": self.in_force.precision,
            "side_by_side": self.together,
            "seconds": {str(run.seed): round(run.seconds, 2) for run in runs},
        }
        labels, seeds = self.data.labels["train"].numpy(), record["seeds"]
        accuracy = (logits["train"].argmax(axis=2) == labels).mean(axis=1)
        rows = [(run.seed, *row) for run in runs for row in run.history]
        names = ("seed", "step", "step_size", "loss", "accuracy")
        history = dict(zip(names, zip(*rows, strict=True), strict=True))
        tables = {
            "logits": logits_table(self.job.params.predictor, seeds, logits),
            "history": history | {"kind": [KIND] * len(rows)},
            "outcome": {
                "seed": seeds,
                "steps": [run.history[-1][0] for run in runs],
                "converged": accuracy == 1,
                "train_loss": negative_log_likelihood(logits["train"], labels).mean(axis=1),
                "train_accuracy": accuracy,
            },
        }
        for kind, table in tables.items():
            artifacts.write(self.job.output[kind], kind, table, record | provenance)
        states = {run.seed: run.network.state_dict() for run in runs}
        torch_files.save(self.job.output["networks"], {"dataset": self.data.digest, "states": states})


def _digest_of(key: Any) -> str:
    return hashlib.sha256(json.dumps(key).encode()).hexdigest()[:16]


def _folder(objective: Objective | None) -> str:
    """A name for an objective that a folder can have: ``hinton_alpha_0.5_temperature_4_teacher_scale_1``."""
    if objective is None:
        return ""
    values = [f"{name}_{value:g}" for name, value in asdict(objective).items()]
    return "_".join([type(objective).__name__.lower(), *values])
