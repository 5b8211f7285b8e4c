"""Answers of the model of this process."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import aclosing
from functools import partial
from typing import Any, Final

from jarvis_memory.beside import beside
from jarvis_memory.chat import ChatRequest, Reply
from jarvis_memory.together import may_join
from jarvis_plugins.common.memories import Memories
from jarvis_retrievers.errors import JarvisError
from jarvis_retrievers.sources import ImagePolicy

from .bounds import Bounds
from .completion import Completion
from .crowd import Crowd, lent
from .reader import Reader
from .refusal import Refusal
from .waiting import ahead, over
from .wanted import Wanted

__all__ = ["LocalAnswering"]

# All answers of a pass are there when the longest is: one that may be much longer runs alone.
_SHORT: Final = 512


class LocalAnswering:
    """Answers with the model of this process: a stream or a conversation alone, first questions together.

    Args:
        memories: of all owners.
        model: how clients call the model.
        bounds: how much may be asked.
        policy: where images may come from besides requests themselves; by default nowhere.
        together: how many first questions are answered in one pass.
    """

    def __init__(
        self,
        memories: Memories,
        model: str,
        bounds: Bounds | None = None,
        policy: ImagePolicy | None = None,
        together: int = 8,
    ) -> None:
        self._memories, self._model = memories, model
        self._bounds = bounds or Bounds()
        self._reader = Reader(policy or ImagePolicy(), self._bounds)
        # More threads would only share the same processor or GPU, and each answer would come later.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="jarvis-api")
        self._crowd = Crowd(memories, self._thread, together)

    @property
    def model(self) -> str:
        """The id of the one model that may be asked for."""
        return self._model

    async def ready(self) -> bool:
        """The model is loaded before requests come."""
        return True

    async def answer(self, owner: str, wanted: Wanted) -> dict[str, Any]:
        """A ``chat.completion``; a `Refusal` if there is none."""
        self._check_model(wanted)
        completion = Completion(wanted.model, one_call=wanted.one_call)
        async with self._reader.read(owner, wanted) as request:
            if may_join(request) and request.max_new_tokens <= _SHORT:
                try:
                    return completion.whole(await self._crowd.answer(owner, request))
                except JarvisError as error:
                    raise Refusal.of(error, self._bounds.retry_seconds) from error
            async with aclosing(self._pieces(owner, request)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, Reply):
                        return completion.whole(piece)
        raise Refusal(500, "the answer has no end; ask again", kind="server_error")

    async def stream(self, owner: str, wanted: Wanted) -> AsyncGenerator[dict[str, Any], None]:
        """Chunks as they come; a `Refusal` in place of the first, or of any later one."""
        self._check_model(wanted)
        # Who reads slowly keeps neither the model nor the room of pictures.
        async with aclosing(ahead(self._chunks(owner, wanted))) as chunks:
            async for chunk in chunks:
                yield chunk

    def close(self) -> None:
        """Finish what is under way, and close the memories."""
        self._reader.close()
        self._thread.shutdown()
        self._memories.close()

    async def _chunks(self, owner: str, wanted: Wanted) -> AsyncGenerator[dict[str, Any], None]:
        completion = Completion(wanted.model, one_call=wanted.one_call)
        first = True
        async with (
            self._reader.read(owner, wanted) as request,
            aclosing(self._pieces(owner, request)) as pieces,
        ):
            async for piece in pieces:
                if isinstance(piece, Reply):
                    for chunk in completion.last(piece, first=first, usage=wanted.include_usage):
                        yield chunk
                else:
                    yield completion.piece(piece, first=first)
                    first = False

    def _check_model(self, wanted: Wanted) -> None:
        if wanted.model != self._model:
            raise Refusal(
                404,
                f"there is no model {wanted.model[:80]!r} here; ask for {self._model!r}",
                param="model",
                code="model_not_found",
            )

    async def _pieces(self, owner: str, request: ChatRequest) -> AsyncGenerator[str | Reply, None]:
        # Taken out by the end: the thread may come to it long after a client that waits no more.
        asked, work = [request], Future[None]()
        try:
            async with aclosing(beside(self._thread, partial(self._said, owner, asked, work))) as told:
                async for piece in told:
                    yield piece
        except JarvisError as error:
            raise Refusal.of(error, self._bounds.retry_seconds) from error
        finally:
            asked.clear()
            await over(work)

    def _said(self, owner: str, asked: list[ChatRequest], work: Future[None]) -> Iterator[str | Reply]:
        if not work.set_running_or_notify_cancel():
            return
        try:
            with lent(self._memories, owner) as memory:
                yield from memory.stream_chat(asked[0])
        finally:
            work.set_result(None)
