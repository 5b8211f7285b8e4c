"""One turn on its way: everything that its steps have found out so far."""

from __future__ import annotations

from typing import Literal

from .part import Cost, Part
from .picture import Picture
from .plan import Plan
from .said import Kind
from .state import ConversationState, Pending
from .value import Value

__all__ = ["Next", "Turn"]

Next = Literal[
    "resolve", "retrieve", "ask_back", "plan", "choose", "answer", "reduce", "verify", "learn", "correct",
    "forget", "end",
]  # fmt: skip


class Turn(Value):
    """One turn on its way. Each step takes it and returns the next one; nothing of it is changed.

    Attributes:
        state: of the conversation, before this turn.
        text: what the user wrote.
        images: what the user showed.
        next: the step that comes next.
        count: how many steps were taken.
        question: the question with names in place of pronouns and the like.
        pictures: those that it is about: of this turn, or the last one of the conversation.
        settled: pictures have told who is meant; what is asked goes on without them.
        subjects: names of those it is about, in order.
        strangers: names in it that nobody has.
        group: the subjects are a group, such as "my dogs", or everybody.
        everybody: nobody is named, and the question may be about all.
        excluded: names that the user has ruled out.
        allowed: names that may be in the context; None lets retrieval decide.
        plan: what is put to the model.
        mode: how contexts are made; None leaves it to the memory.
        parts: what was asked and answered.
        cost: of all of it.
        pending: what the user is asked.
        kind, said, choices, notices: see `Said`.
        looks: as in the state, with what was looked at in this turn.
    """

    state: ConversationState
    text: str
    images: tuple[Picture, ...] = ()
    next: Next = "resolve"
    count: int = 0
    question: str = ""
    pictures: tuple[Picture, ...] = ()
    settled: bool = False
    subjects: tuple[str, ...] = ()
    strangers: tuple[str, ...] = ()
    group: bool = False
    everybody: bool = False
    excluded: tuple[str, ...] = ()
    allowed: tuple[str, ...] | None = None
    plan: Plan | None = None
    mode: str | None = None
    parts: tuple[Part, ...] = ()
    cost: Cost = Cost()
    pending: Pending | None = None
    kind: Kind = "answer"
    said: str = ""
    choices: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    looks: tuple[tuple[str, str], ...] = ()

    def but(self, **changes: object) -> Turn:
        """The turn with some of it changed."""
        return self.model_copy(update=changes)
