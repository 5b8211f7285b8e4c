"""A conversation about the concepts of one memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from jarvis_memory.beside import beside

from .planning import Planner
from .putting import Putting
from .said import Said
from .settings import Settings
from .state import ConversationState
from .steps import Steps

if TYPE_CHECKING:
    from jarvis_memory import PersonalMemory
    from jarvis_memory.intake import Photo

__all__ = ["Conversation"]


class Conversation:
    """A conversation: the whole way of a turn in one call. It keeps nothing: the state goes in and out.

    ::

        talk, state = Conversation(memory), ConversationState()
        said = talk.say(state, "Is Bo older than Mimi?")
        print(said.text)
        said = talk.say(said.state, "And what does she like?")

    Args: see `Steps`. Errors: `Steps.begin`, `PersonalMemory.ask` and the like say which; after an error the
    state that was given still holds.
    """

    def __init__(
        self,
        memory: PersonalMemory,
        *,
        settings: Settings | None = None,
        planner: Planner | None = None,
        putting: Putting | None = None,
    ) -> None:
        self.steps = Steps(memory, settings, planner=planner, putting=putting)

    def say(self, state: ConversationState, text: str, images: Sequence[Photo] = ()) -> Said:
        """The answer to what the user wrote and showed."""
        turn = self.steps.begin(state, text, images)
        while turn.next != "end":
            turn = getattr(self.steps, turn.next)(turn)
        return self.steps.said(turn)

    def stream(
        self, state: ConversationState, text: str, images: Sequence[Photo] = ()
    ) -> Iterator[str | Said]:
        """`say`, piece by piece, and at last all of it.

        Pieces come as the model says them; where a second look changes the answer, or several answers become
        one, `Said.text` is what counts. Input is checked at once; closing the iterator stops the work.
        """
        begun = self.steps.begin(state, text, images)

        def pieces() -> Iterator[str | Said]:
            turn, told = begun, ""
            while turn.next != "end":
                if turn.next != "answer":
                    turn = getattr(self.steps, turn.next)(turn)
                    continue
                for piece in self.steps.tell(turn):
                    if isinstance(piece, str):
                        told += piece
                        yield piece
                    else:
                        turn = piece
            said = self.steps.said(turn)
            if said.text.startswith(told) and said.text != told:
                yield said.text[len(told) :]
            yield said

        return pieces()

    async def asay(self, state: ConversationState, text: str, images: Sequence[Photo] = ()) -> Said:
        """`say` in a thread."""
        return await asyncio.to_thread(self.say, state, text, images)

    def astream(
        self, state: ConversationState, text: str, images: Sequence[Photo] = ()
    ) -> AsyncIterator[str | Said]:
        """`stream` in a thread; leaving the loop stops the work."""
        return beside(None, partial(self.stream, state, text, images))
