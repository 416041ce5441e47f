"""Full-batch gradient descent on a chunk of seeds: one pass over the data is one step of each of them.

The seeds share the pass and nothing else. Each has its own network, generator, step size, stopping time and
matrix products, so that what it learns is the same to the bit whatever chunk it is in and however
often the job was interrupted. The loop is a few lines of its own: it needs nothing of Lightning, whose import
takes longer than some of these trainings.
"""

import logging
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from multiview import config
from multiview.networks.frozen_two_layer import REGIMES
from multiview.networks.two_layer import TwoLayerNetwork, view_strengths
from multiview.objectives import HARD_LABELS, Objective, Union
from multiview.runtime import devices
from multiview.runtime.interrupts import Ending
from multiview.runtime.worktime import Transfer
from multiview.store import artifacts, torch_files
from multiview.training.stacked import StackedTraining
from multiview.training.step_size import AdaptiveDescent

log = logging.getLogger(__name__)


@dataclass
class SeedRun:
    """One seed on its way: its network, and what was recorded at every step so far.

    Attributes:
        history: for each step, ``[kinds, 2]``: mean loss and accuracy of each kind of sample.
        step_sizes: the eta taken from each step; 0 at the last one, from which none was taken.
        phi: for each step ``[k, 2]``, the view strengths; empty without views.
        start: ``Lambda`` at the initialisation, ``[k, 2]``.
    """

    seed: int
    network: TwoLayerNetwork
    history: list[Tensor] = field(default_factory=list)
    step_sizes: list[float] = field(default_factory=list)
    phi: list[Tensor] = field(default_factory=list)
    start: Tensor | None = None
    finished: bool = False
    converged: bool = False
    loss: float = math.nan
    accuracy: float = math.nan

    @property
    def step(self) -> int:
        """How many steps have been taken."""
        return sum(size > 0 for size in self.step_sizes)

    def check_loss(self, settings: config.Training) -> None:
        """Raise a FloatingPointError if the loss is not finite."""
        if not math.isfinite(self.loss):
            raise FloatingPointError(
                f"seed {self.seed}: the loss is {self.loss} at step {self.step}; training.step_size "
                f"({settings.step_size}) is too large for step_rule {settings.step_rule!r}"
            )

    def check_step(self, size: float, settings: config.Training) -> None:
        """Raise a FloatingPointError if a step that is taken is 0."""
        if size == 0:
            raise FloatingPointError(
                f"seed {self.seed}: the step from step {self.step} is 0, so that training would never end; "
                f"training.step_rule {settings.step_rule!r} with training.relative_change "
                f"({settings.relative_change}) moves no neuron by a share of its size where the size is 0"
            )

    def state(self) -> dict:
        """Everything that a resumed job needs, in tensors and numbers only."""
        return {
            "weight": self.network.weight.detach().cpu(),
            "history": torch.stack(self.history).cpu() if self.history else torch.empty(0),
            "step_sizes": torch.tensor(self.step_sizes, dtype=torch.float64),
            "phi": torch.stack(self.phi).cpu() if self.phi else torch.empty(0),
            "start": self.start,
            "ending": [self.finished, self.converged, self.loss, self.accuracy],
        }

    def restore(self, state: dict) -> None:
        """Take up where `state` was saved.

        Raises:
            ValueError, KeyError: if it lacks anything; then nothing was changed.
        """
        history, phi, start = list(state["history"]), list(state["phi"]), state["start"]
        step_sizes = state["step_sizes"].tolist()
        finished, converged, loss, accuracy = state["ending"]
        if len(history) != len(step_sizes):
            raise ValueError(f"{len(history)} steps of history, but {len(step_sizes)} step sizes")
        # The weights last: a state that lacks anything has changed nothing by then.
        self.network.weight.data.copy_(state["weight"])
        self.history, self.phi, self.start, self.step_sizes = history, phi, start, step_sizes
        self.finished, self.converged, self.loss, self.accuracy = finished, converged, loss, accuracy


class ChunkTraining(nn.Module):
    """Trains the networks of a chunk of seeds on one full batch.

    Args:
        runs: the seeds; finished ones are left alone.
        x: float32 ``[n, P, d]``, the training samples.
        label: ``[n]``.
        kinds: bool ``[kinds, n]``, which samples are of which kind; losses are recorded for each.
        views: ``[2k, d]`` to record the view strengths, or None.
        settings: the training section of the config.
        objective: what is descended.
        teachers: ``[runs, n, k]``, the logits of each run's teacher, or None.
        unions: a run ends once its union is reached (`objectives.Union`); None: it does not.
    """

    def __init__(
        self,
        runs: Sequence[SeedRun],
        x: Tensor,
        label: Tensor,
        kinds: Tensor,
        views: Tensor | None,
        settings: config.Training,
        objective: Objective = HARD_LABELS,
        teachers: Tensor | None = None,
        unions: Sequence[Union] | None = None,
    ):
        super().__init__()
        self.runs, self.settings, self.objective = list(runs), settings, objective
        self.unions = unions
        self.networks = nn.ModuleList(run.network for run in runs)
        # Buffers, not batches: the data move to the device once, not once a step.
        data = {"x": x, "label": label.long(), "kinds": kinds.float(), "views": views, "teachers": teachers}
        for name, tensor in data.items():
            self.register_buffer(name, tensor, persistent=False)
        self.optimizers = self._optimizers()

    @property
    def active(self) -> list[int]:
        """Positions of the runs that are not finished."""
        return [i for i, run in enumerate(self.runs) if not run.finished]

    def _optimizers(self) -> list[torch.optim.Optimizer]:
        """One optimizer a seed: no seed's step size depends on another's."""
        s = self.settings
        if s.step_rule == "fixed":
            return [torch.optim.SGD(n.parameters(), lr=s.step_size) for n in self.networks]
        bounds = (s.step_size, s.relative_change, s.max_change)
        return [AdaptiveDescent(n.parameters(), *bounds) for n in self.networks]

    def step(self) -> bool:
        """One step of every seed that is not finished; tell whether the runs have it already: here they do."""
        for i in self.active:
            run = self.runs[i]
            self._record(run, *(None if each is None else each[i] for each in (self.teachers, self.unions)))
            if run.finished:
                continue
            self.optimizers[i].step()
            run.step_sizes[-1] = float(self.optimizers[i].param_groups[0]["lr"])
            run.check_step(run.step_sizes[-1], self.settings)
        return True

    def catch_up(self) -> None:
        """Bring the runs to the present step: here they are."""

    def _record(self, run: SeedRun, teacher: Tensor | None, union: Union | None) -> None:
        """Compute loss and gradient at the present weights, note them, and decide whether to stop."""
        logits, losses = run.network.loss_and_gradient(
            self.x, self.label, self.settings.block_samples, self.objective, teacher
        )
        correct = (logits.argmax(dim=1) == self.label).to(losses.dtype)
        by_kind = torch.stack([losses, correct], dim=1)
        run.history.append((self.kinds @ by_kind / self.kinds.sum(dim=1, keepdim=True)).cpu())
        run.loss, run.accuracy = float(losses.mean()), float(correct.mean())
        if self.views is not None:
            classes = run.network.classes
            run.phi.append(view_strengths(run.network.directions(), self.views, classes)[0].cpu())
            if run.start is None:
                run.start = view_strengths(run.network.gating, self.views, classes)[1].cpu()
        run.check_loss(self.settings)
        threshold, last = self.settings.loss_threshold, run.step >= self.settings.max_steps
        # Without a threshold all steps are taken: an objective with a teacher has a minimum that nobody knows.
        taught = union is not None and run.step > 0 and bool(union.reached(logits, self.label))
        run.converged = run.accuracy == 1.0 and (last or taught if threshold is None else run.loss <= threshold)
        run.finished = run.converged or last or taught
        run.step_sizes.append(0.0)


class Checkpoints:
    """Saves every seed from time to time, and at once when it finishes.

    The folder's name has a digest of all that decides what a seed learns, and the file's one of its teacher and
    its start, so that what is found there may be taken up by any job that trains this seed. Each file is
    renamed into place.
    """

    def __init__(self, folder: Path, seconds: float, marks: Mapping[int, str]):
        self.folder, self.seconds, self.marks = folder, seconds, marks
        self.last, self.saved = time.monotonic(), set()

    def path(self, seed: int) -> Path:
        """Where a seed's state is kept."""
        return self.folder / f"seed_{seed}{self.marks[seed]}.pt"

    @Transfer()
    def restore(self, runs: Sequence[SeedRun]) -> None:
        """Bring runs to the state that was saved of them; what cannot be read is trained anew."""
        for run in runs:
            path = self.path(run.seed)
            if not path.exists():
                continue
            try:
                run.restore(torch_files.load(path))
            except OSError:  # of the file system: the checkpoint may be good
                raise
            except Exception as error:  # it is damaged
                log.warning("%s cannot be read (%s); seed %d starts anew", path, error, run.seed)
                path.unlink()
                continue
            state = "finished" if run.finished else f"at step {run.step}"
            log.info("seed %d is taken up from %s, %s", run.seed, path, state)
            if run.finished:
                self.saved.add(run.seed)

    def save(self, runs: Sequence[SeedRun]) -> None:
        """Save the runs that have moved since they were saved."""
        for run in runs:
            if run.seed not in self.saved:
                with artifacts.replacing(self.path(run.seed)) as temporary:
                    torch.save(run.state(), temporary)
                if run.finished:
                    self.saved.add(run.seed)
        self.last = time.monotonic()

    def after_step(self, module: ChunkTraining) -> None:
        """After a step: save what has finished, or everything if it is time."""
        if time.monotonic() - self.last >= self.seconds:
            self.save(module.runs)
        else:
            finished = [run for run in module.runs if run.finished and run.seed not in self.saved]
            for run in finished:
                self.save([run])


class Progress:
    """A line in the log every few seconds: step, rate, time left at most, and how the seeds stand."""

    def __init__(self, max_steps: int, seconds: float = 5.0):
        self.max_steps, self.seconds = max_steps, seconds
        self.begin = self.last = time.monotonic()
        self.steps, self.done = 0, False

    def count(self) -> None:
        """Count a step."""
        self.steps += 1

    def after_step(self, module: ChunkTraining) -> None:
        """Log if it is time, or if the last seed has just finished."""
        now = time.monotonic()
        if self.done or (module.active and now - self.last < self.seconds):
            return
        self.last, self.done = now, not module.active
        rate = self.steps / (now - self.begin)
        runs = module.runs
        at = max(run.step for run in runs)
        log.info(
            "step %d | %.1f steps/s | at most %.0f s left | finished %d/%d seeds | loss %.4f | accuracy %.4f",
            at,
            rate,
            (self.max_steps - at) / rate if module.active else 0,
            len(runs) - len(module.active),
            len(runs),
            sum(run.loss for run in runs) / len(runs),
            sum(run.accuracy for run in runs) / len(runs),
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
        classes: k.
        network: the network section of the config.
        settings: the training section of the config.
        checkpoints: folder to resume from and to save to, or None.
        objective: what is descended.
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
    shape = {"classes": classes, "dim": x.shape[-1], "neurons": network.neurons}
    law = {"q": network.q, "rho": network.rho, "init_std": network.init_std}
    build, device = REGIMES[network.regime], torch.device(devices.type_of(settings.accelerator))
    runs = [SeedRun(seed, build(**shape, **law, seed=seed, members=members)) for seed in seeds]
    for run in runs:
        if starts is not None:
            run.network.weight.data.copy_(starts[run.seed])
    keeper, progress = None, Progress(settings.max_steps)
    if checkpoints is not None:
        keeper = Checkpoints(checkpoints, settings.checkpoint_seconds, _marks(seeds, teachers, starts))
        keeper.restore(runs)
    told = None if teachers is None else torch.stack([teachers[seed] for seed in seeds])
    ends = None if unions is None else [unions[seed].to(device) for seed in seeds]
    if stacked is None:
        stacked = device.type == "cuda" and network.regime == "learned"
    kind = StackedTraining if stacked else ChunkTraining
    module = kind(runs, x, label, kinds, views, settings, objective, told, ends).to(device)
    with Ending() as ending:
        while module.active and ending.signal is None:
            known = module.step()
            progress.count()
            if known:
                progress.after_step(module)
            if known and keeper is not None:
                keeper.after_step(module)
    module.catch_up()
    if keeper is not None:
        keeper.save(runs)
    if module.active:
        raise InterruptedError(
            f"{ending.signal} at step {max(run.step for run in runs)}; what was reached is saved, "
            "run again to carry on"
        )
    module.cpu()
    for run in runs:
        if not run.converged:
            log.warning(
                "seed %d: stopped at max_steps = %d with training accuracy %.4f and loss %.4g (threshold %s)",
                run.seed,
                settings.max_steps,
                run.accuracy,
                run.loss,
                settings.loss_threshold,
            )
    return runs


def _marks(seeds: Sequence[int], *given: Mapping[int, Tensor] | None) -> dict[int, str]:
    """What tells the checkpoints of a seed with one teacher and start from those with another."""
    present = [tensors for tensors in given if tensors is not None]
    if not present:
        return dict.fromkeys(seeds, "")
    return {seed: "_" + artifacts.data_digest(*(tensors[seed].numpy() for tensors in present)) for seed in seeds}
