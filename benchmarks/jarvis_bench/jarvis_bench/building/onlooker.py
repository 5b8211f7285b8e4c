"""A model that is shown patches and asked about them, several questions in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cachetools import LRUCache

from jarvis_memory.kv import Context
from jarvis_memory.profiling.looking import look_at
from jarvis_memory.profiling.profiler import Subject
from jarvis_memory.vlm import VLM, Query
from jarvis_retrievers.images import pixel_digest

__all__ = ["Ask", "Onlooker"]

Ask = tuple[Subject, str]
"""What is shown, and what is asked about it."""
_AT_ONCE: Final = 8


class Onlooker:
    """Greedy answers from the patches of subjects; what was shown lately is not encoded again.

    Args:
        vlm: the model.
        max_new_tokens: the most tokens of an answer.
    """

    def __init__(self, vlm: VLM, max_new_tokens: int) -> None:
        self._vlm, self._most = vlm, max_new_tokens
        self._seen: LRUCache[tuple[str, ...], Context] = LRUCache(2 * _AT_ONCE)

    def say(self, asks: Sequence[Ask]) -> list[str]:
        """The answers, in order."""
        said: list[str] = []
        for start in range(0, len(asks), _AT_ONCE):
            some = asks[start : start + _AT_ONCE]
            queries = [Query(self._context(subject), prompt, (), self._most) for subject, prompt in some]
            said += [one.text for one in self._vlm.generate_many(queries, _AT_ONCE)]
        return said

    def _context(self, subject: Subject) -> Context:
        key = (subject.name, *map(pixel_digest, subject.shown))
        if key not in self._seen:
            self._seen[key] = look_at(self._vlm, subject)
        return self._seen[key]
