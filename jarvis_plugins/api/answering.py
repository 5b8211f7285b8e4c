"""Who answers behind the interface."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import Any, Protocol

from jarvis_memory.beside import beside
from jarvis_memory.chat import ChatRequest, Reply
from jarvis_plugins.common.memories import Memories
from jarvis_retrievers.errors import JarvisError
from jarvis_retrievers.sources import ImagePolicy

from .bounds import Bounds
from .completion import Completion
from .refusal import Refusal
from .wanted import Wanted

__all__ = ["Answering", "LocalAnswering"]


class Answering(Protocol):
    """Answers requests of owners whose tokens were checked."""

    @property
    def model(self) -> str:
        """The id of the one model that may be asked for."""

    async def ready(self) -> bool:
        """Whether a request would be answered now."""

    async def answer(self, owner: str, wanted: Wanted) -> dict[str, Any]:
        """A ``chat.completion``; a `Refusal` if there is none."""

    def stream(self, owner: str, wanted: Wanted) -> AsyncGenerator[dict[str, Any], None]:
        """Chunks as they come; a `Refusal` in place of the first, or of any later one."""


class LocalAnswering:
    """Answers with the model of this process, one request at a time.

    Args:
        memories: of all owners.
        model: how clients call the model.
        bounds: how much may be asked.
        policy: where images may come from besides requests themselves; by default nowhere.
    """

    def __init__(
        self, memories: Memories, model: str, bounds: Bounds | None = None, policy: ImagePolicy | None = None
    ) -> None:
        self._memories, self._model = memories, model
        self._bounds, self._policy = bounds or Bounds(), policy or ImagePolicy()
        # More threads would only share the same processor or GPU, and each answer would come later.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="jarvis-api")

    @property
    def model(self) -> str:
        """The id of the one model that may be asked for."""
        return self._model

    async def ready(self) -> bool:
        """The model is loaded before requests come."""
        return True

    async def answer(self, owner: str, wanted: Wanted) -> dict[str, Any]:
        """A ``chat.completion``; a `Refusal` if there is none."""
        completion = Completion(wanted.model, one_call=wanted.one_call)
        request = await self._read(wanted)
        async for piece in self._pieces(owner, request):
            if isinstance(piece, Reply):
                return completion.whole(piece)
        raise Refusal(500, "the answer has no end; ask again", kind="server_error")

    async def stream(self, owner: str, wanted: Wanted) -> AsyncGenerator[dict[str, Any], None]:
        """Chunks as they come; a `Refusal` in place of the first, or of any later one."""
        completion = Completion(wanted.model, one_call=wanted.one_call)
        request = await self._read(wanted)
        first = True
        async for piece in self._pieces(owner, request):
            if isinstance(piece, Reply):
                for chunk in completion.last(piece, first=first, usage=wanted.include_usage):
                    yield chunk
            else:
                yield completion.piece(piece, first=first)
                first = False

    def close(self) -> None:
        """Finish what is under way, and close the memories."""
        self._thread.shutdown()
        self._memories.close()

    async def _read(self, wanted: Wanted) -> ChatRequest:
        if wanted.model != self._model:
            raise Refusal(
                404,
                f"there is no model {wanted.model[:80]!r} here; ask for {self._model!r}",
                param="model",
                code="model_not_found",
            )
        # Pictures are decoded beside the loop, and beside the model.
        return await asyncio.to_thread(wanted.request, self._policy, self._bounds)

    async def _pieces(self, owner: str, request: ChatRequest) -> AsyncGenerator[str | Reply, None]:
        told = beside(self._thread, partial(self._said, owner, request))
        try:
            async for piece in told:
                yield piece
        except JarvisError as error:
            raise Refusal.of(error, self._bounds.retry_seconds) from error
        finally:
            await told.aclose()

    def _said(self, owner: str, request: ChatRequest) -> Iterator[str | Reply]:
        with ExitStack() as held:
            try:
                memory = held.enter_context(self._memories.lent(owner))
            except JarvisError as error:
                # Whoever asks has not caused it, whatever its class says.
                said = "the memory cannot be opened now; try again later"
                wait = self._bounds.retry_seconds
                raise Refusal(503, said, kind="server_error", retry_after=wait) from error
            yield from memory.stream_chat(request)
