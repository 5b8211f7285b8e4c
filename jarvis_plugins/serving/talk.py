"""A conversation with a memory."""

from __future__ import annotations

import time
from collections.abc import Iterator

from jarvis_memory import PersonalMemory
from jarvis_memory.recalling import answered
from jarvis_memory.vlm import Generation

from .reply import Reply, Share
from .tray import Picture

__all__ = ["Talk"]


class Talk:
    """A conversation with a memory."""

    def __init__(self, memory: PersonalMemory) -> None:
        self._memory = memory
        self._turns: list[tuple[str, str]] = []

    def say(self, text: str, pictures: tuple[Picture, ...]) -> Iterator[str | Reply]:
        ready = self._memory.ready(
            text, [p.data for p in pictures], max_new_tokens=256, history=self._turns[-4:]
        )
        began = time.perf_counter()
        first = None
        said = ""
        for piece in self._memory.node.stream(
            ready.context, text, ready.images, 256, history=self._turns[-4:]
        ):
            first = first or time.perf_counter()
            said += piece
            yield piece
        end = time.perf_counter()
        made = Generation(said, (), 12, ready.reused, 1, (first or end) - began, end - began)
        answer = answered(ready, made)
        self._turns.append((text, said))
        yield Reply(said, concepts=answer.concepts, shares=(Share(text, answer),), pictures=pictures)
