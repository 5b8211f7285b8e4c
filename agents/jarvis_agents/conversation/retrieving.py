"""The step that finds whose segments may come into the context."""

from __future__ import annotations

import re

from .desk import Desk
from .known import Known
from .turn import Turn

__all__ = ["retrieve"]

_TIE = re.compile(
    r"\b(?:friends?|mates?|partners?|neighbou?rs?|brothers?|sisters?|siblings?|twins?|mother|father|parents?|"
    r"sons?|daughters?|child|children|husband|wife|family)\b|\bshares?\b",
    re.IGNORECASE,
)


def retrieve(desk: Desk, turn: Turn) -> Turn:
    """Find who is meant, where names alone do not say it; nobody else will be in the context."""
    known = desk.known(turn)
    if turn.pictures:
        return _seen(desk, turn)
    subjects = turn.subjects
    if turn.everybody:
        subjects = tuple(name for name in known.names if name not in turn.excluded)
    if not subjects and not turn.strangers:
        found = desk.memory.why(turn.question).found
        subjects = tuple(one.concept.name for one in found if one.concept.name not in turn.excluded)[:1]
    allowed = (*subjects, *_tied(desk, turn, known, subjects))
    return turn.but(next="plan", subjects=subjects, allowed=tuple(dict.fromkeys(allowed)))


def _seen(desk: Desk, turn: Turn) -> Turn:
    found = desk.memory.why(turn.question, [picture.image for picture in turn.pictures]).found
    names = [one.concept.name for one in found if one.via is None]
    allowed = tuple(name for name in dict.fromkeys((*turn.subjects, *names)) if name not in turn.excluded)
    return turn.but(next="plan", allowed=allowed)


def _tied(desk: Desk, turn: Turn, known: Known, subjects: tuple[str, ...]) -> tuple[str, ...]:
    """Others to whom the notes of the subjects lead, where the question asks for such a tie.

    A note that merely names somebody ("tell me what Mimi likes") leads nowhere.
    """
    if not subjects or not _TIE.search(turn.question):
        return ()
    found = desk.memory.why(turn.question).found
    return tuple(
        one.concept.name
        for one in found
        if one.via in subjects
        and any(
            _TIE.search(fact) and one.concept.name.casefold() in fact.casefold()
            for fact in known.facts(one.via)
        )
    )
