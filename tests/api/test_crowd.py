"""What goes wrong with one question is not the others' loss, and who leaves leaves nothing behind."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from jarvis_memory import PersonalMemory, chat_together
from jarvis_memory.chat import ChatRequest, Message, Reply
from jarvis_memory.vlm import VLM
from jarvis_plugins.api import Bounds, LocalAnswering, Tokens, build_api
from jarvis_plugins.api.wanted import Wanted
from jarvis_plugins.common.memories import Memories
from jarvis_retrievers.errors import CorruptRecordError, JarvisError
from jarvis_retrievers.openclip import OpenCLIPEncoder
from tests.api.conftest import PATH, Place, bearer, picture, served

QUESTION = ChatRequest([Message("user", ("Who?",))], max_new_tokens=2)


class _Broken(PersonalMemory):
    def ready(self, *given: Any, **more: Any) -> Any:
        raise RuntimeError("broken")

    def stream_chat(self, request: ChatRequest) -> Iterator[str | Reply]:
        raise RuntimeError("broken")
        yield ""


async def test_an_error_of_one_is_not_that_of_the_others(place: Place, tmp_path: Path) -> None:
    vlm, clip = VLM.load("pocket", device="cpu"), OpenCLIPEncoder.load("pocket", device="cpu")

    def opened(owner: str) -> PersonalMemory:
        kind = _Broken if owner == "ben" else PersonalMemory
        return kind.open(tmp_path, owner=owner, model=vlm, clip=clip)

    answering = LocalAnswering(Memories(opened), "pocket")
    crowd, held = answering._crowd, threading.Event()
    answering._thread.submit(held.wait, 60)
    asked = [asyncio.create_task(crowd.answer(owner, QUESTION)) for owner in ("ana", "ben", "new")]
    while len(crowd._waiting) < 3:
        await asyncio.sleep(0.01)
    held.set()
    ana, ben, new = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(ana, Reply)
    assert isinstance(new, Reply)
    assert ana.text == new.text
    assert isinstance(ben, RuntimeError)
    answering.close()


async def test_who_leaves_waits_no_more(place: Place) -> None:
    crowd, held = place.answering._crowd, threading.Event()
    place.answering._thread.submit(held.wait, 60)
    try:
        asked = asyncio.create_task(crowd.answer("ana", QUESTION))
        while not crowd._waiting:
            await asyncio.sleep(0.01)
        asked.cancel()
        await asyncio.wait({asked})
        assert not crowd._waiting
    finally:
        held.set()


async def test_who_leaves_a_pass_ends_their_part_of_it(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others get their answers; nobody computes for one that has left."""
    crowd, held, kept = place.answering._crowd, threading.Event(), list[Any]()

    def together(asks: Any, most: int, waited_for: Sequence[Callable[[], bool]]) -> list[Reply | JarvisError]:
        """The real one, from the moment on when one has left."""
        leaver.get_loop().call_soon_threadsafe(leaver.cancel)
        while waited_for[1]():
            time.sleep(0.01)
        kept.extend(chat_together(asks, most, waited_for))
        return kept

    monkeypatch.setattr("jarvis_plugins.api.crowd.chat_together", together)
    # A turn that is left from before would take the first of them.
    place.answering._thread.submit(int).result()
    place.answering._thread.submit(held.wait, 60)
    long = replace(QUESTION, max_new_tokens=8)
    stayer = asyncio.create_task(crowd.answer("ana", long))
    leaver = asyncio.create_task(crowd.answer("ben", long))
    while len(crowd._waiting) < 2:
        await asyncio.sleep(0.01)
    held.set()
    await asyncio.wait({leaver})
    # What they asked with is in use until the pass ends, and so long their place is not free.
    assert kept
    reply = await stayer
    with pytest.raises(asyncio.CancelledError):
        await leaver
    assert [one.generated_tokens for one in kept] == [reply.generated_tokens, 1]
    assert reply.generated_tokens > 1


@pytest.mark.parametrize("leaves", [False, True])
async def test_a_stream_that_is_not_read_keeps_no_room(
    place: Place, monkeypatch: pytest.MonkeyPatch, leaves: bool
) -> None:
    """Of whoever reads slowly only the pieces are kept, not the pictures."""
    bounds, photo = Bounds(shown=1), place.exam.photos[0][0]
    answering = LocalAnswering(place.memories, "pocket", bounds)
    text = {"type": "text", "text": f"Is {place.name} in the picture?"}
    said = {"role": "user", "content": [picture(photo), text]}
    asked = Wanted.read(json.dumps({"model": "pocket", "messages": [said]}).encode(), bounds)
    slow, go_on, said_of = answering.stream("ana", asked), threading.Event(), PersonalMemory.stream_chat

    def held(memory: PersonalMemory, request: ChatRequest) -> Iterator[str | Reply]:
        for piece in said_of(memory, request):
            yield piece
            go_on.wait(60)

    monkeypatch.setattr(PersonalMemory, "stream_chat", held)
    pieces = [await anext(slow)]
    if leaves:
        leaving = asyncio.create_task(slow.aclose())
        await asyncio.wait({leaving}, timeout=0.1)
        # The model has the pictures as long as it is busy with them.
        assert (leaving.done(), answering._reader._room._value) == (False, 0)
        go_on.set()
        await leaving
        assert answering._reader._room._value == 1
    go_on.set()
    his = await asyncio.wait_for(answering.answer("ben", asked), 60)
    assert his["choices"][0]["message"]["content"]
    if not leaves:
        pieces += [piece async for piece in slow]
        told = "".join(piece["choices"][0]["delta"].get("content") or "" for piece in pieces)
        assert told == (await answering.answer("ana", asked))["choices"][0]["message"]["content"]
    answering._thread.shutdown()


def test_the_log_says_why_a_memory_cannot_be_opened(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    def opened(owner: str) -> PersonalMemory:
        raise CorruptRecordError("a secret place is broken")

    answering = LocalAnswering(Memories(opened), "pocket")
    body = {"model": "pocket", "messages": [{"role": "user", "content": "Who?"}]}
    with caplog.at_level(logging.INFO), served(answering, Tokens.read(place.file)) as url:
        for stream in (False, True):
            caplog.clear()
            refused = httpx.post(f"{url}{PATH}", json=body | {"stream": stream}, headers=bearer(place, "ana"))
            assert (refused.status_code, "secret" in refused.text) == (503, False)
            (told,) = [one.getMessage() for one in caplog.records if "server.failed" in one.getMessage()]
            assert "CorruptRecordError" in told
    answering.close()


class _Endless:
    """Streams without an end."""

    model = "pocket"

    async def ready(self) -> bool:
        return True

    async def answer(self, owner: str, wanted: Wanted) -> dict[str, Any]:
        return {}

    async def stream(self, owner: str, wanted: Wanted) -> AsyncGenerator[dict[str, Any], None]:
        while True:
            yield {}


async def test_who_does_not_read_loses_the_place(place: Place) -> None:
    bounds = Bounds(send_seconds=0.1, waiting_owner=1)
    app = build_api(_Endless(), Tokens.read(place.file), bounds)
    body = b'{"model":"pocket","messages":[{"role":"user","content":"x"}],"stream":true}'
    headers = [(b"authorization", bearer(place, "ana")["Authorization"].encode())]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": b"",
        "headers": headers,
    }

    for _ in range(2):
        messages, began = [{"type": "http.request", "body": body}], list[int]()

        async def receive(messages: list[dict[str, Any]] = messages) -> dict[str, Any]:
            if messages:
                return messages.pop()
            await asyncio.Event().wait()
            return {}

        async def send(message: Any, began: list[int] = began) -> None:
            if message["type"] == "http.response.start":
                began.append(message["status"])
            else:
                await asyncio.Event().wait()

        await asyncio.wait_for(app(dict(scope), receive, send), 60)
        assert began == [200]
