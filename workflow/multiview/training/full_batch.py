"""Full-batch gradient descent on a chunk of seeds: one pass over the data is one step of each of them.

The seeds share the pass and nothing else. Each has its own network, generator, step size, stopping time and
matrix products, so that what it learns is the same to the bit whatever chunk it is in and however
often the job was interrupted. The loop is a few lines of its own: it needs nothing of Lightning, whose import
takes longer than some of these trainings.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path

import torch
from torch import Tensor

from multiview import config
from multiview.objectives import HARD_LABELS, Objective, Union
from multiview.runtime import devices
from multiview.runtime.interrupts import Ending
from multiview.store import artifacts, torch_files
from multiview.training.chunk import ChunkTraining, StackedTraining
from multiview.training.seed_run import SeedRun

log = logging.getLogger(__name__)


class Checkpoints:
    """Saves every seed from time to time, and at once when it finishes; each file is renamed into place.

    The runs begin from what was saved of them; what cannot be read is trained anew. `paths` are the seeds' files,
    empty if nothing is kept.
    """

    def __init__(self, paths: Mapping[int, Path], seconds: float, runs: Sequence[SeedRun]):
        self.paths, self.seconds, self.runs, self.last = paths, seconds, runs, time.monotonic()
        for run in runs:
            path = paths.get(run.seed)
            if torch_files.resumed_from(path, run.restore) is not None:
                state = "finished" if run.finished else f"at step {run.step}"
                log.info("seed %d is taken up from %s, %s", run.seed, path, state)
        self.finished = {run.seed for run in runs if run.finished}  # and saved

    def save(self, due: bool = True) -> None:
        """Save the runs that have finished since the last time, and all that have not finished if it is `due`."""
        for run in self.runs:
            if run.seed in self.paths and run.seed not in self.finished and (due or run.finished):
                torch_files.save(self.paths[run.seed], run.state())
                self.finished |= {run.seed} if run.finished else set()

    def after_step(self) -> None:
        """After a step: save what is to be saved by now."""
        due = time.monotonic() - self.last >= self.seconds
        self.save(due)
        if due:
            self.last = time.monotonic()


class Progress:
    """A line in the log every five seconds: step, rate, time left at most, and how the seeds stand."""

    def __init__(self, max_steps: int):
        self.max_steps, self.steps = max_steps, 0
        self.begin = self.last = time.monotonic()

    def after_step(self, runs: Sequence[SeedRun]) -> None:
        """Log if it is time, or if the last seed has just finished."""
        now, finished = time.monotonic(), sum(run.finished for run in runs)
        if finished < len(runs) and now - self.last < 5:
            return
        self.last, rate, at = now, self.steps / (now - self.begin), max(run.step for run in runs)
        left = (self.max_steps - at) / rate if finished < len(runs) else 0
        loss, accuracy = (sum(getattr(run, name) for run in runs) / len(runs) for name in ("loss", "accuracy"))
        log.info(
            f"step {at} | {rate:.1f} steps/s | at most {left:.0f} s left | finished "
            f"{finished}/{len(runs)} seeds | loss {loss:.4f} | accuracy {accuracy:.4f}"
        )


def train(
    seeds: Sequence[int],
    x: Tensor,
    label: Tensor,
    kinds: Tensor,
    views: Tensor | None,
    classes: int,
    network: config.Network,
    settings: config.Training,
    machine: config.Machine = config.DEFAULT_MACHINE,
    checkpoints: Path | None = None,
    objective: Objective = HARD_LABELS,
    teachers: Mapping[int, Tensor] | None = None,
    starts: Mapping[int, Tensor] | None = None,
    members: int = 1,
    unions: Mapping[int, Union] | None = None,
    stacked: bool | None = None,
) -> list[SeedRun]:
    """Train a network for every seed on the same data, from its own initialisation or from given weights.

    On a CPU each seed is trained by products of its own; on a GPU all together by batched ones.

    Args:
        seeds: of the initialisations, which are all that differs.
        x: float32 ``[n, P, d]``; label: ``[n]``; kinds: bool ``[kinds, n]``; views: ``[2k, d]`` or None.
        machine: where, in which blocks, and how often what was reached is saved.
        checkpoints: folder to resume from and to save to, or None. Its name has a digest of all else that decides
            what a seed learns, so that any job that trains a seed may take up what is there.
        teachers: for each seed ``[n, k]``, its teacher's logits, for an objective that has a teacher.
        starts: for each seed the weights to start from instead of its initialisation.
        members: if more than 1, what is trained for a seed is the average of so many networks.
        unions: for each seed, when it ends; None: after all steps, or at the loss threshold.
        stacked: whether all seeds are trained together; None: on a GPU, if networks learn features.

    Returns:
        The runs in the order of `seeds`, on the CPU. One that met `max_steps` has ``converged`` False.

    Raises:
        FloatingPointError: if a loss stops being finite, or no step can be taken.
        InterruptedError: if the job was told to end; what was reached is saved.
    """
    law = network.model_dump(include={"neurons", "q", "rho", "init_std"})
    device = torch.device(devices.type_of(machine.accelerator))
    # By name, as the one in use alone is in the digest of the code (`multiview.store.code`).
    build = import_module(f"multiview.networks.{network.modules[0]}").REGIMES[network.regime]
    runs = [SeedRun(seed, build(classes, x.shape[-1], **law, seed=seed, members=members)) for seed in seeds]
    for run in runs:
        if starts is not None:
            run.network.weight.data.copy_(starts[run.seed])
    of_unions = {seed: union.teacher for seed, union in (unions or {}).items()}
    paths = {} if checkpoints is None else _paths(checkpoints, seeds, teachers, starts, of_unions)
    keeper, progress = Checkpoints(paths, machine.checkpoint_seconds, runs), Progress(settings.max_steps)
    data = {"x": x, "label": label.long(), "kinds": kinds.float(), "views": views}
    data["teachers"] = None if teachers is None else torch.stack([teachers[seed] for seed in seeds])
    ends = None if unions is None else [unions[seed].to(device) for seed in seeds]
    if stacked is None:
        stacked = device.type == "cuda" and network.regime == "learned"
    kind = StackedTraining if stacked else ChunkTraining
    block = machine.block_samples
    if device.type == "cpu":  # as much work space as one network has: it stays in the cache
        block = -(-block // members)
    module = kind(runs, data, settings, objective, ends, block).to(device)
    with Ending() as ending:
        while module.active and ending.signal is None:
            known = module.step()
            progress.steps += 1
            if known:
                progress.after_step(runs)
                keeper.after_step()
    module.catch_up()
    keeper.save()
    if module.active:
        raise InterruptedError(
            f"{ending.signal} at step {max(run.step for run in runs)}; what was reached is saved, "
            "run again to carry on"
        )
    module.cpu()
    for run in runs:
        if not run.converged:
            log.warning(
                f"seed {run.seed}: stopped at max_steps = {settings.max_steps} with training accuracy "
                f"{run.accuracy:.4f} and loss {run.loss:.4g} (threshold {settings.loss_threshold})"
            )
    return runs


def _paths(folder: Path, seeds: Sequence[int], *given: Mapping[int, Tensor] | None) -> dict[int, Path]:
    """Where the state of each seed is kept: a digest of its teacher and start tells it from that with others."""
    given = [tensors for tensors in given if tensors]
    if not given:
        return {seed: folder / f"seed_{seed}.pt" for seed in seeds}
    digests = {seed: artifacts.data_digest(*(tensors[seed].numpy() for tensors in given)) for seed in seeds}
    return {seed: folder / f"seed_{seed}_{digest}.pt" for seed, digest in digests.items()}
