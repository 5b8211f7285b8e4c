"""The steps of a turn, one method each: a `Turn` in, the next one out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from jarvis_memory.checks import check_photos
from jarvis_retrievers.errors import InputError, LoopError

from . import (
    answering,
    concluding,
    correcting,
    forgetting,
    learning,
    retrieving,
    understanding,
    verifying,
    wishes,
)
from .closing import said_of
from .desk import Desk
from .part import Part
from .picture import Picture
from .planning import Planner, RulePlanner
from .putting import Putting, putting_for
from .said import Said
from .settings import Settings
from .state import ConversationState
from .turn import Next, Turn

if TYPE_CHECKING:
    from jarvis_memory import PersonalMemory
    from jarvis_memory.intake import Photo

__all__ = ["Steps"]


class Steps:
    """The steps of a turn. Threads may share them: nothing is kept between two calls.

    ::

        turn = steps.begin(state, "Is Bo older than Mimi?")
        while turn.next != "end":
            turn = getattr(steps, turn.next)(turn)
        said = steps.said(turn)

    Args:
        memory: of one owner.
        settings: how a conversation is led.
        planner: what is put to the model; by default rules.
        putting: in which words; by default as the model's name says.
    """

    def __init__(
        self,
        memory: PersonalMemory,
        settings: Settings | None = None,
        *,
        planner: Planner | None = None,
        putting: Putting | None = None,
    ) -> None:
        self.settings = settings or Settings()
        put = putting or putting_for(memory.model_name)
        self._desk = Desk(memory, self.settings, planner or RulePlanner(put, self.settings), put)

    def begin(self, state: ConversationState, text: str, images: Sequence[Photo] = ()) -> Turn:
        """A turn that has not gone anywhere yet.

        Raises:
            InputError: no text and no picture, a text that is too long, too many pictures, or one
                that is no list.
            ImageError: a picture that cannot be used.
        """
        settings = self.settings
        check_photos(images)
        if not text.strip() and not images:
            raise InputError(f"a turn needs words or a picture, got {text!r} and no picture; ask something")
        if len(text) > settings.most_characters:
            raise InputError(
                f"a message may have {settings.most_characters:,} characters, got {len(text):,}; shorten it"
            )
        if len(images) > settings.most_images:
            raise InputError(
                f"a turn may have {settings.most_images} pictures, got {len(images)}; show fewer at once"
            )
        shown = tuple(Picture.of(image, settings) for image in images)
        there = {concept.id for concept in self._desk.memory.list()}
        now = state.without(there)
        return Turn(
            state=now, text=text.strip() or "Who is in the picture?", images=shown, looks=now.looks,
            mode=settings.mode,
        )  # fmt: skip

    def resolve(self, turn: Turn) -> Turn:
        """Understand what was written: a reply, a wish, or a question, with names in place of pronouns."""
        return wishes.understand(self._desk, self._entered(turn, "resolve"))

    def retrieve(self, turn: Turn) -> Turn:
        """Find whose segments may come into the context."""
        return retrieving.retrieve(self._desk, self._entered(turn, "retrieve"))

    def ask_back(self, turn: Turn) -> Turn:
        """Ask the user who is meant."""
        return understanding.ask_back(self._entered(turn, "ask_back"))

    def plan(self, turn: Turn) -> Turn:
        """Split the question, if that is needed."""
        turn = self._entered(turn, "plan")
        plan = self._desk.planner.plan(
            turn.question,
            turn.subjects,
            turn.allowed,
            shown=bool(turn.pictures),
            group=turn.group,
            everybody=turn.everybody,
        )
        if turn.everybody and plan.reduce == "whole" and not self._desk.putting.alone(turn.question):
            return turn.but(
                next="end", kind="declined", said="I do not understand what you ask of all of them."
            )
        return turn.but(next="choose", plan=plan)

    def choose(self, turn: Turn) -> Turn:
        """Choose how contexts are made: as the settings say, or None for the memory's own way."""
        return self._entered(turn, "choose").but(next="answer", mode=self.settings.mode)

    def answer(self, turn: Turn) -> Turn:
        """Put the questions of the plan to the model."""
        turn = self._entered(turn, "answer")
        subs = turn.plan.subs if turn.plan is not None else ()
        parts = answering.ask(self._desk.memory, subs, turn.pictures, self.settings, turn.mode)
        return self._answered(turn, parts)

    def tell(self, turn: Turn) -> Iterator[str | Turn]:
        """`answer`, but a whole answer comes piece by piece; the turn is last."""
        if turn.plan is None or turn.plan.reduce != "whole" or len(turn.plan.subs) != 1:
            yield self.answer(turn)
            return
        (sub,) = turn.plan.subs
        turn = self._entered(turn, "answer")
        parts: tuple[Part, ...] = ()
        for piece in answering.tell(self._desk.memory, sub, turn.pictures, turn.mode):
            if isinstance(piece, str):
                yield piece
            else:
                parts = (piece,)
        yield self._answered(turn, parts)

    def reduce(self, turn: Turn) -> Turn:
        """Make one answer of those of the plan."""
        return concluding.conclude(self._desk, self._entered(turn, "reduce"))

    def verify(self, turn: Turn) -> Turn:
        """Look at the answer once more: does it name only concepts that are there or asked for?"""
        return verifying.verify(self._desk, self._entered(turn, "verify"))

    def learn(self, turn: Turn) -> Turn:
        """Remember what the user has confirmed."""
        return learning.learn(self._desk, self._entered(turn, "learn"))

    def correct(self, turn: Turn) -> Turn:
        """Write down what the user has told, in place of what it contradicts."""
        return correcting.correct(self._desk, self._entered(turn, "correct"))

    def forget(self, turn: Turn) -> Turn:
        """Forget what the user has confirmed."""
        return forgetting.forget(self._desk, self._entered(turn, "forget"))

    def said(self, turn: Turn) -> Said:
        """What the user reads, with the state to go on with.

        Raises:
            InputError: the turn is not at its end.
        """
        if turn.next != "end":
            raise InputError(f"this turn goes on with {turn.next!r}; take that step first")
        return said_of(self._desk, turn)

    def _answered(self, turn: Turn, parts: tuple[Part, ...]) -> Turn:
        told = [notice for part in parts for notice in part.answer.notices]
        return turn.but(
            next="reduce",
            parts=(*turn.parts, *parts),
            cost=turn.cost.plus(parts),
            notices=tuple(dict.fromkeys((*turn.notices, *told))),
        )

    def _entered(self, turn: Turn, step: Next) -> Turn:
        if turn.next != step:
            raise InputError(f"this turn goes on with {turn.next!r}, got it for {step!r}; follow turn.next")
        if turn.count >= self.settings.most_steps:
            raise LoopError(
                f"a turn may take {self.settings.most_steps} steps, and {step!r} would be one more; ask "
                "something simpler, or raise most_steps"
            )
        return turn.but(count=turn.count + 1)
