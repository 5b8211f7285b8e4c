"""A blocking iterator, drained in a thread and read in an event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Generator, Iterator
from typing import Final, TypeVar, cast

__all__ = ["pumped"]

T = TypeVar("T")

_END: Final = object()


async def pumped(source: Iterator[T], stop: threading.Event) -> AsyncIterator[T]:
    """What an iterator gives, without blocking the loop; errors of it are raised here.

    Args:
        source: runs in one thread from beginning to end, and is closed there.
        stop: once it is set nothing more is asked of ``source``.
    """
    loop = asyncio.get_running_loop()
    given: asyncio.Queue[object] = asyncio.Queue()

    def drain() -> None:
        try:
            for one in source:
                loop.call_soon_threadsafe(given.put_nowait, one)
                if stop.is_set():
                    break
        finally:
            if isinstance(source, Generator):
                source.close()
            loop.call_soon_threadsafe(given.put_nowait, _END)

    work = asyncio.create_task(asyncio.to_thread(drain))
    try:
        while (one := await given.get()) is not _END:
            yield cast(T, one)
    finally:
        # Whoever leaves early, or is cancelled, has the source stopped too.
        stop.set()
    await work
