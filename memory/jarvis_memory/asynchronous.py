"""The same methods for asynchronous programs, each in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from functools import partial
from typing import Any

from jarvis_retrievers.errors import JarvisWarning

from .answer import Answer, Recollection
from .beside import beside
from .concept import Concept
from .finder import Explanation
from .intake import Photo

__all__ = ["AsyncMemory"]


class AsyncMemory:
    """What `PersonalMemory` has besides its methods: one with an ``a`` before its name where work is long."""

    remember: Callable[..., Concept]
    update: Callable[..., Concept]
    edit: Callable[..., Concept]
    ask: Callable[..., Answer]
    recall: Callable[..., list[Recollection]]
    forget: Callable[[str], Concept]
    stream: Callable[..., Iterator[str]]
    tell: Callable[..., Iterator[str | Answer]]
    ask_many: Callable[..., list[Answer]]
    why: Callable[..., Explanation]
    doubts: Callable[..., list[JarvisWarning]]

    async def aremember(
        self, name: str, photos: Sequence[Photo] = (), about: str | Sequence[str] = (), **more: Any
    ) -> Concept:
        """`remember` in a thread."""
        return await asyncio.to_thread(partial(self.remember, name, photos, about, **more))

    async def aupdate(self, name: str, **more: Any) -> Concept:
        """`update` in a thread."""
        return await asyncio.to_thread(partial(self.update, name, **more))

    async def aedit(self, name: str, **more: Any) -> Concept:
        """`edit` in a thread."""
        return await asyncio.to_thread(partial(self.edit, name, **more))

    async def aask(self, question: str, images: Sequence[Photo] = (), **more: Any) -> Answer:
        """`ask` in a thread."""
        return await asyncio.to_thread(partial(self.ask, question, images, **more))

    async def aask_many(self, questions: Sequence[str], *more: Any, **named: Any) -> list[Answer]:
        """`ask_many` in a thread."""
        return await asyncio.to_thread(partial(self.ask_many, questions, *more, **named))

    async def awhy(self, question: str = "", images: Sequence[Photo] = (), **more: Any) -> Explanation:
        """`why` in a thread."""
        return await asyncio.to_thread(partial(self.why, question, images, **more))

    async def adoubts(
        self, name: str, photos: Sequence[Photo] = (), about: str | Sequence[str] = ()
    ) -> list[JarvisWarning]:
        """`doubts` in a thread."""
        return await asyncio.to_thread(partial(self.doubts, name, photos, about))

    async def arecall(
        self, query: str = "", images: Sequence[Photo] = (), k: int = 3, **more: Any
    ) -> list[Recollection]:
        """`recall` in a thread."""
        return await asyncio.to_thread(partial(self.recall, query, images, k, **more))

    async def aforget(self, name: str) -> Concept:
        """`forget` in a thread."""
        return await asyncio.to_thread(self.forget, name)

    def astream(self, question: str, images: Sequence[Photo] = (), **more: Any) -> AsyncIterator[str]:
        """`stream` in a thread; leaving the loop stops the work."""
        return beside(None, partial(self.stream, question, images, **more))

    def atell(self, question: str, images: Sequence[Photo] = (), **more: Any) -> AsyncIterator[str | Answer]:
        """`tell` in a thread; leaving the loop stops the work."""
        return beside(None, partial(self.tell, question, images, **more))
