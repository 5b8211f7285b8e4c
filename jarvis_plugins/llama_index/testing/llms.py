"""The suite for LLMs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    CompletionResponse,
    LLMMetadata,
    MessageRole,
    TextBlock,
)
from llama_index.core.callbacks import CBEventType, LlamaDebugHandler
from llama_index.core.instrumentation.events.llm import (
    LLMChatEndEvent,
    LLMChatStartEvent,
    LLMCompletionEndEvent,
    LLMCompletionStartEvent,
)
from llama_index.core.llms import LLM
from llama_index.core.llms.function_calling import FunctionCallingLLM

from .picturing import PictureConformance
from .suite import events, needs, on_the_loop, run
from .tooling import ToolConformance

__all__ = ["LLMConformance"]


class LLMConformance(PictureConformance, ToolConformance):
    """What an `LLM` must do, and what it may. A subclass has at least the fixture ``llm``.

    Images and tools have flags of their own, in `PictureConformance` and `ToolConformance`.

    Attributes:
        prompt: something that it answers.
        is_repeatable: the same input gives the same answer, so that streams and async calls can be compared.
        has_usage: answers say how many tokens went in and came out, where LlamaIndex counts them.
        refuses_empty: a conversation without messages is an error.
        does_not_block: async methods leave the event loop free.
    """

    prompt: str = "What does Bo like?"
    is_repeatable: bool = True
    has_usage: bool = False
    refuses_empty: bool = False
    does_not_block: bool = True

    @pytest.fixture
    def llm(self) -> LLM:
        """The LLM."""
        raise NotImplementedError("give the suite a fixture `llm`")

    def test_metadata(self, llm: LLM) -> None:
        """Required: a window, a name, and function calling only where it can be."""
        about = llm.metadata
        assert isinstance(about, LLMMetadata)
        assert about.context_window > 0
        assert about.model_name
        assert not about.is_function_calling_model or isinstance(llm, FunctionCallingLLM)

    def test_class_name(self, llm: LLM) -> None:
        """Required: a name of its own, by which it is written down."""
        assert llm.class_name() not in ("base_component", "custom_llm", "base_llm")
        assert llm.to_dict()["class_name"] == llm.class_name()

    def test_chat(self, llm: LLM) -> None:
        """Required: a message of the assistant."""
        _check(llm.chat(self.turns()))

    def test_complete(self, llm: LLM) -> None:
        """Required: a text."""
        answer = llm.complete(self.prompt)
        assert isinstance(answer, CompletionResponse)
        assert answer.text

    def test_longer_conversations(self, llm: LLM) -> None:
        """Required: a system text, and turns before."""
        before = [ChatMessage("Answer shortly.", role=MessageRole.SYSTEM), *self.turns()]
        _check(llm.chat([*before, ChatMessage("Noodles.", role=MessageRole.ASSISTANT), *self.turns()]))

    def test_stream_chat(self, llm: LLM) -> None:
        """Required: the deltas make up the message, which grows."""
        parts = list(llm.stream_chat(self.turns()))
        _check_stream([part.delta or "" for part in parts], [part.message.content or "" for part in parts])
        _check(parts[-1])

    def test_stream_complete(self, llm: LLM) -> None:
        """Required: the deltas make up the text, which grows."""
        parts = list(llm.stream_complete(self.prompt))
        _check_stream([part.delta or "" for part in parts], [part.text for part in parts])

    def test_async_streams(self, llm: LLM) -> None:
        """Required: as the others."""

        async def work() -> tuple[list[ChatResponse], list[CompletionResponse]]:
            chats = [part async for part in await llm.astream_chat(self.turns())]
            return chats, [part async for part in await llm.astream_complete(self.prompt)]

        chats, texts = run(work())
        _check_stream([part.delta or "" for part in chats], [part.message.content or "" for part in chats])
        _check_stream([part.delta or "" for part in texts], [part.text for part in texts])

    def test_async(self, llm: LLM) -> None:
        """Required: `achat` and `acomplete`, also several at once."""

        async def work() -> tuple[list[ChatResponse], CompletionResponse]:
            many = await asyncio.gather(*(llm.achat(self.turns()) for _ in range(3)))
            return list(many), await llm.acomplete(self.prompt)

        chats, text = run(work())
        for chat in chats:
            _check(chat)
        assert text.text

    def test_messages_are_left_alone(self, llm: LLM) -> None:
        """Required: a call does not change the messages given."""
        given = self.turns()
        llm.chat(given)
        list(llm.stream_chat(given))
        run(llm.achat(given))
        assert given == self.turns()

    def test_events(self, llm: LLM) -> None:
        """Required: a start and an end for chat and completion, also of streams."""
        chats: tuple[Callable[[], object], ...] = (
            lambda: llm.chat(self.turns()),
            lambda: list(llm.stream_chat(self.turns())),
            lambda: run(llm.achat(self.turns())),
        )
        texts: tuple[Callable[[], object], ...] = (
            lambda: llm.complete(self.prompt),
            lambda: list(llm.stream_complete(self.prompt)),
        )
        for call in chats:
            self._started_and_ended(call, LLMChatStartEvent, LLMChatEndEvent)
        for call in texts:
            self._started_and_ended(call, LLMCompletionStartEvent, LLMCompletionEndEvent)

    def test_callbacks(self, llm: LLM) -> None:
        """Required: the callback manager hears of it."""
        handler = LlamaDebugHandler(print_trace_on_end=False)
        llm.callback_manager.add_handler(handler)
        try:
            llm.chat(self.turns())
        finally:
            llm.callback_manager.remove_handler(handler)
        assert handler.get_event_pairs(CBEventType.LLM)

    @needs("is_repeatable")
    def test_all_ways_lead_to_one_answer(self, llm: LLM) -> None:
        """Optional (is_repeatable): chat, stream, and async of both."""

        async def work() -> tuple[str, str]:
            last = [part async for part in await llm.astream_chat(self.turns())][-1]
            return (await llm.achat(self.turns())).message.content or "", last.message.content or ""

        wanted = llm.chat(self.turns()).message.content
        assert list(llm.stream_chat(self.turns()))[-1].message.content == wanted
        assert run(work()) == (wanted, wanted)
        text = llm.complete(self.prompt).text
        assert list(llm.stream_complete(self.prompt))[-1].text == text
        assert run(llm.acomplete(self.prompt)).text == text

    @needs("has_usage")
    def test_usage(self, llm: LLM) -> None:
        """Optional (has_usage): tokens in and out, more for a longer conversation, also of streams."""
        short = self.tokens(llm.chat(self.turns()))
        system = ChatMessage("Answer shortly, please.", role=MessageRole.SYSTEM)
        long = self.tokens(llm.chat([system, *self.turns()]))
        assert 0 < short[0] < long[0]
        assert short[1] > 0
        assert self.tokens(list(llm.stream_chat(self.turns()))[-1])[0] == short[0]

    @needs("refuses_empty")
    def test_nothing_said_is_refused(self, llm: LLM) -> None:
        """Optional (refuses_empty): no messages are a ValueError."""
        with pytest.raises(ValueError, match=r"\w"):
            llm.chat([])

    @needs("does_not_block")
    def test_async_does_not_block(self, llm: LLM) -> None:
        """Optional (does_not_block): async methods do not run their twins on the event loop."""

        async def stream() -> None:
            async for _ in await llm.astream_chat(self.turns()):
                pass

        assert not on_the_loop(llm.chat, llm.achat(self.turns()))
        assert not on_the_loop(llm.complete, llm.acomplete(self.prompt))
        assert not on_the_loop(llm.stream_chat, stream())

    def turns(self) -> list[ChatMessage]:
        """A conversation: one question."""
        return [ChatMessage(role=MessageRole.USER, blocks=[TextBlock(text=self.prompt)])]

    @staticmethod
    def _started_and_ended(call: Callable[[], object], start: type[Any], end: type[Any]) -> None:
        with events() as seen:
            call()
        assert [one for one in seen if isinstance(one, start)], f"no {start.__name__}"
        ends = [one for one in seen if isinstance(one, end)]
        assert ends, f"no {end.__name__}"
        assert ends[-1].response is not None


def _check(answer: ChatResponse) -> None:
    assert isinstance(answer, ChatResponse)
    assert answer.message.role == MessageRole.ASSISTANT
    assert answer.message.content


def _check_stream(deltas: Sequence[str], texts: Sequence[str]) -> None:
    """Each text is all deltas until then."""
    assert deltas
    assert "".join(deltas)
    assert list(texts) == ["".join(deltas[: n + 1]) for n in range(len(deltas))]
