"""Full-batch gradient descent of all seeds of a chunk at once, by batched products: for a GPU.

The arithmetic is that of `multiview.training.full_batch.ChunkTraining`, with a dimension more. A step waits for
nothing: what it finds stays on the device, also whether a seed is finished, and the runs hear of it every `EVERY`
steps. Rounding depends on how many seeds there are, as that of batched products does.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from multiview import config
from multiview.networks.two_layer import StackedNetworks, view_strengths
from multiview.objectives import HARD_LABELS, Objective, Union
from multiview.training.seed_run import SeedRun, Step, look
from multiview.training.step_rule import largest_step

EVERY = 25
"""Steps between two looks of the host at the device."""


class StackedTraining(nn.Module):
    """Trains the networks of a chunk of seeds on one full batch, all in one product.

    Args: those of `multiview.training.full_batch.ChunkTraining`; networks are of the regime ``learned``.
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
        block_samples: int = config.DEFAULT_MACHINE.block_samples,
    ):
        super().__init__()
        self.runs, self.settings, self.objective = list(runs), settings, objective
        self.block_samples = block_samples
        self.union = None if unions is None else _stack(unions)
        self.networks = StackedNetworks([run.network for run in runs])
        data = {"x": x, "label": label.long(), "kinds": kinds.float(), "views": views, "teachers": teachers}
        data["finished"] = torch.tensor([run.finished for run in runs])
        data["taken"] = torch.tensor([run.step for run in runs])  # steps of each
        for name, tensor in data.items():
            self.register_buffer(name, tensor, persistent=False)
        self.noted: list[tuple[Step, Tensor, Tensor]] = []  # of each step that the runs have not heard of

    @property
    def active(self) -> list[int]:
        """Positions of the runs that are not known to be finished."""
        return [i for i, run in enumerate(self.runs) if not run.finished]

    @torch.no_grad()
    def step(self) -> bool:
        """One step of every seed that is not finished; tell whether the runs have heard of it."""
        logits, losses = self.networks.loss_and_gradient(
            self.x, self.label, self.block_samples, self.objective, self.teachers
        )
        weight, phi, start = self.networks.weight, None, None
        if self.views is not None:
            phi, start = view_strengths(weight, self.views, self.networks.classes)
            start = start if not self.noted and any(run.start is None for run in self.runs) else None
        step = look(logits, losses, self.label, self.kinds, self.taken, self.settings, self.union, phi, start)
        before, self.finished = self.finished, self.finished | step.finished
        size = self._step_sizes(weight, weight.grad).masked_fill(self.finished, 0)
        weight.sub_(size[:, None, None] * weight.grad)
        self.taken = self.taken + ~self.finished
        self.noted.append((step, before, size))
        if len(self.noted) < EVERY:
            return False
        self.catch_up()
        return True

    def _step_sizes(self, weight: Tensor, gradient: Tensor) -> Tensor:
        s = self.settings
        if s.step_rule == "fixed":
            return weight.new_full((len(weight),), s.step_size)
        return largest_step(weight, gradient, s.relative_change, s.max_change).clamp(max=s.step_size)

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


def _stack(unions: Sequence[Union]) -> Union:
    teacher, own = (torch.stack([getattr(union, name) for union in unions]) for name in ("teacher", "own"))
    return Union(teacher, own, unions[0].scale)
