"""What the user reads at the end of a turn."""

from __future__ import annotations

from typing import Literal

from .part import Cost, Part
from .state import ConversationState
from .value import Value

__all__ = ["Kind", "Said"]

Kind = Literal["answer", "ask_back", "confirm", "learned", "corrected", "forgot", "declined"]


class Said(Value):
    """The end of a turn.

    Attributes:
        text: what the user reads.
        kind: ``answer``; ``ask_back``: somebody or something is unclear; ``confirm``: something would be
            stored, changed or forgotten; ``learned``, ``corrected``, ``forgot``: it was done; ``declined``:
            nothing was done.
        choices: names to choose from, or ("yes", "no").
        parts: the questions that were put to the model, with their answers.
        concepts: names of those whom the turn was about.
        cost: of all questions to the model, second looks included.
        notices: what the user should know, one line each.
        state: to go on with.
    """

    text: str
    kind: Kind
    choices: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    concepts: tuple[str, ...] = ()
    cost: Cost = Cost()
    notices: tuple[str, ...] = ()
    state: ConversationState = ConversationState()

    def __str__(self) -> str:
        return self.text
