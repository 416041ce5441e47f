"""Networks of several seeds trained side by side on images: one batched pass a step in place of one for each.

For a GPU, which one small network leaves idle. Every seed has its own order of images, augmentations and weights;
its steps are those of `multiview.training.minibatch` up to the rounding of batched products. On a GPU a step is
recorded once as a CUDA graph and replayed, so that the host does not hold it up, and the host waits for it once an
epoch.
"""

import contextlib
import copy
import functools
import logging
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from multiview import config
from multiview.data.augmentation import Copies, augment
from multiview.networks.registry import Forwarded
from multiview.objectives import Objective
from multiview.runtime import devices
from multiview.runtime.interrupts import Ending
from multiview.store import torch_files
from multiview.training import minibatch
from multiview.training.minibatch import ImageRun, ImageTask
from multiview.training.sgd import SMALL, check_last_batch, optimizer_and_schedule

log = logging.getLogger(__name__)

PRECISION = "32-true"
"""In which it is done: batch normalisation of several networks at once takes no mixed one."""
WARM_UP = 3
"""Steps before one is recorded, as CUDA graphs ask for."""


def pays(
    network: config.ImageNetwork, settings: config.ImageTraining, machine: config.Machine, multiplications: float
) -> bool:
    """Whether networks are trained side by side.

    `settings` have the precision in force; `multiplications` are those of a step's forward pass by one network.
    """
    can = config.can_be_side_by_side(network, machine) and settings.precision == PRECISION
    if machine.side_by_side != "auto" or not can:
        return machine.side_by_side is True and can
    return devices.type_of(machine.accelerator) == "cuda" and multiplications < SMALL


class SideBySide:
    """Trains the networks of `tasks` that differ in their seeds alone; `teachers`: one for each, or None."""

    def __init__(self, tasks: Sequence[ImageTask], teachers: Sequence[Tensor | Forwarded] | None):
        self.tasks, first = tasks, tasks[0]
        self.settings, self.objective = first.settings, first.objective
        self.device = torch.device(devices.type_of(first.machine.accelerator))
        states = torch.func.stack_module_state([task.network.train() for task in tasks])
        self.weights, self.buffers = (
            {name: tensor.detach().to(self.device) for name, tensor in state.items()} for state in states
        )
        for weight in self.weights.values():
            weight.requires_grad_(True)
        skeleton = copy.deepcopy(first.network).to("meta")
        self.forward = torch.func.vmap(functools.partial(torch.func.functional_call, skeleton))
        self.images, self.label = first.images.to(self.device), first.label.to(self.device)
        if teachers is not None:
            same = all(teacher is teachers[0] for teacher in teachers)
            teachers = [teacher.to(self.device) for teacher in (teachers[:1] if same else teachers)]
        self.teachers = teachers
        self.optimizer, self.schedule = optimizer_and_schedule(list(self.weights.values()), self.settings)
        self.sums = torch.zeros(len(tasks), 3, device=self.device)
        self.graphs: dict[tuple[int, float], tuple[torch.cuda.CUDAGraph, list[Tensor]]] = {}
        self.stream = torch.cuda.Stream() if self.device.type == "cuda" else None

    def _teachers_logits(self, images: Tensor, index: Tensor, number: Tensor) -> Tensor | None:
        """What teachers say of a batch, ``[seeds b, k]``."""
        if self.teachers is None:
            return None
        if len(self.teachers) == 1:  # of all
            return _logits_of(self.teachers[0], images.flatten(0, 1), index.flatten(), number.flatten())
        parts = zip(self.teachers, images, index, number, strict=True)
        return torch.cat([_logits_of(*part) for part in parts])

    def _step(self, index: Tensor, offset: Tensor, flip: Tensor, number: Tensor) -> None:
        """One step of every seed; all ``[seeds, b, ...]``."""
        padding, shape = self.settings.augmentation.crop_padding, index.shape
        images = augment(self.images[index.flatten()], offset.flatten(0, 1), flip.flatten(), padding)
        images = images.unflatten(0, shape)
        logits = self.forward((self.weights, self.buffers), (images,))  # [seeds, b, k]
        label = self.label[index.flatten()]
        teacher = self._teachers_logits(images, index, number)
        values, slope = self.objective(logits.detach().flatten(0, 1), label, teacher)
        right = (logits.detach().argmax(dim=2) == label.view(shape)).sum(dim=1).float()
        self.sums += torch.stack([values.view(shape).sum(dim=1), right, torch.full_like(right, shape[1])], dim=1)
        # Seeds share nothing: the gradient of the sum is each one's own.
        weights = list(self.weights.values())
        gradients = torch.autograd.grad((slope.view_as(logits) * logits).sum() / shape[1], weights)
        for weight, gradient in zip(weights, gradients, strict=True):
            weight.grad = gradient
        self.optimizer.step()

    def _replayed(self, *batch: Tensor) -> None:
        """A step as a CUDA graph, recorded where the batch or the learning rate has changed."""
        key = (batch[0].shape[1], self.optimizer.param_groups[0]["lr"])
        if key not in self.graphs:
            self.graphs = {k: v for k, v in self.graphs.items() if k[1] == key[1]}  # the rate does not come back
            static = [part.clone() for part in batch]
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, stream=self.stream):
                self._step(*static)
            self.graphs[key] = graph, static
        graph, static = self.graphs[key]
        for tensor, part in zip(static, batch, strict=True):
            tensor.copy_(part)
        graph.replay()

    def train_epoch(self, epoch: int, ending: Ending, name: str) -> None:
        """All steps of an epoch."""
        batches = [minibatch.Batches(task) for task in self.tasks]
        for task, of_seed in zip(self.tasks, batches, strict=True):
            task.current_epoch = epoch
            of_seed.draw()
        by_seed = zip(*(of_seed.columns for of_seed in batches), strict=True)
        columns = [torch.stack(column).to(self.device) for column in by_seed]
        size, rate = self.settings.batch_size, self.optimizer.param_groups[0]["lr"]
        # On a stream of its own from the start: that is where graphs are recorded.
        if self.stream is not None:
            self.stream.wait_stream(torch.cuda.current_stream())
        with contextlib.nullcontext() if self.stream is None else torch.cuda.stream(self.stream):
            self.sums.zero_()
            for i in range(len(batches[0])):
                part = [column[:, i * size : (i + 1) * size].contiguous() for column in columns]
                warm = self.stream is None or (len(self.graphs) == 0 and i < WARM_UP)
                self._step(*part) if warm else self._replayed(*part)
                last = epoch + 1 == self.settings.epochs and i + 1 == len(batches[0])
                if ending.signal is not None and not last:
                    raise InterruptedError(minibatch.INTERRUPTED.format(ending.signal, epoch + 1, name))
            if self.stream is not None:
                self.stream.synchronize()
        for task, sums in zip(self.tasks, self.sums.cpu(), strict=True):
            task.sums, task.rate = sums, rate
            task.global_step += len(batches[0])
            task.on_train_epoch_end()

    def give_back(self) -> None:
        """Give every run its own weights."""
        states = (self.weights | self.buffers).items()
        for i, task in enumerate(self.tasks):
            task.network.load_state_dict({name: tensor[i].detach().cpu() for name, tensor in states})
            task.network.eval()

    def state(self, epoch: int) -> dict:
        """What a checkpoint has."""
        return {
            "epoch": epoch,
            "state_dict": {name: t.detach() for name, t in (self.weights | self.buffers).items()},
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "record": [task.run.record() for task in self.tasks],
        }

    @torch.no_grad()
    def take_up(self, saved: dict) -> None:
        """Go on from a checkpoint.

        Raises:
            KeyError, ValueError: if it lacks anything, or is of other networks; then nothing was changed.
        """
        for key in self.state(0):
            saved[key]
        tensors = self.weights | self.buffers
        shapes, found = ({name: t.shape for name, t in of.items()} for of in (tensors, saved["state_dict"]))
        if found != shapes or len(saved["record"]) != len(self.tasks):
            raise ValueError("it is of other networks")
        for record in saved["record"]:
            minibatch.entries_of(record)
        for name, tensor in tensors.items():
            tensor.copy_(saved["state_dict"][name])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.schedule.load_state_dict(saved["schedule"])
        for task, record in zip(self.tasks, saved["record"], strict=True):
            task.run.take_up(record)
            task.global_step = len(minibatch.Batches(task)) * (saved["epoch"] + 1)


@contextlib.contextmanager
def _deterministic() -> Iterator[None]:
    """Ask cuDNN for the same numbers every time, as Lightning is asked for; all else of it stays as it is."""
    before, torch.backends.cudnn.deterministic = torch.backends.cudnn.deterministic, True
    try:
        yield
    finally:
        torch.backends.cudnn.deterministic = before


def _logits_of(teacher: Tensor | Forwarded, images: Tensor, index: Tensor, number: Tensor) -> Tensor:
    return teacher(images) if isinstance(teacher, Forwarded) else teacher[number, index]


def train(
    runs: Sequence[ImageRun],
    images: Tensor,
    label: Tensor,
    settings: config.ImageTraining,
    machine: config.Machine = config.DEFAULT_MACHINE,
    name: str = "",
    checkpoint: Path | None = None,
    objective: Objective | None = None,
    teachers: Sequence[Tensor | Forwarded] | None = None,
    copies: Copies | None = None,
) -> None:
    """Train the networks of some seeds to the end, from their checkpoint if there is one.

    As `minibatch.train`, for all runs together, in one checkpoint; without loggers. `teachers`: one for each run,
    or None.
    """
    check_last_batch(runs[0].network, len(label), settings.batch_size)
    tasks = [ImageTask(run, images, label, settings, machine, objective, copies=copies) for run in runs]
    together = SideBySide(tasks, teachers)
    saved = torch_files.resumed_from(checkpoint, together.take_up)
    first = 0 if saved is None else saved["epoch"] + 1
    if first:
        log.info("%s: taken up from %s, after epoch %d", name, checkpoint, first)
    begin = last_saved = since = time.monotonic()
    with _deterministic(), Ending() as ending:
        for epoch in range(first, settings.epochs):
            together.train_epoch(epoch, ending, name)
            together.schedule.step()
            now = time.monotonic()
            done, last = epoch + 1 - first, epoch + 1 == settings.epochs
            rate = done * len(label) * len(runs) / (now - begin)
            left = (settings.epochs - epoch - 1) * (now - begin) / done
            loss, accuracy = np.mean([run.history[-1][2:] for run in runs], axis=0)
            log.info(
                f"{name} | epoch {epoch + 1}/{settings.epochs} | {rate:.0f} images/s | {left:.0f} s left | "
                f"loss {loss:.4f} | accuracy {accuracy:.4f}"
            )
            for run in runs:
                run.seconds += (now - since) / len(runs)
            since = now
            if checkpoint is not None and (last or now - last_saved >= machine.checkpoint_seconds):
                last_saved = now
                torch_files.save(checkpoint, together.state(epoch))
    together.give_back()
