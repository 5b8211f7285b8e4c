"""First questions of any owners that wait for one model, answered in one pass."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field

from jarvis_memory.chat import ChatRequest, Reply
from jarvis_memory.memory import PersonalMemory
from jarvis_memory.together import chat_together
from jarvis_plugins.common.memories import Memories
from jarvis_retrievers.errors import JarvisError, ModelError
from jarvis_retrievers.log import log

from .refusal import Refusal
from .waiting import over

__all__ = ["Crowd", "lent"]


@dataclass(slots=True, eq=False)
class _Asked:
    owner: str
    request: ChatRequest
    told: Future[Reply] = field(default_factory=Future)
    left: threading.Event = field(default_factory=threading.Event)

    def waited_for(self) -> bool:
        return not self.left.is_set()


class Crowd:
    """Answers questions that `may_join`: nobody is waited for, but those who have come meanwhile go together.

    Args:
        memories: of all owners.
        thread: where the model computes; others may use it, too, and all are served in order.
        most: how many go together.
    """

    def __init__(self, memories: Memories, thread: ThreadPoolExecutor, most: int) -> None:
        self._memories, self._thread, self._most = memories, thread, most
        self._waiting: deque[_Asked] = deque()
        self._lock = threading.Lock()

    async def answer(self, owner: str, request: ChatRequest) -> Reply:
        """The reply to a question. Leaving it stops the work, and waits for the end of a pass that has begun.

        Raises:
            JarvisError: as for `PersonalMemory.chat`. Refusal: the memory cannot be opened.
        """
        asked = _Asked(owner, request)
        self._waiting.append(asked)
        # One turn for each, though an earlier one may have done its work by then.
        self._thread.submit(self._turn)
        try:
            return await asyncio.wrap_future(asked.told)
        finally:
            asked.left.set()
            # Its pictures need not wait for a turn.
            with self._lock, suppress(ValueError):
                self._waiting.remove(asked)
            await over(asked.told)

    def _turn(self) -> None:
        taken: list[_Asked] = []
        with self._lock:
            while self._waiting and len(taken) < self._most:
                asked = self._waiting.popleft()
                if asked.told.set_running_or_notify_cancel():
                    taken.append(asked)
        if len(taken) > 1:
            try:
                self._together(taken)
            except Exception as error:
                # One of them has caused it, and the others need not go without an answer.
                log("server.failed", error=error)
        for asked in taken:
            if not asked.told.done():
                try:
                    self._alone(asked)
                except BaseException as error:
                    if not asked.told.done():
                        asked.told.set_exception(error)

    def _alone(self, asked: _Asked) -> None:
        with lent(self._memories, asked.owner) as memory:
            pieces = memory.stream_chat(asked.request)
            with closing(pieces):  # type: ignore[type-var]
                for piece in pieces:
                    if isinstance(piece, Reply):
                        asked.told.set_result(piece)
                        return
                    if not asked.waited_for():
                        break
        raise ModelError("the client has left before the end of its answer")

    def _together(self, taken: list[_Asked]) -> None:
        there: list[tuple[_Asked, PersonalMemory]] = []
        with ExitStack() as held:
            for asked in taken:
                try:
                    there.append((asked, held.enter_context(lent(self._memories, asked.owner))))
                except Refusal as refusal:
                    asked.told.set_exception(refusal)
            asks = [(memory, asked.request) for asked, memory in there]
            replies = chat_together(asks, self._most, [asked.waited_for for asked, _ in there])
            for (asked, _), reply in zip(there, replies, strict=True):
                if isinstance(reply, JarvisError):
                    asked.told.set_exception(reply)
                else:
                    asked.told.set_result(reply)


@contextmanager
def lent(memories: Memories, owner: str) -> Iterator[PersonalMemory]:
    """The memory of an owner.

    Raises:
        Refusal: it cannot be opened. Whoever asks has not caused that, whatever the error's class says.
    """
    with ExitStack() as held:
        try:
            memory = held.enter_context(memories.lent(owner))
        except JarvisError as error:
            said = "the memory cannot be opened now; try again later"
            raise Refusal(503, said, kind="server_error", code="store_unavailable", retry_after=2) from error
        yield memory
