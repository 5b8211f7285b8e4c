"""Requests with pictures are read beside the loop and beside the model, and no owner stops the others."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from jarvis_memory.chat import ChatRequest
from jarvis_retrievers.sources import ImagePolicy

from .bounds import Bounds
from .waiting import over
from .wanted import Wanted

__all__ = ["Reader"]

_THREADS: Final = 4


class Reader:
    """Decodes and fetches what requests show, one request of each owner at a time. For one event loop.

    Args:
        policy: where images may come from besides requests themselves.
        bounds: how much may be asked.
    """

    def __init__(self, policy: ImagePolicy, bounds: Bounds) -> None:
        self._policy, self._bounds = policy, bounds
        # Not the loop's own threads: others need those, and a fetch may last.
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="jarvis-pictures")
        self._room = asyncio.Semaphore(bounds.shown)
        self._turns: dict[str, asyncio.Lock] = {}
        self._here: Counter[str] = Counter()

    @asynccontextmanager
    async def read(self, owner: str, wanted: Wanted) -> AsyncIterator[ChatRequest]:
        """What a node is asked. Within, its pictures take memory, for which all requests have room together.

        Raises:
            Refusal: as for `Wanted.request`.
        """
        if not wanted.has_pictures:
            yield await asyncio.to_thread(wanted.request, self._policy, self._bounds)
            return
        async with AsyncExitStack() as held:
            # An owner's requests that wait for each other take no room yet.
            async with self._turn(owner):
                await held.enter_async_context(self._room)
                request = await self._decoded(wanted)
            yield request

    async def _decoded(self, wanted: Wanted) -> ChatRequest:
        """Who leaves waits for the end of what has begun, as it still takes memory."""
        job = self._threads.submit(wanted.request, self._policy, self._bounds)
        try:
            return await asyncio.wrap_future(job)
        finally:
            await over(job)

    def close(self) -> None:
        """Finish what is under way."""
        self._threads.shutdown()

    @asynccontextmanager
    async def _turn(self, owner: str) -> AsyncIterator[None]:
        turn = self._turns.setdefault(owner, asyncio.Lock())
        self._here[owner] += 1
        try:
            async with turn:
                yield
        finally:
            self._here[owner] -= 1
            if not self._here[owner]:
                del self._here[owner], self._turns[owner]
