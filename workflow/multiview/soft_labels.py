"""Interventions on soft labels: which part of what a teacher says teaches a student (Section 4 of the paper).

The paper's cause is dark knowledge: the soft label of class ``j`` on samples of *other* classes. Each intervention
leaves a part of the teacher's logits as it is and replaces the rest, so that the gain that is left is that part's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:  # the config imports this module, and is read before PyTorch is needed
    from torch import Tensor

KINDS = {
    "all": "the teacher's logits as they are",
    "other_classes": "the teacher's for the classes other than the label; for the label's, the student's own",
    "own_class": "the teacher's for the label's class; for the others, the student's own",
    "flat": "the teacher's for the label's class; for the others, their mean over these classes",
    "shuffled": "the teacher's for another sample of the same class",
    "smoothed": "label smoothing: the teacher's mean for the label's class, and its mean for the others",
}
"""What soft labels are made of. The student's own are those of its hard-label training, before it is taught. All
are multiplied by c: where it is 1, the student's own stay as they were."""

Kind = Literal[tuple(KINDS)]
NEED_OWN: tuple[Kind, ...] = ("other_classes", "own_class")
"""Those that take a part from the student itself."""


def soft_label_logits(kind: Kind, teacher: Tensor, label: Tensor, own: Tensor | None, seed: int) -> Tensor:
    """The logits that a student's soft labels are made of.

    Args:
        teacher: ``[n, k]``, the teacher's logits; label: int64 ``[n]``.
        own: ``[n, k]``, the student's logits before it is taught; needed by `NEED_OWN` alone.
        seed: of the order of ``shuffled``.

    Returns:
        ``[n, k]``; `teacher` itself if `kind` is ``all``.
    """
    import torch

    if kind == "all":
        return teacher
    of_label = torch.nn.functional.one_hot(label, teacher.shape[1]).bool()
    if kind == "other_classes":
        return torch.where(of_label, own, teacher)
    if kind == "own_class":
        return torch.where(of_label, teacher, own)
    if kind == "flat":
        others = teacher.masked_fill(of_label, 0).sum(dim=1, keepdim=True) / (teacher.shape[1] - 1)
        return torch.where(of_label, teacher, others)
    if kind == "smoothed":
        return torch.where(of_label, teacher[of_label].mean(), teacher[~of_label].mean())
    generator = torch.Generator().manual_seed(seed)
    shuffled = teacher.clone()
    for class_ in label.unique():
        rows = (label == class_).nonzero().squeeze(1)
        order = rows[torch.randperm(len(rows), generator=generator)]
        # One place on along a random order: no sample keeps its own.
        shuffled[order] = teacher[order.roll(1)]
    return shuffled
