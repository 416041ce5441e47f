"""Minibatch training by Lightning: on GPUs, in mixed precision, with loggers."""

import gc
import warnings
from pathlib import Path

import pytorch_lightning as pl
import torch
from pytorch_lightning.loggers import CSVLogger, TensorBoardLogger
from pytorch_lightning.plugins.environments import LightningEnvironment
from pytorch_lightning.utilities.exceptions import SIGTERMException
from torch.utils.data import DataLoader

from multiview.runtime import devices
from multiview.training import minibatch
from multiview.training.minibatch import ImageTask
from multiview.training.sgd import optimizer_and_schedule

# Workers would have nothing to do: a batch is a few numbers.
warnings.filterwarnings("ignore", message=".*does not have many workers.*")
warnings.filterwarnings("ignore", message=".*treespec, LeafSpec.*")
# The CSV logger's, see LightningTask.
warnings.filterwarnings("ignore", message=".*Previous log files in this directory will be deleted.*")


class LightningTask(ImageTask, pl.LightningModule):
    """The task as a module of Lightning, which counts epochs and steps itself."""

    current_epoch, global_step = pl.LightningModule.current_epoch, pl.LightningModule.global_step

    def setup(self, stage: str) -> None:
        self.prepare(self.trainer.strategy.root_device.type)

    def configure_optimizers(self) -> dict:
        """SGD and its schedule."""
        self.optimizer, schedule = optimizer_and_schedule(self.trained, self.settings)
        return {"optimizer": self.optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "epoch"}}

    def on_train_start(self) -> None:
        """Give the CSV logger the epochs of the interrupted jobs again: it begins by deleting its file."""
        for csv in (logger for logger in self.loggers if isinstance(logger, CSVLogger)):
            for epoch, (step, *values) in enumerate(self.run.history):
                numbers = torch.tensor(values).tolist()  # in the precision in which Lightning logs them
                row = dict(zip(("learning_rate", "loss", "accuracy"), numbers, strict=True))
                csv.log_metrics(row | {"epoch": epoch}, step - 1)

    def on_train_epoch_start(self) -> None:
        """Note the learning rate: at the end of the epoch it is the next one's."""
        super().on_train_epoch_start()
        self.rate = self.optimizer.param_groups[0]["lr"]

    def on_train_batch_end(self, outputs, batch, batch_idx: int) -> None:
        trainer = self.trainer
        last = trainer.current_epoch + 1 == trainer.max_epochs and batch_idx + 1 == trainer.num_training_batches
        self.progress.after_batch(self, len(batch[0]), last)

    def on_train_epoch_end(self) -> None:
        super().on_train_epoch_end()
        _, rate, loss, accuracy = self.run.history[-1]
        self.log_dict({"loss": loss, "accuracy": accuracy, "learning_rate": rate})
        self.keeper.after_epoch(self, lambda path: self.trainer.save_checkpoint(path, weights_only=False))

    def on_save_checkpoint(self, checkpoint: dict) -> None:
        checkpoint["record"] = self.run.record()

    def on_load_checkpoint(self, checkpoint: dict) -> None:
        self.run.take_up(checkpoint["record"])

    def train_dataloader(self) -> DataLoader:
        """Batches of indices: the images are on the device."""
        return DataLoader(minibatch.Batches(self), batch_size=None)


def fit(task: LightningTask, name: str, checkpoint: Path | None, resumes: bool, logs: Path | None) -> None:
    """Train, as `minibatch.by_loop` does, which says what arguments are; a checkpoint is Lightning's own.

    `resumes` says whether to carry on from it; `logs` is the folder of Lightning's loggers, or None.

    Raises:
        InterruptedError: if Lightning was asked to stop.
    """
    gc.collect()  # trainer and task of the network before hold each other, and jobs look rarely (`runtime.jobs`)
    settings, machine, kinds = task.settings, task.machine, {"csv": CSVLogger, "tensorboard": TensorBoardLogger}
    names = machine.loggers if logs is not None else []
    task.progress = minibatch.Progress(name)
    task.keeper = minibatch.EpochCheckpoint(checkpoint, machine.checkpoint_seconds)
    trainer = pl.Trainer(
        accelerator=devices.resolve(machine.accelerator),
        devices=1,
        precision=minibatch.precision(settings, machine),
        max_epochs=settings.epochs,
        plugins=[LightningEnvironment()],  # a job is one process, whatever SLURM_* says
        logger=[kinds[name](logs.parent, name=logs.name, version=name) for name in names],
        log_every_n_steps=1,
        deterministic="warn",
        enable_checkpointing=False,  # `on_train_epoch_end` saves, by renaming
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
    )
    try:
        trainer.fit(task, ckpt_path=checkpoint if resumes else None, weights_only=True)
    except SIGTERMException:
        at = trainer.current_epoch + 1
        raise InterruptedError(minibatch.INTERRUPTED.format("SIGTERM", at, name)) from None
    if len(task.run.history) < settings.epochs:
        raise InterruptedError("training was interrupted; run again to carry on from the last checkpoint")
