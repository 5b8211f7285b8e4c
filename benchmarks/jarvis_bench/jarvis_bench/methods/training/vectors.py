"""Vectors of concepts, trained so that a frozen model says what its lessons say."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import torch

from .fit import Schedule, fit
from .pupil import Exercise, Pupil
from .soft import noted_rows, soft_rows, word_scale

if TYPE_CHECKING:
    from jarvis_memory.kv import Inputs

    from ...method import Introduction
    from ..models import Models
    from .teacher import Lectures

__all__ = ["Training", "train_vectors"]

_COMPANY: Final = 0.5  # how often another concept is shown beside the one that is asked about


@dataclass(frozen=True, slots=True)
class Training:
    """How vectors are trained.

    Attributes:
        count: vectors of a concept.
        schedule: steps, and the rate relative to the size of the embeddings of words.
        told: lessons without a picture, for each concept in each step.
        seen: lessons about a picture, for each concept in each step; a share is the chance of one.
        seed: of first vectors, order and company.
    """

    count: int
    schedule: Schedule
    told: int = 4
    seen: float = 0.5
    seed: int = 0


def train_vectors(
    models: Models,
    lectures: Mapping[str, Lectures],
    training: Training,
    fixed: Mapping[str, torch.Tensor] | None = None,
    noted: Mapping[str, Introduction] | None = None,
) -> tuple[Mapping[str, torch.Tensor], tuple[float, ...]]:
    """Vectors (count, hidden) of each concept in ``lectures``, and the loss of each step.

    Args:
        models: the model, whose weights stay as they are.
        lectures: lessons by name.
        training: how.
        fixed: vectors of others, who are company and stay as they are.
        noted: of all of them, where profiles are shown before the vectors; then only looks are learned.
    """
    network, node = models.network, models.vlm
    network.requires_grad_(False)
    if not lectures:
        return {}, ()
    pupil = Pupil(network, node, frozen=True)
    # Numbers of about 1, so that one rate fits models of all sizes.
    scale, width = word_scale(network), network.get_input_embeddings().weight.shape[-1]
    free = {
        name: torch.nn.Parameter(_first(name, training, width).to(node.device)) for name in sorted(lectures)
    }
    others = dict(fixed or {})
    deck = _Deck(pupil, lectures, training, [*others], looks=noted is not None)

    def rows(name: str) -> Inputs:
        vectors = free[name] * scale if name in free else others[name].to(node.device)
        if noted is None:
            return soft_rows(node, name, vectors)
        return noted_rows(node, noted[name], vectors)

    losses = fit(pupil, free.values(), deck.draw, rows, training.schedule)
    return {name: (one.detach() * scale).cpu() for name, one in free.items()}, losses


def _first(name: str, training: Training, width: int) -> torch.Tensor:
    """Its own draw for each name, so that who else is known changes nothing of it."""
    generator = torch.Generator().manual_seed(random.Random(f"{training.seed}/{name}").getrandbits(32))
    return torch.randn(training.count, width, generator=generator)


class _Deck:
    """Lessons in an order that is shuffled each time when all were had."""

    def __init__(
        self,
        pupil: Pupil,
        lectures: Mapping[str, Lectures],
        training: Training,
        others: Sequence[str],
        *,
        looks: bool,
    ) -> None:
        self._rng, self._training = random.Random(f"deck/{training.seed}"), training
        self._names = [*sorted(lectures), *sorted(others)]
        exercises = {
            name: (
                [pupil.exercise(one) for one in (some.looks if looks else (*some.told, *some.looks))],
                [pupil.exercise(one) for one in some.seen],
            )
            for name, some in sorted(lectures.items())
        }
        self._told = {name: self._cycle(told) for name, (told, _) in exercises.items() if told}
        self._seen = {name: self._cycle(seen) for name, (_, seen) in exercises.items() if seen}

    def draw(self, step: int) -> list[Exercise]:
        """The exercises of a step."""
        training = self._training
        drawn = [next(some) for some in self._told.values() for _ in range(training.told)]
        for some in self._seen.values():
            whole, chance = divmod(training.seen, 1)
            drawn += [next(some) for _ in range(int(whole) + (self._rng.random() < chance))]
        return [self._accompanied(one) for one in drawn]

    def _accompanied(self, one: Exercise) -> Exercise:
        free = [name for name in self._names if name not in one.shown]
        if not free or self._rng.random() >= _COMPANY:
            return one
        shown = [*one.shown, *self._rng.sample(free, min(len(free), self._rng.choice((1, 1, 2))))]
        self._rng.shuffle(shown)
        return Exercise(tuple(shown), one.asked, one.answer)

    def _cycle(self, exercises: Sequence[Exercise]) -> Iterator[Exercise]:
        while True:
            order = list(exercises)
            self._rng.shuffle(order)
            yield from order
