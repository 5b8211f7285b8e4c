"""How many uploads are held in memory at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

__all__ = ["Bodies"]


class Bodies:
    """At most ``most`` uploads at once, of which one owner has at most half; others wait, unread."""

    def __init__(self, most: int) -> None:
        self._all, self._share = asyncio.Semaphore(most), max(1, most // 2)
        self._own: dict[str, asyncio.Semaphore] = {}

    @asynccontextmanager
    async def hold(self, owner: str) -> AsyncIterator[None]:
        """Room for one upload of an owner."""
        # Owners are those of a file: as many semaphores as users.
        own = self._own.setdefault(owner, asyncio.Semaphore(self._share))
        async with own, self._all:
            yield
