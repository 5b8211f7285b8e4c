"""Pictures of a request: a bound on all of them, and no owner whose pictures are slow stops another."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any, ClassVar

import pytest
from PIL import Image

from jarvis_memory.chat import ChatRequest
from jarvis_plugins.api import Bounds, Refusal
from jarvis_plugins.api.reader import Reader
from jarvis_plugins.api.wanted import Wanted
from jarvis_retrievers.sources import ImagePolicy
from tests.api.conftest import picture


def wanted(*sizes: int) -> Wanted:
    parts: list[dict[str, Any]] = [picture(Image.new("RGB", (size, size))) for size in sizes]
    said = {"role": "user", "content": [*parts, {"type": "text", "text": "Who?"}]}
    return Wanted.read(json.dumps({"model": "pocket", "messages": [said]}).encode(), Bounds())


def test_all_pictures_together_have_bounds() -> None:
    asked, pixels = wanted(64, 64), 64 * 64
    request = asked.request(ImagePolicy(), Bounds(picture_pixels=2 * pixels))
    assert [image.size for image in request.messages[0].images] == [(64, 64)] * 2
    for bounds, why in (
        (Bounds(picture_pixels=2 * pixels - 1), "more than 8,191 pixels"),
        (Bounds(pictures=1), "too many images"),
        (Bounds(picture_seconds=1e-9), "took more than 1e-09 s"),
    ):
        with pytest.raises(Refusal, match=why) as refused:
            asked.request(ImagePolicy(), bounds)
        assert refused.value.status == 400
    assert (asked.has_pictures, wanted().has_pictures) == (True, False)


async def read(reader: Reader, owner: str, asked: Wanted) -> ChatRequest:
    async with reader.read(owner, asked) as request:
        return request


class _Slow(ImagePolicy):
    """Reads no picture before it is let through."""

    come: ClassVar[list[int]] = []
    free: ClassVar = threading.Event()

    def from_url(self, url: str) -> Image.Image:
        self.come.append(len(url))
        self.free.wait(60)
        return super().from_url(url)


async def test_slow_pictures_of_one_owner_leave_room_for_others() -> None:
    _Slow.come.clear()
    _Slow.free.clear()
    reader = Reader(_Slow(), Bounds())
    hers = [asyncio.create_task(read(reader, "ana", wanted(8))) for _ in range(8)]
    his = asyncio.create_task(read(reader, "ben", wanted(16)))
    while len(_Slow.come) < 2:
        await asyncio.sleep(0.01)
    # One of ana's, and ben's; what has no pictures waits for nobody.
    assert (await read(reader, "ana", wanted())).messages[0].text == "Who?"
    assert len(_Slow.come) == 2
    # Who leaves is not gone before the work is: its place is not free yet.
    hers[0].cancel()
    hers[1].cancel()
    await asyncio.wait({hers[0]}, timeout=0.2)
    assert (hers[0].done(), hers[1].done()) == (False, True)
    _Slow.free.set()
    assert (await his).messages[0].images[0].size == (16, 16)
    told = await asyncio.gather(*hers, return_exceptions=True)
    assert [isinstance(one, asyncio.CancelledError) for one in told] == [True] * 2 + [False] * 6
    assert not reader._turns
    reader.close()


async def test_pictures_of_all_requests_have_room_until_they_are_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reader, held, begun = Reader(ImagePolicy(), Bounds(shown=2)), AsyncExitStack(), list[str]()
    submit = reader._threads.submit

    def submitted(work: Callable[..., Any], *given: Any) -> Any:
        begun.append(work.__name__)
        return submit(work, *given)

    monkeypatch.setattr(reader._threads, "submit", submitted)
    for owner in ("ana", "ana"):
        await held.enter_async_context(reader.read(owner, wanted(8)))
    late = [asyncio.create_task(read(reader, owner, wanted(16))) for owner in ("ben", "cid")]
    # What shows nothing needs no room, and one who leaves waits no more.
    assert (await read(reader, "ana", wanted())).messages[0].text == "Who?"
    late[0].cancel()
    await asyncio.wait({late[0]})
    assert begun == ["request"] * 2
    await held.aclose()
    assert (await late[1]).messages[0].images[0].size == (16, 16)
    assert len(begun) == 3
    # A refusal leaves its room as well.
    for _ in range(3):
        with pytest.raises(Refusal, match="too many images"):
            await read(reader, "ana", wanted(*[8] * 17))
    assert reader._room._value == 2
    reader.close()
