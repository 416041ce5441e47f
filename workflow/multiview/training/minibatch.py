"""Minibatch training (SGD) of networks for images, one seed after the other.

A seed decides the initialisation, the order of the images, their augmentation and what the network itself draws
(dropout). Each epoch draws from generators of its own, made of the seed and the epoch's number, so that a seed
learns the same in any chunk, and however often its job was interrupted.

On a CPU in full precision a plain loop trains, which takes the very steps that Lightning takes; GPUs, mixed
precision and loggers are Lightning's (`multiview.training.lightning`), whose import takes longer than some
trainings.
"""

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from multiview import config
from multiview.data.augmentation import Copies, augment
from multiview.networks.registry import EVALUATION_BATCH, Forwarded
from multiview.objectives import CrossEntropy, Objective
from multiview.runtime import devices
from multiview.runtime.interrupts import Ending
from multiview.store import artifacts, torch_files
from multiview.training.sgd import SGD, check_last_batch, precision

log = logging.getLogger(__name__)

FEATURES = 2e8
"""Bytes that features of all augmentations may take."""


@dataclass
class ImageRun:
    """One seed on its way.

    Attributes:
        history: for every epoch, the steps taken by its end, the learning rate in it, and mean loss and accuracy
            over its batches, as they were trained on.
        seconds: spent training, over all jobs.
    """

    seed: int
    network: nn.Module
    history: list[tuple[int, float, float, float]] = field(default_factory=list)
    seconds: float = 0.0

    def record(self) -> dict:
        """What a checkpoint has besides weights and optimizer."""
        return {"history": [list(row) for row in self.history], "seconds": self.seconds}

    def take_up(self, record: dict) -> None:
        """Take a record up again."""
        history, self.seconds = entries_of(record)
        self.history = [tuple(row) for row in history]


entries_of = itemgetter("history", "seconds")
"""The entries of a record; a KeyError if it lacks one."""


class ImageTask(nn.Module):
    """Trains the network of one seed; whoever drives it counts ``current_epoch`` and ``global_step``, and notes
    the learning rate of the epoch in ``rate``.

    Args:
        images: uint8 ``[n, channels, h, w]``, the training images; label: ``[n]``.
        objective: what is descended; cross-entropy if None.
        teacher: ``[copies, n, k]``, the teacher's logits on each of the `copies`, or ``[1, n, k]``, those on the
            images as they are, or a teacher that is asked in every step, or None.
        copies: what the network sees, if not augmentations of its own, or all that these can be.
    """

    current_epoch = global_step = 0

    def __init__(
        self,
        run: ImageRun,
        images: Tensor,
        label: Tensor,
        settings: config.ImageTraining,
        machine: config.Machine,
        objective: Objective | None = None,
        teacher: Tensor | Forwarded | None = None,
        copies: Copies | None = None,
    ):
        super().__init__()
        self.run, self.settings, self.machine = run, settings, machine
        self.objective, self.copies = objective or CrossEntropy(), copies
        self.network = run.network
        # Not as modules are: neither may be in a checkpoint.
        self.__dict__["asked"] = teacher if isinstance(teacher, Forwarded) else None
        teacher = None if isinstance(teacher, Forwarded) else teacher
        # Buffers, so that images move to the device once: only indices and offsets do in every step.
        for name, tensor in {"images": images, "label": label.long(), "teacher": teacher}.items():
            self.register_buffer(name, tensor, persistent=False)
        self.every = Copies.all(settings.augmentation, len(label))
        self.features: Tensor | None = None
        self.sums = torch.zeros(3)  # of loss, right answers and images; not in double, which not every device has
        # Nor this, which may be a compiled network: it must not be in the checkpoints a second time.
        self.__dict__["forward_pass"] = self.network

    def prepare(self, device: str) -> None:
        """Choose what depends on the kind of device.

        Raises:
            ConfigError: if the network cannot be compiled but must be.
        """
        compiles = all(getattr(module, "compiles", True) for module in self.network.modules())
        if self.machine.channels_last in (True, "auto"):
            self.network.to(memory_format=torch.channels_last)
        if self.asked is not None:
            self.asked.to(device)
        wanted = self.machine.compile
        if wanted is True or (wanted == "auto" and device == "cuda" and compiles):
            refused = devices.cannot_compile(device)
            if refused is None:
                self.__dict__["forward_pass"] = torch.compile(self.network)
            elif wanted is True:
                raise config.ConfigError(
                    f"machine.compile is true, but torch.compile does not work here ({refused}): install a C++ "
                    "compiler and Python's headers, or set it to auto or false"
                )
            else:
                log.warning("machine.compile is auto: not compiled, as torch.compile fails here (%s)", refused)

    def keep_features(self) -> None:
        """Work out once what a network that learns no features sees of each augmentation, if there are few."""
        copies, padding = len(self.every.offset), self.settings.augmentation.crop_padding
        if not getattr(self.network, "keeps_features", False) or copies > self.settings.epochs:
            return
        with torch.no_grad():
            if copies * len(self.label) * self.network.features(self.images[:1]).nbytes > FEATURES:
                return
            shown = (self.every.apply(copy, self.images, padding) for copy in range(copies))
            parts = ([self.network.features(part) for part in images.split(EVALUATION_BATCH)] for images in shown)
            self.features = torch.stack([torch.cat(part) for part in parts])

    @property
    def trained(self) -> list[Tensor]:
        """Parameters that require a gradient."""
        return [parameter for parameter in self.network.parameters() if parameter.requires_grad]

    def training_step(self, batch: tuple[Tensor, Tensor, Tensor, Tensor], batch_idx: int) -> Tensor:
        """The loss of one batch: ``index [b]``, ``offset [b, 2]`` of its crops, ``flip [b]`` and ``copy [b]``."""
        index, offset, flip, copy = batch
        if batch_idx == 0:  # not earlier: Lightning's loaders draw too, other numbers after a resume
            (drawn,) = np.random.SeedSequence([self.run.seed, self.current_epoch, 1]).generate_state(1).tolist()
            for seed in (random.seed, np.random.seed, torch.manual_seed):
                seed(drawn)
        if self.features is None or self.asked is not None:
            images = augment(self.images[index], offset, flip, self.settings.augmentation.crop_padding)
        if self.features is None:
            logits = self.forward_pass(images)
        else:
            logits = self.network.of_features(self.features[self.every.number(offset, flip), index])
        label, teacher = self.label[index], None if self.teacher is None else self.teacher[copy, index]
        if self.asked is not None:
            teacher = self.asked(images)
        # An objective knows its slope; the sum below has that slope as its gradient.
        values, slope = self.objective(logits.detach().float(), label, teacher)
        right = (logits.detach().argmax(dim=1) == label).sum()
        seen = torch.full_like(right, len(index))  # made on the device: a number copied there would wait for it
        self.sums = self.sums.to(values.device) + torch.stack([values.sum(), right.float(), seen.float()])
        return (slope * logits.float()).sum() / len(index)

    def on_train_epoch_start(self) -> None:
        """Begin the sums anew."""
        self.sums = torch.zeros_like(self.sums)

    def on_train_epoch_end(self) -> None:
        """Note how the epoch went."""
        loss, right, n = self.sums.tolist()
        if not np.isfinite(loss):
            raise FloatingPointError(
                f"seed {self.run.seed}: the loss is {loss / n} in epoch {self.current_epoch}; "
                f"training.learning_rate ({self.settings.learning_rate}) is too large"
            )
        self.run.history.append((self.global_step, self.rate, loss / n, right / n))


class Batches(Dataset):
    """Which images are in each batch of the present epoch, and how they are augmented."""

    def __init__(self, task: ImageTask):
        self.task = task

    def __len__(self) -> int:
        return -(-len(self.task.label) // self.task.settings.batch_size)

    def __getitem__(self, batch: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        if batch == 0:
            self.draw()
        size = self.task.settings.batch_size
        part = slice(batch * size, (batch + 1) * size)
        return tuple(column[part] for column in self.columns)

    def draw(self) -> None:
        """Draw the order of the images, their crops and flips, and the number of each copy, for this epoch."""
        n, copies = len(self.task.label), self.task.copies
        rng = np.random.default_rng([self.task.run.seed, self.task.current_epoch])
        order = torch.from_numpy(rng.permutation(n))
        if copies is None or copies.every is not None:
            drawn = Copies.draw(self.task.settings.augmentation, 1, n, rng)
            offset, flip = drawn.offset[0], drawn.flip[0]
            copy = torch.zeros(n, dtype=torch.int64) if copies is None else copies.number(offset, flip)
            self.columns = order, offset, flip, copy
        else:
            copy = torch.from_numpy(rng.integers(len(copies.offset), size=n))
            self.columns = order, copies.offset[copy, order], copies.flip[copy, order], copy


class Progress:
    """A line in the log every five seconds: seed, epoch, rate, time left for this seed, loss and accuracy."""

    def __init__(self, name: str):
        self.name = name
        self.begin = self.last = self.since = time.monotonic()
        self.images = 0

    def after_batch(self, task: ImageTask, images: int, last: bool) -> None:
        """After a batch of so many `images`: log if it is time, or if it was the last one of all."""
        now = time.monotonic()
        task.run.seconds += now - self.since
        self.since = now
        self.images += images
        if now - self.last < 5 and not last:
            return
        self.last = now
        rate, epochs = self.images / (now - self.begin), task.settings.epochs
        loss, right, seen = task.sums.tolist()
        left = len(task.label) * (epochs - task.current_epoch) - seen
        log.info(
            f"{self.name} | epoch {task.current_epoch + 1}/{epochs} | {rate:.0f} images/s | "
            f"{left / rate:.0f} s left for this seed | loss {loss / seen:.4f} | accuracy {right / seen:.4f}"
        )


class EpochCheckpoint:
    """Saves at the end of an epoch, by renaming, if the last checkpoint is long enough ago."""

    def __init__(self, path: Path | None, seconds: float):
        self.path, self.seconds, self.last = path, seconds, time.monotonic()

    def after_epoch(self, task: ImageTask, save: Callable[[Path], None]) -> None:
        """Save if it is time; the last epoch is saved by `train` itself."""
        early = self.path is None or time.monotonic() - self.last < self.seconds
        if early or task.current_epoch + 1 >= task.settings.epochs:
            return
        with artifacts.replacing(self.path) as temporary:
            save(temporary)
        self.last = time.monotonic()


def by_loop(task: ImageTask, name: str, checkpoint: Path | None, resume: dict | None) -> None:
    """Train on the CPU, in full precision.

    `name` is the seed's in the log, `checkpoint` the file to save to, or None; `resume` is what such a file has,
    to carry on from, or None.

    Raises:
        InterruptedError: if the job was told to end.
    """
    task.prepare("cpu")
    task.keep_features()
    task.zero_grad()
    optimizer = SGD(task.trained, task.settings)
    first, batches, epochs = 0, Batches(task), task.settings.epochs
    if resume is not None:
        task.network.load_state_dict(resume["state_dict"])
        optimizer.state = resume["optimizer"]
        task.run.take_up(resume["record"])
        first = resume["epoch"] + 1
    task.global_step = first * len(batches)
    progress, keeper = Progress(name), EpochCheckpoint(checkpoint, task.machine.checkpoint_seconds)

    def save(path: Path) -> None:
        states = {"state_dict": task.network.state_dict(), "optimizer": optimizer.state}
        torch.save({"epoch": task.current_epoch, "record": task.run.record()} | states, path)

    with Ending() as ending:
        for task.current_epoch in range(first, epochs):
            task.on_train_epoch_start()
            task.rate = optimizer.state["rate"]
            for i in range(len(batches)):
                batch = batches[i]
                task.training_step(batch, i).backward()
                optimizer.step()
                task.global_step += 1
                last = task.current_epoch + 1 == epochs and i + 1 == len(batches)
                progress.after_batch(task, len(batch[0]), last)
                if ending.signal is not None and not last:
                    raise InterruptedError(INTERRUPTED.format(ending.signal, task.current_epoch + 1, name))
            optimizer.end_epoch(task.current_epoch)
            task.on_train_epoch_end()
            keeper.after_epoch(task, save)


INTERRUPTED = "{} in epoch {} of {}; run again to carry on (machine.checkpoint_seconds says from when)"


def train(
    run: ImageRun,
    images: Tensor,
    label: Tensor,
    settings: config.ImageTraining,
    machine: config.Machine = config.DEFAULT_MACHINE,
    name: str = "",
    checkpoint: Path | None = None,
    logs: Path | None = None,
    objective: Objective | None = None,
    teacher: Tensor | Forwarded | None = None,
    copies: Copies | None = None,
) -> None:
    """Train the network of one seed to the end, from its checkpoint if there is one; then it is on the CPU.

    Args: those of `ImageTask`, and

        name: of the seed, in the log.
        checkpoint: file to resume from and to save to, or None.
        logs: folder of Lightning's loggers, or None.

    Raises:
        ConfigError: if the last batch is too small for the network, or it cannot be compiled but must be.
        FloatingPointError: if the loss stops being finite.
        InterruptedError: if the job was told to end; the last checkpoint is there to carry on from.
        OSError: if the file system fails.
    """
    check_last_batch(run.network, len(label), settings.batch_size)
    resume = torch_files.resumed_from(
        checkpoint, lambda saved: (saved["epoch"], saved["state_dict"], entries_of(saved["record"]))
    )
    if resume is not None and resume["epoch"] is None:
        run.network.load_state_dict(resume["state_dict"])
        run.take_up(resume["record"])
        log.info("%s is taken up from %s, finished", name, checkpoint)
        return
    task_of = (run, images, label, settings, machine, objective, teacher, copies)
    plain = devices.type_of(machine.accelerator) == "cpu" and precision(settings, machine) == "32-true"
    plain = plain and (logs is None or not machine.loggers)
    if resume is not None and ("optimizer" in resume) != plain:
        log.warning("%s is a checkpoint of another device, precision or loggers; it is trained anew", checkpoint)
        resume = None
    if resume is not None:
        log.info("%s is taken up from %s, after epoch %d", name, checkpoint, resume["epoch"] + 1)
    if plain:
        task = ImageTask(*task_of)
        by_loop(task, name, checkpoint, resume)
    else:
        from multiview.training import lightning

        task = lightning.LightningTask(*task_of)
        lightning.fit(task, name, checkpoint, resume is not None, logs)
    task.cpu()
    run.network.to(memory_format=torch.contiguous_format).eval()
    if checkpoint is not None:
        finished = {"epoch": None, "state_dict": run.network.state_dict(), "record": run.record()}
        torch_files.save(checkpoint, finished)
