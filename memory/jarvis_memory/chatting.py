"""Conversations that are answered from a memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial

from jarvis_retrievers.errors import InputError, UnknownConceptError

from .answer import Recollection
from .beside import beside
from .chat.message import Message
from .chat.node import Abilities
from .chat.reply import Reply
from .chat.request import ChatRequest
from .chat.turns import turns_of
from .concept import Concept
from .engine import Engine
from .finder import Find
from .fitting import Fitted
from .keeper import Kept
from .kv import Mode
from .operation import streamed
from .recalling import fitting, recalled, replied, still_there
from .store.owner import OwnerStore

__all__ = ["Chatting"]


class Chatting:
    """What `PersonalMemory` has for conversations of several turns, with images and tools: a `ChatNode`."""

    _store: OwnerStore
    _engine: Engine
    mode: Mode

    @property
    def name(self) -> str:
        """The id of its model."""
        return self._engine.vlm.name

    @property
    def model_name(self) -> str:
        """How its model was named: "pocket", an id, or a folder; nothing is loaded."""
        return self._engine.model_name

    @property
    def abilities(self) -> Abilities:
        """What its model can do."""
        return self._engine.chat.abilities

    def chat(self, request: ChatRequest) -> Reply:
        """Answer a conversation; see `stream_chat`."""
        from .chat.telling import last_of

        return last_of(self.stream_chat(request))

    @streamed("chat")
    def stream_chat(self, request: ChatRequest) -> Iterator[str | Reply]:
        """Answer a conversation from the concepts that it is about: piece by piece, and at last the reply.

        The concepts are those whose ids the request gives, else those that its last message of the user is
        about, with the turns before it. Input is checked at once; closing the iterator stops the work.

        Raises:
            UnknownConceptError: an id that this owner has no concept of.
            ImageError, InputError: what cannot be used. WindowError: the conversation is too long.
            DeadlineError: it took too long. Others as for `ChatVLM.stream_chat`.
        """
        from .chat.asked import Recalled
        from .chat.telling import Told

        chat = self._engine.chat
        asked = chat.read(request, remembering=True)
        room = chat.room(asked)

        def ready() -> tuple[list[Concept], tuple[Fitted, list[Kept], tuple[str, ...]]]:
            meant = self._meant(request)
            return meant, fitting(self._engine, meant, room)

        concepts, (fitted, kept, notices) = still_there(ready, request.concepts is None)
        segments = fitted.segments
        # Behind other instructions than the model was measured with, no segment is where it was encoded.
        mode, said = self._engine.settle(self.mode, len(segments) + (not asked.plain and bool(segments)))
        names = tuple(concept.name for concept in concepts[: len(segments)])
        versions = tuple((one.key, segment.patches) for one, segment in zip(kept, segments, strict=False))
        make = partial(self._engine.context, segments, mode)
        recall = Recalled(segments, make, (mode, versions))
        stream = chat.say(asked, recall, Told(names, (*said, *notices)))
        self._engine.tiers.lift([one.key for one in kept])
        return replied(stream, mode.value if segments else "none")

    def about(self, messages: Sequence[Message], k: int = 3) -> list[Recollection]:
        """The concepts that a conversation is about now, best first, at most ``k`` besides those it names.

        Raises:
            InputError: no message of the user.
        """
        return recalled(self._found(messages, k))

    async def achat(self, request: ChatRequest) -> Reply:
        """`chat` in a thread."""
        return await asyncio.to_thread(self.chat, request)

    def astream_chat(self, request: ChatRequest) -> AsyncIterator[str | Reply]:
        """`stream_chat` in a thread; leaving the loop stops the work."""
        return beside(None, partial(self.stream_chat, request))

    def _meant(self, request: ChatRequest) -> list[Concept]:
        if request.concepts is None:
            return [find.concept for find in self._found(request.messages, None)]
        there = {concept.id: concept for concept in self._store.list()}
        wanted = list(dict.fromkeys(request.concepts))
        for key in wanted:
            if key not in there:
                raise UnknownConceptError(
                    f"this memory has no concept with the id {key!r}; see PersonalMemory.list"
                )
        return [there[key] for key in wanted]

    def _found(self, messages: Sequence[Message], k: int | None) -> list[Find]:
        place = next((i for i in range(len(messages) - 1, -1, -1) if messages[i].role == "user"), None)
        if place is None:
            raise InputError(f"a conversation needs a message of the user, got {len(messages)} without one")
        said, before = messages[place], turns_of(messages[:place])
        return self._engine.finder.find(said.text, said.images, before, k=k)
