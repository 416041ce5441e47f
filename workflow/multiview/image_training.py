"""Stochastic gradient descent of networks for images, one seed after the other.

A seed decides the initialisation, the order of the images, their augmentation and what the network itself draws
(dropout). Each epoch draws from generators of its own, made of the seed and the epoch's number, so that a seed learns
the same in any chunk, and however often its job was interrupted.
"""

import logging
import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytorch_lightning as pl
import torch
from pytorch_lightning.loggers import CSVLogger, TensorBoardLogger
from pytorch_lightning.plugins.environments import LightningEnvironment
from pytorch_lightning.utilities.exceptions import SIGTERMException
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.data import DataLoader, Dataset

from multiview import artifacts, checkpoints, config, devices
from multiview.augmentation import Copies, augment
from multiview.networks.linearised import Linearised
from multiview.objectives import CrossEntropy, Objective
from multiview.worktime import Transfer

log = logging.getLogger(__name__)

# Workers would have nothing to do: a batch is a few numbers.
warnings.filterwarnings("ignore", message=".*does not have many workers.*")
warnings.filterwarnings("ignore", message=".*treespec, LeafSpec.*")
warnings.filterwarnings(
    "ignore", message=".*Previous log files in this directory will be deleted.*"
)  # see ImageTask


@dataclass
class ImageRun:
    """One seed on its way.

    Attributes:
        seed: of initialisation, order and augmentation.
        network: takes uint8 images.
        history: for every epoch, the steps taken by its end, the learning rate in it, and mean loss and accuracy
            over its batches, as they were trained on.
        seconds: spent training, over all jobs.
    """

    seed: int
    network: nn.Module
    history: list[tuple[int, float, float, float]] = field(default_factory=list)
    seconds: float = 0.0


class ImageTask(pl.LightningModule):
    """Trains the network of one seed.

    Args:
        run: the seed.
        images: uint8 ``[n, channels, h, w]``, the training images.
        label: ``[n]``.
        settings: the training section of the config.
        objective: what is descended.
        teacher: ``[copies, n, k]``, the teacher's logits on each of the `copies`, or ``[1, n, k]``, those on the
            images as they are, or None.
        copies: what the network sees, if not augmentations of its own.
    """

    def __init__(
        self,
        run: ImageRun,
        images: Tensor,
        label: Tensor,
        settings: config.ImageTraining,
        objective: Objective,
        teacher: Tensor | None = None,
        copies: Copies | None = None,
    ):
        super().__init__()
        self.run, self.settings, self.objective, self.copies = run, settings, objective, copies
        self.network = run.network
        # Buffers, so that images move to the device once: only indices and offsets do in every step.
        for name, tensor in {"images": images, "label": label.long(), "teacher": teacher}.items():
            self.register_buffer(name, tensor, persistent=False)
        self.sums = torch.zeros(3)  # of loss, right answers and images; not in double, which not every device has
        self._compute_by(self.network)

    def _compute_by(self, module: nn.Module) -> None:
        # Not an attribute as others are: a compiled network must not be in the checkpoints a second time.
        self.__dict__["forward_pass"] = module

    def setup(self, stage: str) -> None:
        """Choose what depends on the device."""
        device = self.trainer.strategy.root_device.type
        linearised = any(isinstance(module, Linearised) for module in self.network.modules())
        if self.settings.channels_last in (True, "auto"):
            self.network.to(memory_format=torch.channels_last)
        if self.settings.compile is True or (
            self.settings.compile == "auto" and device == "cuda" and not linearised
        ):
            refused = devices.cannot_compile(device)
            if refused is None:
                self._compute_by(torch.compile(self.network))
            elif self.settings.compile is True:
                raise config.ConfigError(
                    f"training.compile is true, but torch.compile does not work here ({refused}): install a C++ "
                    "compiler and Python's headers, or set it to auto or false"
                )
            else:
                log.warning("training.compile is auto: not compiled, as torch.compile fails here (%s)", refused)

    def configure_optimizers(self) -> dict:
        """SGD and its step schedule."""
        s = self.settings
        optimizer = torch.optim.SGD(
            [parameter for parameter in self.network.parameters() if parameter.requires_grad],
            lr=s.learning_rate,
            momentum=s.momentum,
            nesterov=s.nesterov,
            weight_decay=s.weight_decay,
        )
        # The first drop at the earliest after the first epoch, however few there are.
        milestones = [max(1, round(share * s.epochs)) for share in s.milestones]
        schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones, s.drop)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "epoch"}}

    def training_step(self, batch: tuple[Tensor, Tensor, Tensor, Tensor], batch_idx: int) -> Tensor:
        """The loss of one batch: ``index [b]``, ``offset [b, 2]`` of its crops, ``flip [b]`` and ``copy [b]``."""
        index, offset, flip, copy = batch
        if batch_idx == 0:  # not earlier: Lightning's loaders draw too, other numbers after a resume
            drawn = np.random.SeedSequence([self.run.seed, self.current_epoch, 1]).generate_state(1)
            pl.seed_everything(int(drawn[0]), verbose=False)
        images = augment(self.images[index], offset, flip, self.settings.augmentation.crop_padding)
        logits = self.forward_pass(images)
        label, teacher = self.label[index], None if self.teacher is None else self.teacher[copy, index]
        # An objective knows its slope; the sum below has that slope as its gradient.
        values, slope = self.objective(logits.detach().float(), label, teacher)
        right = (logits.detach().argmax(dim=1) == label).sum()
        seen = right.new_tensor(len(index))
        self.sums = self.sums.to(values.device) + torch.stack([values.sum(), right.float(), seen.float()])
        return (slope * logits.float()).sum() / len(index)

    def on_train_epoch_start(self) -> None:
        """Note the learning rate: at the end of the epoch it is the next one's."""
        self.rate = self.trainer.optimizers[0].param_groups[0]["lr"]
        self.sums = torch.zeros_like(self.sums)

    def on_train_epoch_end(self) -> None:
        """Note how the epoch went."""
        loss, right, n = self.sums.tolist()
        if not np.isfinite(loss):
            raise FloatingPointError(
                f"seed {self.run.seed}: the loss is {loss / n} in epoch {self.current_epoch}; "
                f"training.learning_rate ({self.settings.learning_rate}) is too large"
            )
        self.run.history.append((self.trainer.global_step, self.rate, loss / n, right / n))
        self.log_dict({"loss": loss / n, "accuracy": right / n, "learning_rate": self.rate})

    def on_train_start(self) -> None:
        """Give the CSV logger the epochs of the interrupted jobs again: it begins by deleting its file."""
        for csv in (one for one in self.loggers if isinstance(one, CSVLogger)):
            for epoch, (step, *values) in enumerate(self.run.history):
                numbers = torch.tensor(values).tolist()  # in the precision in which Lightning logs them
                row = dict(zip(("learning_rate", "loss", "accuracy"), numbers, strict=True))
                csv.log_metrics(row | {"epoch": epoch}, step - 1)

    def on_save_checkpoint(self, checkpoint: dict) -> None:
        """Keep the record with the weights."""
        checkpoint["record"] = {"history": [list(row) for row in self.run.history], "seconds": self.run.seconds}

    def on_load_checkpoint(self, checkpoint: dict) -> None:
        """Take it up again."""
        self.run.history = [tuple(row) for row in checkpoint["record"]["history"]]
        self.run.seconds = checkpoint["record"]["seconds"]

    def train_dataloader(self) -> DataLoader:
        """Batches of indices: the images are on the device."""
        return DataLoader(_Batches(self), batch_size=None)


class _Batches(Dataset):
    """Which images are in each batch of the present epoch, and how they are augmented."""

    def __init__(self, task: ImageTask):
        self.task = task

    def __len__(self) -> int:
        return -(-len(self.task.label) // self.task.settings.batch_size)

    def __getitem__(self, batch: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        if batch == 0:
            self._draw()
        size = self.task.settings.batch_size
        part = slice(batch * size, (batch + 1) * size)
        return tuple(column[part] for column in self.columns)

    def _draw(self) -> None:
        n, copies = len(self.task.label), self.task.copies
        rng = np.random.default_rng([self.task.run.seed, self.task.current_epoch])
        order = torch.from_numpy(rng.permutation(n))
        if copies is None:
            drawn = Copies.draw(self.task.settings.augmentation, 1, n, rng)
            self.columns = order, drawn.offset[0], drawn.flip[0], torch.zeros(n, dtype=torch.int64)
        else:
            copy = torch.from_numpy(rng.integers(len(copies.offset), size=n))
            self.columns = order, copies.offset[copy, order], copies.flip[copy, order], copy


class EpochCheckpoint(pl.callbacks.Checkpoint):
    """Saves Lightning's own checkpoint at the end of an epoch, by renaming, if the last one is long enough ago.

    As a `Checkpoint` it comes after what the module itself does then.
    """

    def __init__(self, path: Path, seconds: float):
        self.path, self.seconds, self.last = path, seconds, time.monotonic()

    def on_train_epoch_end(self, trainer: pl.Trainer, task: ImageTask) -> None:
        """Save if it is time; the last epoch is saved by `train` itself."""
        if time.monotonic() - self.last < self.seconds or trainer.current_epoch + 1 >= trainer.max_epochs:
            return
        with artifacts.replacing(self.path) as temporary:
            trainer.save_checkpoint(temporary, weights_only=False)
        self.last = time.monotonic()


class EpochProgress(pl.Callback):
    """A line in the log every few seconds: seed, epoch, rate, time left for this seed, loss and accuracy."""

    def __init__(self, name: str, seconds: float = 5.0):
        self.name, self.seconds = name, seconds
        self.begin = self.last = self.since = time.monotonic()
        self.images = 0

    def on_train_batch_end(self, trainer: pl.Trainer, task: ImageTask, outputs, batch, batch_idx: int) -> None:
        """Log if it is time."""
        now = time.monotonic()
        task.run.seconds += now - self.since
        self.since = now
        self.images += len(batch[0])
        last = trainer.current_epoch + 1 == trainer.max_epochs and batch_idx + 1 == trainer.num_training_batches
        if now - self.last < self.seconds and not last:
            return
        self.last = now
        rate = self.images / (now - self.begin)
        n = len(task.label)
        left = n * (trainer.max_epochs - trainer.current_epoch) - min((batch_idx + 1) * len(batch[0]), n)
        loss, right, seen = task.sums.tolist()
        log.info(
            "%s | epoch %d/%d | %.0f images/s | %.0f s left for this seed | loss %.4f | accuracy %.4f",
            self.name,
            trainer.current_epoch + 1,
            trainer.max_epochs,
            rate,
            left / rate,
            loss / seen,
            right / seen,
        )


def train(
    run: ImageRun,
    images: Tensor,
    label: Tensor,
    settings: config.ImageTraining,
    name: str = "",
    checkpoint: Path | None = None,
    logs: Path | None = None,
    objective: Objective | None = None,
    teacher: Tensor | None = None,
    copies: Copies | None = None,
) -> None:
    """Train the network of one seed to the end, from its checkpoint if there is one.

    Args:
        run: what is trained; afterwards its network is on the CPU.
        images: uint8 ``[n, channels, h, w]``.
        label: ``[n]``.
        settings: the training section of the config.
        name: of the seed, in the log.
        checkpoint: file to resume from and to save to, or None.
        logs: folder of Lightning's loggers, or None.
        objective: what is descended; cross-entropy if None.
        teacher: ``[copies, n, k]``, the teacher's logits (see `ImageTask`).
        copies: what the network sees, if not augmentations of its own.

    Raises:
        ConfigError: if the last batch is too small for the network, or it cannot be compiled but must be.
        FloatingPointError: if the loss stops being finite.
        InterruptedError: if Lightning was asked to stop; the last checkpoint is there to carry on from.
        OSError: if the file system fails.
    """
    _check_last_batch(run.network, len(label), settings.batch_size)
    resume = None if checkpoint is None else _usable(checkpoint)
    if resume is not None and resume["epoch"] is None:
        run.network.load_state_dict(resume["state_dict"])
        run.history = [tuple(row) for row in resume["record"]["history"]]
        run.seconds = resume["record"]["seconds"]
        log.info("%s is taken up from %s, finished", name, checkpoint)
        return
    task = ImageTask(run, images, label, settings, objective or CrossEntropy(), teacher, copies)
    callbacks: list[pl.Callback] = [EpochProgress(name)]
    if checkpoint is not None:
        callbacks.append(EpochCheckpoint(checkpoint, settings.checkpoint_seconds))
    if resume is not None:
        log.info("%s is taken up from %s, after epoch %d", name, checkpoint, resume["epoch"] + 1)
    trainer = pl.Trainer(
        accelerator=devices.resolve(settings.accelerator),
        devices=1,
        precision=precision(settings),
        max_epochs=settings.epochs,
        callbacks=callbacks,
        plugins=[LightningEnvironment()],  # a job is one process, whatever SLURM_* says
        logger=_loggers(settings, logs) if logs is not None else False,
        log_every_n_steps=1,
        deterministic="warn",
        enable_checkpointing=checkpoint is not None,  # by ours: there is no other
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
    )
    try:
        trainer.fit(task, ckpt_path=None if resume is None else checkpoint, weights_only=True)
    except SIGTERMException:
        raise InterruptedError(
            f"SIGTERM in epoch {trainer.current_epoch + 1} of {name}; run again to carry on from the last "
            "checkpoint (training.checkpoint_seconds says how old it may be)"
        ) from None
    if len(run.history) < settings.epochs:
        raise InterruptedError("training was interrupted; run again to carry on from the last checkpoint")
    task.cpu()
    run.network.to(memory_format=torch.contiguous_format).eval()
    if checkpoint is not None:
        record = {"history": [list(row) for row in run.history], "seconds": run.seconds}
        with artifacts.replacing(checkpoint) as temporary:
            torch.save({"epoch": None, "state_dict": run.network.state_dict(), "record": record}, temporary)


def _check_last_batch(network: nn.Module, images: int, batch_size: int) -> None:
    """Refuse a batch of one image under batch normalisation, which has no deviation to divide by."""
    last = images % batch_size or batch_size
    normalised = any(isinstance(module, _BatchNorm) and module.training for module in network.train().modules())
    if last == 1 and normalised:
        raise config.ConfigError(
            f"training.batch_size is {batch_size}, and there are {images} training images "
            "(dataset.train_samples): the last batch is a single one, of which batch normalisation can take no "
            "statistics. Change one of the two"
        )


@Transfer()
def _usable(checkpoint: Path) -> dict | None:
    """A checkpoint, or None if there is none, or it is damaged."""
    if not checkpoint.exists():
        return None
    try:
        saved = checkpoints.load(checkpoint)
        saved["epoch"], saved["state_dict"], saved["record"]["history"]
    except (checkpoints.DamagedFile, KeyError, TypeError) as error:
        log.warning("%s cannot be read (%s); it is trained anew", checkpoint, error)
        checkpoint.unlink()
        return None
    return saved


def precision(settings: config.ImageTraining) -> str:
    """Lightning's precision, for ``auto`` that of the device."""
    if settings.precision != "auto":
        return settings.precision
    gpu = devices.type_of(settings.accelerator) == "cuda"
    # Older GPUs emulate bfloat16, which is slower than not to use it.
    return "bf16-mixed" if gpu and torch.cuda.is_bf16_supported(including_emulation=False) else "32-true"


def _loggers(settings: config.ImageTraining, folder: Path) -> list:
    kinds = {"csv": CSVLogger, "tensorboard": TensorBoardLogger}
    return [kinds[name](folder.parent, name=folder.name, version=name) for name in settings.loggers]
