"""Whoever waits for threads, and whoever reads slowly."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from jarvis_plugins.api.waiting import ahead, over


class _Source:
    """Gives numbers, then ends as it is told, and takes a while to close."""

    def __init__(self, numbers: int, error: Exception | None = None, endless: bool = False) -> None:
        self.given, self.closed = 0, False
        self._numbers, self._error, self._endless = numbers, error, endless

    async def __call__(self) -> AsyncGenerator[int, None]:
        try:
            while self.given < self._numbers:
                self.given += 1
                yield self.given
            if self._error is not None:
                raise self._error
            if self._endless:
                await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            self.closed = True


async def test_a_source_goes_to_its_end_however_slowly_it_is_read() -> None:
    source = _Source(5)
    numbers = ahead(source())
    assert await anext(numbers) == 1
    while not source.closed:
        await asyncio.sleep(0.01)
    assert [number async for number in numbers] == [2, 3, 4, 5]


async def test_an_error_comes_behind_what_was_given() -> None:
    numbers, told = ahead(_Source(2, ValueError("broken"))()), list[int]()

    async def read() -> None:
        async for number in numbers:
            told.append(number)

    with pytest.raises(ValueError, match="broken"):
        await read()
    assert told == [1, 2]


async def test_leaving_closes_the_source_and_waits_for_that() -> None:
    for cancelled in (False, True):
        source = _Source(2, endless=True)
        numbers = ahead(source())
        assert [await anext(numbers), await anext(numbers)] == [1, 2]
        if cancelled:
            reading = asyncio.ensure_future(anext(numbers))
            await asyncio.sleep(0.01)
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
        else:
            await numbers.aclose()
        assert source.closed


async def test_a_source_that_is_cut_short_has_no_end() -> None:
    async def source() -> AsyncGenerator[int, None]:
        yield 1
        raise asyncio.CancelledError

    numbers = ahead(source())
    assert await anext(numbers) == 1
    with pytest.raises(asyncio.CancelledError):
        await anext(numbers)


async def test_over_takes_back_what_has_not_begun_and_waits_for_what_has() -> None:
    with ThreadPoolExecutor(1) as pool:
        held = threading.Event()
        running, waiting = pool.submit(held.wait, 60), pool.submit(int)
        while not running.running():
            await asyncio.sleep(0.01)
        await over(waiting)
        assert waiting.cancelled()
        ending = asyncio.create_task(over(running))
        await asyncio.wait({ending}, timeout=0.05)
        assert not ending.done()
        held.set()
        await ending
        assert running.done()
    # Whatever has ended, however it did.
    failed = Future[None]()
    failed.set_exception(ValueError("broken"))
    await over(failed)
