"""The suite for memory blocks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from llama_index.core.base.llms.types import (
    BaseContentBlock,
    ChatMessage,
    ImageBlock,
    MessageRole,
    TextBlock,
)
from llama_index.core.memory import BaseMemoryBlock, Memory

from .suite import Suite, hands_over, needs, png, run

__all__ = ["MemoryBlockConformance"]


class MemoryBlockConformance(Suite):
    """What a `BaseMemoryBlock` must do, and what it may. A subclass has at least the fixture ``block``.

    Attributes:
        question: what a user asks that the block has something for; what is in it is seen with it.
        fact: what a user says that the block may keep.
        keyword: a word of ``fact`` that comes back.
        has_content: ``question`` brings something back without anything having been put in.
        keeps_messages: what is put in comes back.
        keeps_sessions: ``session_id`` keeps what is put in apart.
        gives_images: the content has images, and `Memory` hands their bytes on to the model.
        truncates: content can be made a little smaller, instead of dropped.
        does_not_block: async methods give the event loop back while they work.
    """

    question: str = "What does Bo like?"
    fact: str = "Bo likes noodles."
    keyword: str = "noodles"
    has_content: bool = True
    keeps_messages: bool = False
    keeps_sessions: bool = False
    gives_images: bool = False
    truncates: bool = False
    does_not_block: bool = True

    @pytest.fixture
    def block(self) -> BaseMemoryBlock[Any]:
        """The block."""
        raise NotImplementedError("give the suite a fixture `block`")

    def test_name(self, block: BaseMemoryBlock[Any]) -> None:
        """Required: a name, by which the template shows it, and a priority."""
        assert block.name.strip()
        assert block.priority >= 0

    def test_content(self, block: BaseMemoryBlock[Any]) -> None:
        """Required: a text, content blocks or messages, whether there are messages or not."""
        for messages in (None, [], [_said(self.question)], [_pictured()]):
            _check(run(block.aget(messages)))

    def test_same_again(self, block: BaseMemoryBlock[Any]) -> None:
        """Required: asking changes nothing, also many at once."""

        async def many() -> list[Any]:
            return list(await asyncio.gather(*(block.aget([_said(self.question)]) for _ in range(3))))

        first = run(block.aget([_said(self.question)]))
        assert [_words(content) for content in run(many())] == [_words(first)] * 3

    def test_asking_leaves_messages_alone(self, block: BaseMemoryBlock[Any]) -> None:
        """Required: the messages given are as they were."""
        given = [_said(self.question), _pictured()]
        run(block.aget(given))
        assert given == [_said(self.question), _pictured()]

    def test_putting_leaves_messages_alone(self, block: BaseMemoryBlock[Any]) -> None:
        """Required: also with what is kept beside them."""
        given = [_said(self.fact), _pictured()]
        given[0].additional_kwargs["session_id"] = "s"
        before = [message.model_copy(deep=True) for message in given]
        run(block.aput(given))
        assert given == before

    def test_nothing_is_put(self, block: BaseMemoryBlock[Any]) -> None:
        """Required: no messages are no error."""
        before = _words(run(block.aget([_said(self.question)])))
        run(block.aput([]))
        assert _words(run(block.aget([_said(self.question)]))) == before

    def test_truncation_is_honest(self, block: BaseMemoryBlock[Any]) -> None:
        """Required: what is left is None or of the same kind, and not more than there was."""
        content = run(block.aget([_said(self.question)]))
        for tokens in (1, 50, 1_000_000):
            left = run(block.atruncate(content, tokens))
            if left is not None:
                _check(left)
                assert type(left) is type(content)
                assert _size(left) <= _size(content)
        left = run(block.atruncate(content, 1_000_000))
        assert left is None or _size(left) == 0

    def test_in_memory(self, block: BaseMemoryBlock[Any]) -> None:
        """Required: `Memory` puts it before the history, which stays whole."""
        messages = _in_memory(block, [_said(self.question)])
        assert all(isinstance(message, ChatMessage) for message in messages)
        assert messages[-1].content == self.question

    @needs("has_content")
    def test_content_reaches_the_model(self, block: BaseMemoryBlock[Any]) -> None:
        """Optional (has_content): there is something, and `Memory` hands all its words on."""
        content = run(block.aget([_said(self.question)]))
        assert _size(content) > 0
        handed = "\n".join(message.content or "" for message in _in_memory(block, [_said(self.question)]))
        assert all(words in handed for words in _words(content))

    @needs("keeps_messages")
    def test_what_is_put_comes_back(self, block: BaseMemoryBlock[Any]) -> None:
        """Optional (keeps_messages): in another call."""
        run(block.aput([_said(self.fact)]))
        assert self.keyword in "\n".join(_words(run(block.aget([_said(self.question)]))))

    @needs("keeps_messages")
    def test_short_term_memory_can_be_refused(self, block: BaseMemoryBlock[Any]) -> None:
        """Optional (keeps_messages): what falls out of the history is not kept if the block says so."""
        block.accept_short_term_memory = False
        run(block.aput([_said(self.fact)], from_short_term_memory=True))
        assert self.keyword not in "\n".join(_words(run(block.aget([_said(self.question)]))))

    @needs("keeps_sessions")
    def test_sessions_are_apart(self, block: BaseMemoryBlock[Any]) -> None:
        """Optional (keeps_sessions): one session does not see another, in any order of asking."""
        for session in ("one", "two"):
            run(block.aput([_said(f"{self.fact} ({session})")], session_id=session))
        for session, other in (("one", "two"), ("two", "one"), ("one", "two")):
            told = "\n".join(_words(run(block.aget([_said(self.question)], session_id=session))))
            assert f"({session})" in told
            assert f"({other})" not in told

    @needs("gives_images")
    def test_images_survive(self, block: BaseMemoryBlock[Any]) -> None:
        """Optional (gives_images): `Memory` hands the same bytes on."""
        images = _images(_blocks(run(block.aget([_said(self.question)]))))
        assert images
        handed = _in_memory(block, [_said(self.question)])
        assert _images([part for message in handed for part in message.blocks]) == images

    @needs("truncates")
    def test_a_little_less(self, block: BaseMemoryBlock[Any]) -> None:
        """Optional (truncates): to save one token not everything is dropped."""
        content = run(block.aget([_said(self.question)]))
        left = run(block.atruncate(content, 1))
        assert left is not None
        assert 0 < _size(left) < _size(content)

    @needs("does_not_block")
    def test_async_does_not_block(self, block: BaseMemoryBlock[Any]) -> None:
        """Optional (does_not_block): the event loop goes on while it looks."""
        assert hands_over(lambda: block.aget([_said(self.question)]))


def _said(text: str) -> ChatMessage:
    return ChatMessage(role=MessageRole.USER, blocks=[TextBlock(text=text)])


def _pictured() -> ChatMessage:
    return ChatMessage(role=MessageRole.USER, blocks=[ImageBlock(image=png(), image_mimetype="image/png")])


def _in_memory(block: BaseMemoryBlock[Any], messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    async def work() -> list[ChatMessage]:
        memory = Memory.from_defaults(session_id="session", memory_blocks=[block])
        try:
            await memory.aput_messages(list(messages))
            return await memory.aget()
        finally:
            # It closes no connection by itself, and SQLite's says so when it is collected.
            engine = getattr(memory.sql_store, "_async_engine", None)
            if engine is not None:
                await engine.dispose()

    return run(work())


def _check(content: Any) -> None:
    if not isinstance(content, str):
        assert isinstance(content, list)
        kinds = {ChatMessage if isinstance(one, ChatMessage) else BaseContentBlock for one in content}
        assert all(isinstance(one, (ChatMessage, BaseContentBlock)) for one in content)
        assert len(kinds) <= 1


def _blocks(content: Any) -> list[Any]:
    if isinstance(content, str):
        return [TextBlock(text=content)] if content else []
    return [part for one in content for part in (one.blocks if isinstance(one, ChatMessage) else [one])]


def _words(content: Any) -> list[str]:
    return [part.text for part in _blocks(content) if isinstance(part, TextBlock) and part.text]


def _images(blocks: Sequence[Any]) -> list[bytes]:
    return [part.resolve_image().read() for part in blocks if isinstance(part, ImageBlock)]


def _size(content: Any) -> int:
    return sum(map(len, _words(content))) + sum(map(len, _images(_blocks(content))))
