"""`JarvisLLM` beside the event loop."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest

from jarvis_memory import PersonalMemory
from jarvis_memory.chat import ChatRequest, Reply
from jarvis_memory.testing import ScriptedVLM
from jarvis_plugins.llama_index import JarvisLLM
from jarvis_pocket.exam import Exam
from jarvis_retrievers.errors import WindowError
from tests.llama_index.chat import asked


async def test_asynchronous_calls_are_the_same(shared: PersonalMemory, exam: Exam) -> None:
    llm, question = JarvisLLM(memory=shared), f"What does {exam.concepts[1].name} like?"
    expected = llm.complete(question).text
    assert (await llm.acomplete(question)).text == expected
    assert (await llm.achat([asked(question)])).message.content == expected
    chats = [piece async for piece in await llm.astream_chat([asked(question)])]
    completions = [piece async for piece in await llm.astream_complete(question)]
    for pieces in (chats, completions):
        assert "".join(piece.delta or "" for piece in pieces) == expected
        assert pieces[-1].additional_kwargs["reused_tokens"] > 0
    with pytest.raises(WindowError):
        await llm.acomplete("word " * 20_000)


class Slow(ScriptedVLM):
    """Waits before each piece, and says when it was closed."""

    def __init__(self) -> None:
        super().__init__(["a" * 1000])
        self.threads: set[str] = set()
        self.pieces = 0
        self.closed = threading.Event()

    def stream_chat(self, request: ChatRequest) -> Iterator[str | Reply]:
        try:
            for piece in super().stream_chat(request):
                self.threads.add(threading.current_thread().name)
                self.pieces += 1
                time.sleep(0.005)
                yield piece
        finally:
            self.closed.set()


async def test_the_loop_goes_on_and_leaving_stops_the_work() -> None:
    node = Slow()
    llm, beats = JarvisLLM(model=node, max_tokens=2000), 0
    task = asyncio.create_task(llm.achat([asked("Hi")]))
    while node.pieces < 5:
        beats += 1
        await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(node.closed.wait, 5)
    assert beats > 1
    assert node.pieces < 1000
    assert all(name.startswith("jarvis-chat") for name in node.threads)


async def test_a_stream_that_is_left_stops() -> None:
    node = Slow()
    async for _ in await JarvisLLM(model=node, max_tokens=2000).astream_chat([asked("Hi")]):
        break
    assert await asyncio.to_thread(node.closed.wait, 5)
    assert node.pieces < 1000


def test_a_stream_that_is_closed_stops() -> None:
    node = Slow()
    stream = JarvisLLM(model=node, max_tokens=2000).stream_chat([asked("Hi")])
    next(stream)
    stream.close()
    del stream
    assert node.closed.wait(5)
    assert node.pieces < 1000
