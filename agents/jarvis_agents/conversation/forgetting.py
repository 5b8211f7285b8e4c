"""Forgetting: after a confirmation nothing of a concept is left, nor in the conversation."""

from __future__ import annotations

import re

from jarvis_retrievers.names import match_names

from .desk import Desk
from .known import Known, listed
from .state import Pending
from .turn import Turn

__all__ = ["forget", "propose", "to_forget"]

_FORGET = re.compile(
    r"^(?:please\s+|now\s+|ok(?:ay)?,?\s+|can you\s+|i want you to\s+)*(?:forget|delete|erase|remove)\s+"
    r"(?:all |everything |what you know )?(?:about |of )?(?P<who>.+?)(?: please| again| now)?[.!?]*$",
    re.IGNORECASE,
)


def to_forget(text: str) -> str | None:
    """Whom a text wants forgotten, in its own words; None if it wants no such thing."""
    match = _FORGET.match(text.strip())
    return match["who"] if match else None


def propose(turn: Turn, names: tuple[str, ...], strangers: tuple[str, ...] = ()) -> Turn:
    """Ask before anything is forgotten."""
    if strangers:
        who = listed(strangers, "or")
        said = f"I know nobody of the name {who}; I have changed nothing."
        return turn.but(next="end", kind="declined", said=said, subjects=())
    if len(names) != 1:
        said = "Tell me one name to forget; I have changed nothing."
        return turn.but(next="end", kind="declined", said=said, subjects=())
    (name,) = names
    said = f"Shall I forget {name}, with all photos and notes? That cannot be undone."
    pending = Pending(wish="forget", name=name)
    return turn.but(
        next="end", kind="confirm", said=said, choices=("yes", "no"), pending=pending, subjects=names
    )


def forget(desk: Desk, turn: Turn) -> Turn:
    """Forget what was confirmed."""
    pending = turn.pending
    if pending is None:
        return turn.but(next="end", kind="declined", said="There is nothing to forget.")
    name = pending.name
    spellings: tuple[str, ...] = (name,)
    # It is gone already if this step is taken again after a crash, or somebody else was faster.
    if any(concept.name == name for concept in desk.memory.list()):
        spellings = (name, *desk.memory.forget(name).aliases)
    others = _still_named(desk.known(turn), {name: spellings})
    said = f"I have forgotten {name}."
    if others:
        said += f" The notes of {listed(others)} still name it."
    return turn.but(next="end", kind="forgot", said=said, subjects=(), pending=None)


def _still_named(known: Known, spellings: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(name for name in known.names if match_names(" ".join(known.facts(name)), spellings, 101.0))
