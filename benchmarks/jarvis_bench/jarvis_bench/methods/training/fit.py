"""Training: steps of Adam along what lessons say."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import torch

from jarvis_memory.kv import Inputs

from .pupil import Exercise, Pupil

__all__ = ["Schedule", "fit"]

_AT_ONCE: Final = 16  # exercises in one pass: longer ones are not paid for by all


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast is trained.

    Attributes:
        steps: of Adam (Kingma and Ba, 2015).
        rate: the highest learning rate; it rises for a tenth of the steps and falls along a cosine.
        clip: the longest gradient, all parameters together.
    """

    steps: int
    rate: float
    clip: float = 1.0

    def at(self, step: int) -> float:
        """The learning rate of a step, from 0 on."""
        rise = min(1.0, (step + 1) / max(1.0, self.steps / 10))
        return self.rate * rise * (0.5 + 0.5 * math.cos(math.pi * step / max(1, self.steps)))


def fit(
    pupil: Pupil,
    parameters: Iterable[torch.nn.Parameter],
    draw: Callable[[int], Sequence[Exercise]],
    rows: Callable[[str], Inputs],
    schedule: Schedule,
) -> tuple[float, ...]:
    """Train, and tell the loss of each step.

    Args:
        pupil: the model.
        parameters: what is trained.
        draw: the exercises of a step.
        rows: what is shown of a concept, made anew for each pass.
        schedule: how long.
    """
    trained = list(parameters)
    optimizer = torch.optim.Adam(trained, lr=schedule.rate, betas=(0.9, 0.98))
    losses: list[float] = []
    for step in range(schedule.steps):
        for group in optimizer.param_groups:
            group["lr"] = schedule.at(step)
        optimizer.zero_grad()
        losses.append(_passes(pupil, draw(step), rows))
        torch.nn.utils.clip_grad_norm_(trained, schedule.clip)
        optimizer.step()
    return tuple(losses)


def _passes(pupil: Pupil, batch: Sequence[Exercise], rows: Callable[[str], Inputs]) -> float:
    """Gradients of the mean over all judged tokens, some exercises of like length at a time."""
    order = sorted(batch, key=lambda one: one.asked.tokens)
    total = sum(len(one.answer) for one in order)
    told = 0.0
    for start in range(0, len(order), _AT_ONCE):
        some = order[start : start + _AT_ONCE]
        share = sum(len(one.answer) for one in some) / total
        loss = pupil.loss(some, rows) * share
        loss.backward()
        told += float(loss.detach())
    return told
