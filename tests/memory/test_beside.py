"""A blocking iterator is read beside the event loop, and stops with its reader."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from jarvis_memory.beside import beside
from jarvis_retrievers.errors import InputError


async def test_all_items_come_in_order_from_another_thread() -> None:
    threads = set()

    def numbers() -> Iterator[int]:
        for number in range(100):
            threads.add(threading.get_ident())
            yield number

    assert [number async for number in beside(None, numbers)] == list(range(100))
    assert threads
    assert threading.get_ident() not in threads


async def test_a_reader_who_leaves_stops_the_work() -> None:
    closed, given = threading.Event(), []

    def numbers() -> Iterator[int]:
        try:
            for number in range(10_000_000):
                given.append(number)
                yield number
        finally:
            closed.set()

    source = beside(None, numbers)
    async for number in source:
        if number == 3:
            break
    await source.aclose()
    assert closed.wait(30)
    assert len(given) < 10_000_000


async def test_a_reader_who_is_cancelled_while_an_item_is_made_stops_the_work() -> None:
    begun, go_on, closed = threading.Event(), threading.Event(), threading.Event()

    def slow() -> Iterator[int]:
        try:
            begun.set()
            go_on.wait(30)
            yield 1
            raise AssertionError("nobody is there to read this")
        finally:
            closed.set()

    async def read() -> list[int]:
        return [number async for number in beside(None, slow)]

    reading = asyncio.create_task(read())
    await asyncio.to_thread(begun.wait, 30)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert not closed.is_set()
    go_on.set()
    assert await asyncio.to_thread(closed.wait, 30)


async def test_errors_of_the_work_are_the_readers() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise InputError("no more")

    source = beside(None, broken)
    assert await anext(source) == 1
    with pytest.raises(InputError, match="no more"):
        await anext(source)
