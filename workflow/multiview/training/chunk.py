"""Steps of full-batch gradient descent for all seeds of a chunk: each by itself, or all by batched products."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial

import torch
from torch import Tensor, nn

from multiview import config
from multiview.networks.two_layer import StackedNetworks, view_strengths
from multiview.objectives import Objective, Union
from multiview.training.seed_run import SeedRun, Step, is_recorded, look, may_end
from multiview.training.step_rule import descend, largest_step

EVERY = 25
"""Steps between two looks of the host at the device, where seeds are trained by batched products."""


class ChunkTraining(nn.Module):
    """Trains the networks of a chunk of seeds on one full batch, by products of their own: for a CPU.

    Args:
        runs: the seeds; finished ones are left alone.
        data: float32 ``x [n, P, d]``, int64 ``label [n]``, ``kinds [kinds, n]``, 1 where a sample is of a kind,
            ``views [2k, d]`` to record the view strengths, and ``teachers [runs, n, k]``, the logits of each run's
            teacher; None in place of one of the latter two.
        unions: a run ends once its union is reached (`objectives.Union`); None: it does not.
        block_samples: that a pass takes at once; 0: all.
    """

    def __init__(
        self,
        runs: Sequence[SeedRun],
        data: Mapping[str, Tensor | None],
        settings: config.Training,
        objective: Objective,
        unions: Sequence[Union] | None,
        block_samples: int,
    ):
        super().__init__()
        self.runs, self.settings, self.objective = list(runs), settings, objective
        self.unions, self.block_samples = unions, block_samples
        # Buffers, not batches: the data move to the device once, not once a step.
        for name, tensor in data.items():
            self.register_buffer(name, tensor)
        self.networks = self._networks()

    def _networks(self) -> nn.Module:
        return nn.ModuleList(run.network for run in self.runs)

    @property
    def active(self) -> list[int]:
        """Positions of the runs that are not known to be finished."""
        return [i for i, run in enumerate(self.runs) if not run.finished]

    @cached_property
    def of_teachers(self) -> Sequence[Tensor] | None:
        """Each run's teacher's logits: the same objects in every step, by which a network knows them again."""
        return None if self.teachers is None else self.teachers.unbind()

    def step(self) -> bool:
        """One step of every seed that is not finished; tell whether the runs have heard of it: here they have."""
        for i in self.active:
            run, settings = self.runs[i], self.settings
            teacher, union = (
                None if of_runs is None else of_runs[i] for of_runs in (self.of_teachers, self.unions)
            )
            logits = run.network.gradient(self.x, self.label, self.block_samples, self.objective, teacher)
            losses = partial(run.network.values, logits, self.label, self.objective, teacher)
            if is_recorded(run.step, settings) or may_end(logits, self.label, run.step, settings, union, losses):
                step = self._look(run, logits, losses(), union)
                run.note(step, 0.0 if step.finished else descend(run.network.weight, settings), settings)
            else:
                run.move(descend(run.network.weight, settings), settings)
        return True

    def _look(self, run: SeedRun, logits: Tensor, losses: Tensor, union: Union | None) -> Step:
        """What one network's step is found to be, on the CPU."""
        network, phi, start = run.network, None, None
        if self.views is not None:
            phi = view_strengths(network.directions(), self.views, network.classes)[0]
            if run.start is None:
                start = view_strengths(network.gating, self.views, network.classes)[1]
        taken = self.label.new_tensor(run.step)
        return look(logits, losses, self.label, self.kinds, taken, self.settings, union, phi, start).cpu()

    def catch_up(self) -> None:
        """Bring the runs to the present step: here they are."""


class StackedTraining(ChunkTraining):
    """The same by batched products of all seeds, which are of the regime ``learned``: for a GPU.

    A step waits for nothing: what it finds stays on the device, also whether a seed is finished, and the runs hear
    of it every `EVERY` steps. Rounding depends on how many seeds there are, as that of batched products does.
    """

    def __init__(self, *arguments):
        super().__init__(*arguments)
        if self.unions is not None:
            stacked = {name: torch.stack([getattr(u, name) for u in self.unions]) for name in ("teacher", "own")}
            self.unions = replace(self.unions[0], **stacked)
        self.register_buffer("finished", torch.tensor([run.finished for run in self.runs]))
        self.register_buffer("taken", torch.tensor([run.step for run in self.runs]))  # steps of each
        self.noted: list[tuple[Step, Tensor, Tensor]] = []  # of each step that the runs have not heard of

    def _networks(self) -> nn.Module:
        return StackedNetworks([run.network for run in self.runs])

    @torch.no_grad()
    def step(self) -> bool:
        """One step of every seed that is not finished; tell whether the runs have heard of it."""
        logits = self.networks.gradient(self.x, self.label, self.block_samples, self.objective, self.teachers)
        losses = self.networks.values(logits, self.label, self.objective, self.teachers)
        weight, phi, start = self.networks.weight, None, None
        if self.views is not None:
            phi, start = view_strengths(weight, self.views, self.networks.classes)
            start = start if not self.noted and any(run.start is None for run in self.runs) else None
        step = look(logits, losses, self.label, self.kinds, self.taken, self.settings, self.unions, phi, start)
        before, self.finished = self.finished, self.finished | step.finished
        size = weight.new_full((len(weight),), self.settings.step_size)
        if self.settings.step_rule == "adaptive":
            size = largest_step(weight, self.settings).clamp(max=self.settings.step_size)
        size = size.masked_fill(self.finished, 0)
        weight.sub_(size[:, None, None] * weight.grad)
        self.taken = self.taken + ~self.finished
        self.noted.append((step, before, size))
        if len(self.noted) < EVERY:
            return False
        self.catch_up()
        return True

    @torch.no_grad()
    def catch_up(self) -> None:
        """Bring the runs to the present step.

        Raises:
            FloatingPointError: if a loss was not finite, or a step was 0.
        """
        noted, self.noted = [(step.cpu(), before.cpu(), size.tolist()) for step, before, size in self.noted], []
        for i, run in enumerate(self.runs):
            for step, before, size in noted:
                if before[i]:
                    break
                run.note(step.of(i), size[i], self.settings)
            run.network.weight.data.copy_(self.networks.weight[i])
