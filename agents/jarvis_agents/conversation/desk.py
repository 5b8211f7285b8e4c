"""What the steps of a turn work with; it holds no state of a conversation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import answering
from .discussed import Discussed
from .known import Known
from .part import Part
from .picture import Picture
from .plan import Sub
from .planning import Planner
from .putting import Putting
from .settings import Settings
from .turn import Turn

if TYPE_CHECKING:
    from jarvis_memory import PersonalMemory

__all__ = ["Desk"]


@dataclass(frozen=True, slots=True)
class Desk:
    """What the steps work with: a memory, how a conversation is led, and who plans and puts questions."""

    memory: PersonalMemory
    settings: Settings
    planner: Planner
    putting: Putting

    def known(self, turn: Turn) -> Known:
        """The concepts as they are now."""
        return Known(self.memory.list(), turn.looks)

    def discussed(self, turn: Turn, known: Known) -> Discussed:
        """Who was spoken of before."""
        return Discussed(turn.state.turns, known)

    def look(
        self, turn: Turn, subs: Sequence[Sub], pictures: Sequence[Picture] = ()
    ) -> tuple[Turn, tuple[Part, ...]]:
        """Second looks and the like: asked, and put on the turn's bill."""
        parts = answering.ask(self.memory, subs, pictures, self.settings, turn.mode, look=True)
        return turn.but(cost=turn.cost.plus(parts)), parts
