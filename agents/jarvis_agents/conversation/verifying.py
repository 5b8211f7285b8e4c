"""The second look: does the answer name only concepts that are there or asked for?"""

from __future__ import annotations

from jarvis_memory.profile import split_sentences

from .conflicts import conflicts
from .desk import Desk
from .known import Known, listed
from .naming import named
from .plan import Sub
from .seeing import claims
from .turn import Turn

__all__ = ["verify"]


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
    verdict = (
        f"But on a second look I do not think that {listed(gone)} {'is' if len(gone) == 1 else 'are'} there."
    )
    return turn.but(said=f"{_taken_back(turn.said, gone)} {verdict}".strip())


def _taken_back(said: str, gone: list[str]) -> str:
    return " ".join(
        sentence for sentence in split_sentences(said) if not any(claims(sentence, name) for name in gone)
    )
