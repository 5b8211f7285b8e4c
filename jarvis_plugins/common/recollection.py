"""Which recollections a retriever hands on, and as which text: the same in every framework."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jarvis_memory.answer import Recollection
from jarvis_memory.intake import Photo
from jarvis_memory.memory import PersonalMemory
from jarvis_memory.profile import profile_text

__all__ = ["Recalling", "text_of"]


@dataclass(frozen=True, slots=True)
class Recalling:
    """Which concepts a retriever hands on.

    Attributes:
        k: the most, at least 1.
        least: leave out what has less likeness, in [0, 1]; None for all that are found.
        test: which concepts may be handed on; None for all.
    """

    k: int
    least: float | None = None
    test: Callable[[Recollection], bool] | None = None

    def of(self, memory: PersonalMemory, query: str, images: Sequence[Photo]) -> list[Recollection]:
        """The concepts that a query or pictures are about, best first.

        Raises:
            InputError: ``k`` is less than 1. ImageError: a picture that cannot be used.
        """
        # Everybody who is found: what a test leaves out makes room for others.
        everyone = self.k if self.test is None else max(self.k, len(memory.list()))
        found = memory.recall(query, images, everyone)
        near = (one for one in found if self.least is None or one.likeness >= self.least)
        return [one for one in near if self.test is None or self.test(one)][: self.k]


def text_of(found: Recollection) -> str:
    """The profile as the VLM reads it, or at least the name."""
    return profile_text(found.concept.profile).rstrip("\n") or found.concept.name
