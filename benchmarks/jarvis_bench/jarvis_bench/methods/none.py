"""``none``: the model alone. What it gets right, a picture and a question give away.

Source: the vanilla model of Yo'LLaVA's tables (arXiv 2406.09400); issue 5 of RAP-MLLM reports 94 % for it.
Deviations: none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..method import BenchMemory, Introduction, Query, Reply, Setting
from .frames import by_frames
from .models import MOST_TOKENS, Models

__all__ = ["NoneMethod"]


@dataclass(frozen=True)
class NoneMethod:
    """Keeps nothing of what it is told."""

    models: Models
    name: str = "none"

    @property
    def settings(self) -> Mapping[str, Setting]:
        """The model."""
        return {**self.models.settings}

    def open(self, concepts: Sequence[Introduction]) -> BenchMemory:
        """A memory of nobody."""
        return _NoMemory(self.models)


@dataclass(frozen=True)
class _NoMemory:
    models: Models

    def stored(self) -> Mapping[str, int]:
        return {}

    def answer(self, query: Query) -> Reply:
        return by_frames(query, self.models.voice, self._answer, self._answers)

    def _answers(self, queries: Sequence[Query]) -> list[Reply]:
        from jarvis_memory.vlm import Query as Asked

        voice = self.models.voice
        asked = [Asked(None, voice.asked(one), one.images, MOST_TOKENS, one.history) for one in queries]
        said = self.models.vlm.generate_many(asked)
        told = zip(queries, said, strict=True)
        return [Reply(voice.told(one, answer.text), loaded=0, found=()) for one, answer in told]

    def _answer(self, query: Query) -> Reply:
        voice = self.models.voice
        asked = voice.asked(query)
        said = self.models.vlm.generate(None, asked, query.images, MOST_TOKENS, history=query.history)
        first = said.ttft_seconds
        return Reply(
            voice.told(query, said.text), first_token=first, loaded=0, found=(), stages=(("first", first),)
        )

    def close(self) -> None:
        """Nothing is held."""
