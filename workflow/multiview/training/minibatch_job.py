"""What every training job of a study on images does around `minibatch.train`."""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from multiview import config
from multiview.data.photos import KIND
from multiview.data.tensors import Data, draw_copies
from multiview.networks.build import build
from multiview.networks.inference import logits_of
from multiview.objectives import Objective
from multiview.predictors.logits import logits_table, negative_log_likelihood
from multiview.runtime import devices
from multiview.store import artifacts, code
from multiview.training.minibatch import ImageRun, precision, train

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """What the seeds of a training job have in common.

    Attributes:
        data: what they are trained on.
        predictor: whose networks they are.
        network: the network section of the config.
        settings: the training section of the config.
        machine: how the job uses the machine.
        checkpoints: folder of all checkpoints of the study.
        logs: folder of all of Lightning's logs of the study.
        networks: how many networks are averaged; 1 but for ``joint``.
        copies: how many augmented copies of the training images students see; all: every one, as a single network
            of their seed sees them; 0: augmentations of their own, labelled as the image is.
    """

    data: Data
    predictor: str
    network: config.ImageNetwork
    settings: config.ImageTraining
    machine: config.Machine
    checkpoints: str
    logs: str
    networks: int = 1
    copies: int | Literal["all"] = 0

    def fit(
        self,
        seed: int,
        objective: Objective | None = None,
        teacher: Tensor | None = None,
        start: Mapping[str, Tensor] | None = None,
    ) -> ImageRun:
        """Train a seed, or take it up from a checkpoint that was made under the very same conditions.

        Args:
            seed: of the network.
            objective: what is descended; cross-entropy if None.
            teacher: ``[copies, n, k]``, the teacher's logits on the copies, or ``[1, n, k]`` on the images.
            start: the state of the network to start from; a fresh initialisation if None.
        """
        images, labels = self.data.images["train"], self.data.labels["train"]
        run = ImageRun(seed, build(self.network, images, self.data.about["classes"], seed, self.networks))
        if start is not None:
            run.network.load_state_dict(start)
        given = [] if teacher is None else [teacher.numpy()]
        given += [] if start is None else [tensor.numpy() for tensor in start.values()]
        here = [torch.__version__, devices.name(self.machine.accelerator), torch.get_num_threads()]
        key = [self.data.digest, config.canonical(self.network), self.settings.model_dump(), self.networks]
        used = ("multiview/training/minibatch.py", "multiview/networks/build.py", *code.networks(self.network))
        key += [code.digest(*used)]
        key += [repr(objective), artifacts.data_digest(*given), self.copies, here]
        digest = hashlib.sha256(json.dumps(key).encode()).hexdigest()[:16]
        train(
            run,
            images,
            labels,
            self.settings,
            self.machine,
            name=f"{self.predictor}, seed {seed}",
            checkpoint=Path(self.checkpoints) / digest / f"seed_{seed}.pt",
            # A student tries several objectives, at the same time maybe: each has a folder of its own.
            logs=Path(self.logs) / self.predictor / _folder(objective) / f"seed_{seed}",
            objective=objective,
            teacher=teacher,
            copies=draw_copies(self.data, self.settings.augmentation, self.copies) if self.copies else None,
        )
        return run

    def logits(self, run: ImageRun, split: str) -> np.ndarray:
        """What a trained network says, float32 ``[n, k]``."""
        return logits_of(run.network, self.data.images[split], self.machine.accelerator)

    def write(self, runs: Sequence[ImageRun], target: Any, provenance: Mapping[str, Any]) -> None:
        """Write the artifacts of trained seeds.

        Args:
            runs: they.
            target: has the paths `logits`, `history`, `outcome` and `networks`.
            provenance: what there is to say besides what the job knows.
        """
        said = {name: np.stack([self.logits(run, name) for run in runs]) for name in self.data.images}
        record = {
            "dataset": self.data.digest,
            "seeds": [run.seed for run in runs],
            "network": self.network.model_dump(),
            "networks": self.networks,
            "training": self.settings.model_dump(),
            "device": devices.name(self.machine.accelerator),
            "precision": precision(self.settings, self.machine),
            "seconds": {str(run.seed): round(run.seconds, 2) for run in runs},
        } | dict(provenance)
        labels = self.data.labels["train"].numpy()
        tables = {
            "logits": logits_table(self.predictor, [run.seed for run in runs], said),
            "history": _history(runs),
            "outcome": _outcome(runs, said["train"], labels),
        }
        for kind, table in tables.items():
            artifacts.write(target[kind], kind, table, record)
        with artifacts.replacing(target["networks"]) as temporary:
            states = {run.seed: run.network.state_dict() for run in runs}
            torch.save({"dataset": self.data.digest, "states": states}, temporary)


def _folder(objective: Objective | None) -> str:
    """A name for an objective that a folder can have: ``hinton_alpha_0.5_temperature_4_teacher_scale_1``."""
    if objective is None:
        return ""
    values = [f"{name}_{value:g}" for name, value in asdict(objective).items()]
    return "_".join([type(objective).__name__.lower(), *values])


def _history(runs: Sequence[ImageRun]) -> dict:
    rows = [(run.seed, *row) for run in runs for row in run.history]
    seed, step, rate, loss, accuracy = map(list, zip(*rows, strict=True))
    return {
        "seed": seed,
        "step": step,
        "kind": [KIND] * len(rows),
        "loss": loss,
        "accuracy": accuracy,
        "step_size": rate,
    }


def _outcome(runs: Sequence[ImageRun], logits: np.ndarray, label: np.ndarray) -> dict:
    losses = negative_log_likelihood(logits, label)
    accuracy = (logits.argmax(axis=2) == label).mean(axis=1)
    return {
        "seed": [run.seed for run in runs],
        "steps": [run.history[-1][0] for run in runs],
        "converged": accuracy == 1,
        "train_loss": losses.mean(axis=1),
        "train_accuracy": accuracy,
    }
