"""How those look whom words may describe: the model is asked, as notes rarely say it."""

from __future__ import annotations

from collections.abc import Sequence

from .desk import Desk
from .known import Known
from .part import Part
from .plan import Sub
from .properties import property_of
from .replies import fitting, telling
from .turn import Turn

__all__ = ["look_at", "looked_at"]

# By which somebody may be told besides the body: "the one with the blue hat".
_DETAILS = ("worn", "emblem")


def look_at(desk: Desk, turn: Turn, names: Sequence[str]) -> Turn:
    """Looks at these, where that was not done before; the state keeps it."""
    known = desk.known(turn)
    most, unlooked = desk.settings.most_mapped, known.unlooked(names)
    if len(unlooked) > most:
        notice = f"looked at {most} of {len(unlooked)} concepts only; raise most_mapped to look at all"
        turn, unlooked = turn.but(notices=(*turn.notices, notice)), unlooked[:most]
    turn, parts = _asked(desk, turn, "What is {n}?", unlooked)
    pairs = zip(known.keys(unlooked), parts, strict=True)
    return turn.but(looks=(*turn.looks, *((key, part.answer.text) for key, part in pairs)))


def looked_at(desk: Desk, turn: Turn, choices: Sequence[str]) -> tuple[Turn, Known]:
    """Looks at those whom a reply may describe; what they wear only if what they are does not tell them.

    That is not kept: later "the red one" is somebody red, not somebody else with a red hat.
    """
    if not telling(turn.text):
        return turn, desk.known(turn)
    turn = look_at(desk, turn, choices)
    known = desk.known(turn)
    names = [name for name in choices if name in known.concepts][: desk.settings.most_mapped]
    if fitting(turn.text, choices, known):
        return turn, known
    looks = dict(turn.looks)
    for key in _DETAILS:
        detail = property_of(key)
        turn, parts = _asked(desk, turn, detail.question if detail else "", names)
        for one, part in zip(known.keys(names), parts, strict=True):
            looks[one] = f"{looks.get(one, '')} {part.answer.text}".strip()
    return turn, Known(desk.memory.list(), tuple(looks.items()))


def _asked(desk: Desk, turn: Turn, question: str, names: Sequence[str]) -> tuple[Turn, tuple[Part, ...]]:
    tokens = desk.settings.fact_tokens
    subs = [Sub(question=question.format(n=name), names=(name,), tokens=tokens) for name in names]
    return desk.look(turn, subs)
