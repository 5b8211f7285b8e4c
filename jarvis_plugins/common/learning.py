"""Notes that the user asks to keep."""

from __future__ import annotations

import re
from typing import Final

from jarvis_memory.memory import PersonalMemory
from jarvis_retrievers.errors import UnknownConceptError

__all__ = ["learn"]

# An explicit request; anything else that is said about a concept is not kept behind the user's back.
_TOLD: Final = re.compile(r"\s*(?:please\s+)?(?:remember|note)(?:\s*:|\s+that\b)\s*(?P<note>.+)", re.I | re.S)


def learn(memory: PersonalMemory, said: str) -> None:
    """Keep what "remember that ..." or "note: ..." says, as a note of the one concept that it names."""
    told = _TOLD.fullmatch(said)
    if told is None:
        return
    note = told["note"].strip()
    named = [one.concept for one in memory.recall(note, k=1) if one.by_name == 1.0]
    if len(named) == 1 and note not in named[0].about:
        try:
            memory.update(named[0].name, about=note)
        except UnknownConceptError:
            # Forgotten while the agent was at work: there is nothing left to add to.
            return
