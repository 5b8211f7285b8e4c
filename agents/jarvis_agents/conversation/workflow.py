"""The conversation as a workflow of LlamaIndex: the same steps, and events where the user is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock
from llama_index.core.workflow import (
    Context,
    Event,
    HumanResponseEvent,
    InputRequiredEvent,
    StartEvent,
    StopEvent,
    Workflow,
    step,
)
from PIL import Image
from pydantic import Field

from jarvis_memory.beside import beside
from jarvis_retrievers.errors import InputError
from jarvis_retrievers.sources import ImagePolicy

from .planning import Planner
from .putting import Putting
from .settings import Settings
from .state import ConversationState
from .steps import Steps
from .turn import Turn

if TYPE_CHECKING:
    from jarvis_memory import PersonalMemory

__all__ = ["AskedBack", "ConversationWorkflow", "Piece", "StepTaken", "UserSaid"]

_WAITS = ("ask_back", "confirm")
_KEY = "conversation"


class UserSaid(StartEvent):
    """What the user writes and shows.

    Attributes:
        user_msg: text, or a message with blocks of text and images.
        conversation: a `ConversationState` as a dict; by default that of the context.
    """

    user_msg: str | ChatMessage
    conversation: dict[str, Any] | None = None


class StepTaken(Event):
    """A step of the turn was taken.

    Attributes:
        turn: a `Turn` as a dict; its ``next`` is the step that comes.
        told: what of the answer was streamed already.
    """

    turn: dict[str, Any]
    told: str = ""


class Piece(Event):
    """A piece of the answer, as the model says it."""

    text: str


class AskedBack(InputRequiredEvent):
    """The user is asked; send a ``HumanResponseEvent(response=...)`` with text or a message.

    Attributes:
        text: what the user reads.
        kind: ``ask_back`` or ``confirm``.
        choices: see `Said`.
    """

    text: str
    kind: str
    choices: tuple[str, ...] = Field(default=())


class ConversationWorkflow(Workflow):
    """Leads a conversation over ``memory``; its result is a `Said`.

    ::

        flow = ConversationWorkflow(memory)
        context = Context(flow)
        handler = flow.run(user_msg="How old is she?", ctx=context)
        async for event in handler.stream_events():
            if isinstance(event, AskedBack):
                handler.ctx.send_event(HumanResponseEvent(response="Bo"))
        said = await handler

    The context keeps the conversation: run with it again for the next turn. ``context.to_dict()`` is JSON,
    also while the user is asked; ``Context.from_dict(flow, data)`` goes on in another process. The memory is
    not in it.

    Args:
        memory: of one owner.
        settings, planner, putting: as for `Steps`.
        timeout: seconds that a run may take, the time that the user takes included; None for no limit.
    """

    def __init__(
        self,
        memory: PersonalMemory,
        *,
        settings: Settings | None = None,
        planner: Planner | None = None,
        putting: Putting | None = None,
        timeout: float | None = None,
    ) -> None:
        super().__init__(timeout=timeout)
        self._turns = Steps(memory, settings, planner=planner, putting=putting)

    @step
    async def begin(self, ctx: Context, ev: UserSaid) -> StepTaken:
        """Begin a turn with what the user says first."""
        if ev.conversation is not None:
            await ctx.store.set(_KEY, ev.conversation)
        return await self._begun(ctx, ev.user_msg)

    @step
    async def reply(self, ctx: Context, ev: HumanResponseEvent) -> StepTaken:
        """Begin a turn with the reply to what the user was asked."""
        return await self._begun(ctx, ev.get("response"))

    @step
    async def take(self, ctx: Context, ev: StepTaken) -> StepTaken | AskedBack | StopEvent:
        """Take the next step of a turn, or end it."""
        turn = Turn.from_dict(ev.turn)
        if turn.next == "end":
            return await self._ended(ctx, turn, ev.told)
        if turn.next == "answer":
            return await self._answered(ctx, turn)
        turn = await asyncio.to_thread(getattr(self._turns, turn.next), turn)
        return StepTaken(turn=turn.to_dict(), told=ev.told)

    async def _begun(self, ctx: Context, given: Any) -> StepTaken:
        text, images = _asked(given)
        state = ConversationState.from_dict(await ctx.store.get(_KEY, default={}))
        turn = await asyncio.to_thread(self._turns.begin, state, text, images)
        return StepTaken(turn=turn.to_dict())

    async def _answered(self, ctx: Context, turn: Turn) -> StepTaken:
        told = ""
        async for piece in beside(None, partial(self._turns.tell, turn)):
            if isinstance(piece, str):
                told += piece
                ctx.write_event_to_stream(Piece(text=piece))
            else:
                turn = piece
        return StepTaken(turn=turn.to_dict(), told=told)

    async def _ended(self, ctx: Context, turn: Turn, told: str) -> AskedBack | StopEvent:
        said = await asyncio.to_thread(self._turns.said, turn)
        if said.text.startswith(told) and said.text != told:
            ctx.write_event_to_stream(Piece(text=said.text[len(told) :]))
        await ctx.store.set(_KEY, said.state.to_dict())
        if said.kind in _WAITS:
            return AskedBack(text=said.text, kind=said.kind, choices=said.choices)
        return StopEvent(result=said)


def _asked(given: Any) -> tuple[str, Sequence[Image.Image]]:
    """The text and the pictures of what the user says."""
    if isinstance(given, str):
        return given, ()
    if not isinstance(given, ChatMessage):
        raise InputError(f"a turn must be text or a ChatMessage, got {type(given).__name__}")
    words, images = [], []
    for block in given.blocks:
        if isinstance(block, TextBlock):
            words.append(block.text)
        elif isinstance(block, ImageBlock):
            if not isinstance(block.image, bytes):
                raise InputError("a picture of a message must hold its bytes: ImageBlock(image=...)")
            # LlamaIndex keeps bytes as base64.
            images.append(ImagePolicy().from_base64(block.image.decode("ascii", "replace")))
        else:
            raise InputError(f"a message may hold text and images, got a {type(block).__name__}")
    return "\n".join(words), images
