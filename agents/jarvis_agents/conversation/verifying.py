"""The second look: does the answer name only concepts that are there or asked for?"""

from __future__ import annotations

import re

from jarvis_memory.profile import split_sentences

from .conflicts import conflicts
from .desk import Desk
from .known import Known, listed
from .naming import named
from .plan import Sub
from .seeing import claims
from .turn import Turn

__all__ = ["verify"]

_THERE = re.compile(
    r"\b(?:here|there|(?:in|on) (?:the|this|that) (?:picture|photo|image)|(?:on|in|at) the "
    r"(?:left|right|middle|cent(?:er|re)))\b",
    re.IGNORECASE,
)


def verify(desk: Desk, turn: Turn) -> Turn:
    """Look at an answer once more; what nobody asked for is left out, what only seems seen is taken back."""
    known = desk.known(turn)
    turn = _strays(turn, known)
    if turn.pictures and turn.kind == "answer":
        turn = _claims(desk, turn, known)
    told = conflicts(turn, known)
    return turn.but(next="end", said=" ".join([turn.said, *told]), notices=(*turn.notices, *told))


def _strays(turn: Turn, known: Known) -> Turn:
    """Sentences that name somebody who is neither asked for nor in a note of those who are."""
    asked = {*turn.subjects, *(turn.allowed or ()), *(name for part in turn.parts for name in part.concepts)}
    asked |= {name for place in named(turn.question, known) for name in place.names}
    notes = " ".join(fact for name in asked if name in known.concepts for fact in known.facts(name))
    fine = asked | {name for place in named(notes, known) if not place.doubtful for name in place.names}
    stray = {
        name
        for place in named(turn.said, known)
        if not place.doubtful
        for name in place.names
        if name not in fine
    }
    if not stray:
        return turn
    kept = [
        sentence
        for sentence in split_sentences(turn.said)
        if not any(name in stray for place in named(sentence, known) for name in place.names)
    ]
    notice = f"left out what was said of {listed(sorted(stray))}, as nobody asked for it"
    return turn.but(said=" ".join(kept) or "I do not know.", notices=(*turn.notices, notice))


def _claims(desk: Desk, turn: Turn, known: Known) -> Turn:
    """Whom the answer sees in the picture, and retrieval does not, is looked for once more."""
    claimed = [name for name in known.names if claims(turn.said, name)]
    if not claimed or desk.settings.most_looks == 0:
        return turn
    images = [picture.image for picture in turn.pictures]
    seen = {
        name
        for name, sighting in desk.memory.why("", images).sightings
        if sighting.verdict in {"seen", "cut"}
    }
    doubted = [name for name in claimed if name not in seen][: desk.settings.most_looks]
    if not doubted:
        return turn
    first = " ".join(part.question for part in turn.parts)
    subs = [
        Sub(
            question="Who is in the picture?" if name in first else f"Is {name} in the picture?",
            names=(name,),
            shown=True,
            tokens=desk.settings.max_new_tokens,
        )
        for name in doubted
    ]
    turn, parts = desk.look(turn, subs, turn.pictures)
    gone = [name for name, part in zip(doubted, parts, strict=True) if not claims(part.answer.text, name)]
    turn = turn.but(parts=(*turn.parts, *parts))
    if not gone:
        return turn.but(notices=(*turn.notices, f"not sure that {listed(doubted)} can be seen"))
    return turn.but(said=_taken_back(turn, gone))


def _taken_back(turn: Turn, gone: list[str]) -> str:
    """An answer without those who are not there.

    Where it was asked whether one of them is there, no word of the first look stays: "a red dog, yes" would
    contradict the second.
    """
    asked = [part for part in turn.parts if not part.look]
    said, told = turn.said, []
    for name in gone:
        for part in asked:
            first = part.answer.text.strip()
            if claims(first, name) and _asks_for(part.question, name):
                said = said.replace(first, "")
                told.append(f"On a second look, {name} is not {_where(part.question)}.")
    rest = [name for name in gone if not any(f" {name} is not " in one for one in told)]
    if rest:
        verb = "is" if len(rest) == 1 else "are"
        told.append(f"But on a second look I do not think that {listed(rest)} {verb} there.")
    kept = [one for one in split_sentences(said) if not any(claims(one, name) for name in gone)]
    return " ".join([*kept, *told])


def _asks_for(question: str, name: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", question) is not None


def _where(question: str) -> str:
    """Where somebody was asked for, in the words of the question."""
    match = _THERE.search(question)
    return match[0].lower() if match else "there"
