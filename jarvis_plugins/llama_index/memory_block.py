"""`PersonalMemoryBlock`: what is remembered of whom the user speaks of, in LlamaIndex's `Memory`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal

from llama_index.core.base.llms.types import ChatMessage, ImageBlock, MessageRole, TextBlock
from llama_index.core.memory.memory import BaseMemoryBlock
from llama_index.core.utils import get_tokenizer
from pydantic import ConfigDict, Field, PrivateAttr

from jarvis_memory.chat import Message
from jarvis_memory.chat.message import Role
from jarvis_memory.concept import Concept
from jarvis_memory.intake import Photo
from jarvis_memory.memory import PersonalMemory
from jarvis_memory.profile import profile_text
from jarvis_plugins.common.telling import SHARES, checked_share, told
from jarvis_retrievers.sources import ImagePolicy

from .events import reported
from .images import content_blocks, picture_of
from .messages import MARK, is_mark, last_said

__all__ = ["PersonalMemoryBlock"]

_SPOKEN: Final = {MessageRole.USER, MessageRole.ASSISTANT}


class PersonalMemoryBlock(BaseMemoryBlock[list[ChatMessage]]):
    """Finds whom the user's last message speaks of, and tells the LLM what is remembered of them.

    ::

        memory = Memory.from_defaults(memory_blocks=[PersonalMemoryBlock(memory=personal)])
        await agent.run("When was Bo born?", memory=memory)

    It gives messages, not blocks: of blocks, LlamaIndex's template drops images that are bytes. They are put
    before the conversation, and into no chat store. What leaves the short-term memory is not kept here:
    `remember` is explicit.

    Attributes:
        memory: of one owner.
        share: what the LLM is given: ``ids`` (only for a `JarvisLLM` of the same memory, which answers from
            the segments), ``text`` (profiles), ``crops`` (also the best patches) or ``photos`` (also whole
            photos). The LLM may run on a machine of somebody else: pictures go there only if you say so.
        k: the most concepts, besides those that are named.
        show: the most pictures of each concept.
        policy: where pictures in messages may come from besides the messages themselves.
        image_tokens: what a picture counts as when the block is cut, as ``image_token_size_estimate`` of
            `Memory`.
        tokenizer_fn: counts texts, as that of `Memory`.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    name: str = "personal_memory"
    memory: PersonalMemory = Field(exclude=True, repr=False)
    share: Literal["ids", "text", "crops", "photos"] = "text"
    k: int = 3
    show: int = 2
    policy: ImagePolicy = Field(default_factory=ImagePolicy)
    image_tokens: int = 256
    tokenizer_fn: Callable[[str], Sequence[Any]] | None = Field(default=None, exclude=True, repr=False)

    _rows: dict[tuple[str, int], int] = PrivateAttr(default_factory=dict)

    def model_post_init(self, context: Any, /) -> None:
        """Refuse settings that cannot be."""
        super().model_post_init(context)
        checked_share(self.share, ("ids", *SHARES), self.k, self.show)

    async def aremember(
        self,
        name: str,
        photos: Sequence[Photo | ImageBlock],
        about: str | Sequence[str] = (),
        *,
        category: str | None = None,
        aliases: Sequence[str] = (),
    ) -> Concept:
        """`remember` in a thread."""
        return await asyncio.to_thread(self.remember, name, photos, about, category=category, aliases=aliases)

    def remember(
        self,
        name: str,
        photos: Sequence[Photo | ImageBlock],
        about: str | Sequence[str] = (),
        *,
        category: str | None = None,
        aliases: Sequence[str] = (),
    ) -> Concept:
        """Remember a concept; photos may be the image blocks of a message, as far as ``policy`` allows them.

        Raises:
            JarvisError: as for `PersonalMemory.remember`.
        """
        read = [picture_of(one, self.policy) if isinstance(one, ImageBlock) else one for one in photos]
        return self.memory.remember(name, read, about, category=category, aliases=aliases)

    async def _aget(
        self, messages: list[ChatMessage] | None = None, **block_kwargs: Any
    ) -> list[ChatMessage]:
        return await asyncio.to_thread(self._told, messages or [])

    async def _aput(self, messages: list[ChatMessage]) -> None:
        """Nothing is kept behind the user's back."""

    async def atruncate(
        self, content: list[ChatMessage], tokens_to_truncate: int
    ) -> list[ChatMessage] | None:
        """The same without the least likely concepts, and of the last one that stays without pictures first.

        At least so many tokens are saved, or nothing is left. An id counts as the rows of the segment that it
        stands for, which is what the LLM's window is spent on.
        """
        return await asyncio.to_thread(self._cut, content, tokens_to_truncate)

    def _told(self, messages: Sequence[ChatMessage]) -> list[ChatMessage]:
        said = last_said(messages)
        if said is None:
            return []
        place = next(i for i in range(len(messages) - 1, -1, -1) if messages[i] is said)
        with reported():
            found = self.memory.about(
                [*map(_words, _spoken(messages[:place])), _words(said, self._pictures(said))], self.k
            )
        concepts = [one.concept for one in found]
        if self.share == "ids":
            return [_mark([concept.id for concept in concepts])]
        if not concepts:
            return []
        blocks = content_blocks(told(self.memory, concepts, self.share, self.show))
        return [ChatMessage(role=MessageRole.USER, blocks=blocks, additional_kwargs=dict(MARK))]

    def _pictures(self, said: ChatMessage) -> list[Any]:
        return [picture_of(block, self.policy) for block in said.blocks if isinstance(block, ImageBlock)]

    def _cut(self, content: list[ChatMessage], tokens: int) -> list[ChatMessage] | None:
        if not content:
            return None
        (message,) = content
        if is_mark(message):
            return [_mark(self._cut_ids(message.additional_kwargs["concepts"], tokens))]
        blocks, saved = list(message.blocks), 0
        while saved < tokens and len(blocks) > 1:  # the first is the heading
            saved += self._count(blocks.pop())
        if len(blocks) == 1:
            return None
        return [ChatMessage(role=message.role, blocks=blocks, additional_kwargs=dict(MARK))]

    def _cut_ids(self, ids: Sequence[str], tokens: int) -> list[str]:
        kept, saved = list(ids), 0
        there = {concept.id: concept for concept in self.memory.list()}
        while saved < tokens and kept:
            concept = there.get(kept.pop())
            if concept is not None:  # else it was forgotten meanwhile
                saved += self._segment(concept)
        return kept

    def _segment(self, concept: Concept) -> int:
        """How many rows the segment of a concept has."""
        key = (concept.id, concept.updated)
        if key not in self._rows:
            text = profile_text(concept.profile)
            self._rows[key] = len(self.memory.node.segment_ids(concept.name, text, len(concept.now.patches)))
        return self._rows[key]

    def _count(self, block: Any) -> int:
        if isinstance(block, TextBlock):
            return len((self.tokenizer_fn or get_tokenizer())(block.text))
        return self.image_tokens


def _mark(ids: Sequence[str]) -> ChatMessage:
    """A message that says ids and nothing else."""
    return ChatMessage(role=MessageRole.USER, additional_kwargs={**MARK, "concepts": list(ids)})


def _spoken(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    """What was asked and answered; calls of tools are neither."""
    return [m for m in messages if m.role in _SPOKEN and m.content]


def _words(message: ChatMessage, pictures: Sequence[Any] = ()) -> Message:
    """The words of a message, and the pictures that are to be looked at."""
    role: Role = "user" if message.role == MessageRole.USER else "assistant"
    return Message(role, (message.content or "", *pictures))
