"""The same methods for asynchronous programs, each in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from functools import partial
from typing import Any

from .answer import Answer, Recollection
from .concept import Concept
from .intake import Photo

__all__ = ["AsyncMemory"]


class AsyncMemory:
    """What `PersonalMemory` has besides its methods: one with an ``a`` before its name for each."""

    remember: Callable[..., Concept]
    update: Callable[..., Concept]
    edit: Callable[..., Concept]
    ask: Callable[..., Answer]
    recall: Callable[..., list[Recollection]]
    forget: Callable[[str], Concept]
    stream: Callable[..., Iterator[str]]

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

    async def arecall(
        self, query: str = "", images: Sequence[Photo] = (), k: int = 3, **more: Any
    ) -> list[Recollection]:
        """`recall` in a thread."""
        return await asyncio.to_thread(partial(self.recall, query, images, k, **more))

    async def aforget(self, name: str) -> Concept:
        """`forget` in a thread."""
        return await asyncio.to_thread(self.forget, name)

    async def astream(self, question: str, images: Sequence[Photo] = (), **more: Any) -> AsyncIterator[str]:
        """`stream` in a thread, one piece at a time; leaving the loop stops the work."""
        pieces = await asyncio.to_thread(partial(self.stream, question, images, **more))
        try:
            while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
                yield piece
        finally:
            close = getattr(pieces, "close", None)
            if close is not None:
                close()
