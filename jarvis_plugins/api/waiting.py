"""Waiting for work in threads, and reading what comes of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from concurrent.futures import Future
from contextlib import aclosing
from typing import Any, TypeVar, cast

__all__ = ["ahead", "over"]

T = TypeVar("T")
_END = object()


async def over(job: Future[Any]) -> None:
    """Take back work that has not begun, or wait for the end of what has, however it ends."""
    if not job.cancel():
        done = asyncio.wrap_future(job)
        await asyncio.wait({done})
        if not done.cancelled():
            done.exception()  # asyncio asks that somebody looks


async def ahead(source: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
    """What a source gives, which goes on to its end however slowly that is read.

    Leaving the iteration closes the source, and waits for that, unless it is cancelled once more meanwhile.
    """
    items: asyncio.Queue[object] = asyncio.Queue()
    failed: list[BaseException] = []

    async def read() -> None:
        try:
            async with aclosing(source):
                async for item in source:
                    items.put_nowait(item)
        except BaseException as error:
            failed.append(error)
            if not isinstance(error, Exception):
                raise
        finally:
            items.put_nowait(_END)

    reading = asyncio.create_task(read())
    try:
        while (item := await items.get()) is not _END:
            yield cast(T, item)
        for error in failed:
            raise error
    finally:
        reading.cancel()
        await asyncio.wait({reading})
