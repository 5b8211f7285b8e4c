"""Work of a model beside the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import Executor
from contextvars import copy_context
from typing import TypeVar, cast

__all__ = ["beside"]

T = TypeVar("T")
_END = object()


async def beside(executor: Executor | None, make: Callable[[], Iterator[T]]) -> AsyncGenerator[T, None]:
    """What an iterator gives, made and run in a thread of ``executor``.

    The thread does not wait for the loop, and the loop not for the thread. Leaving the iteration, or the
    cancellation of its task, closes the iterator before its next item. Context variables are those of here.

    Args:
        executor: whose thread it is; None for the loop's own.
        make: makes the iterator.
    """
    loop = asyncio.get_running_loop()
    items: asyncio.Queue[object] = asyncio.Queue()
    left = threading.Event()

    def tell(item: object) -> None:
        # A loop that is closed has nobody left to listen.
        if not loop.is_closed():
            loop.call_soon_threadsafe(items.put_nowait, item)

    def work() -> None:
        try:
            if not left.is_set():
                _run(make(), left, tell)
        except BaseException as error:
            tell(error)
        else:
            tell(_END)

    done = loop.run_in_executor(executor, copy_context().run, work)
    try:
        while (item := await items.get()) is not _END:
            if isinstance(item, BaseException):
                raise item
            yield cast(T, item)
    finally:
        left.set()
        done.cancel()  # only what has not begun


def _run(iterator: Iterator[object], left: threading.Event, tell: Callable[[object], None]) -> None:
    try:
        for item in iterator:
            if left.is_set():
                return
            tell(item)
    finally:
        close = getattr(iterator, "close", None)
        if close is not None:
            close()
