"""Who looks: the small model with its memory, behind a small contract."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from jarvis_memory.concept import Concept

from .look import Kind, Look, Remembered, Scene

__all__ = ["Reporter"]


@runtime_checkable
class Reporter(Protocol):
    """Looks at pictures for concepts: `PlainReporter` by plain questions, `JsonReporter` in JSON."""

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The checks that it can make, the most telling first."""

    def report(self, scene: Scene, concepts: Sequence[Concept]) -> tuple[Look, ...]:
        """The first look for each concept, in the same order."""

    def look(self, kind: Kind, scene: Scene, concept: Concept) -> Look:
        """A look of its own, which knows nothing of the first."""

    def reply(self, question: str, scene: Scene, concept: Concept) -> Look:
        """A look because of a question of the large model."""

    def remember(self, concept: Concept) -> Remembered:
        """How the concept looks."""
