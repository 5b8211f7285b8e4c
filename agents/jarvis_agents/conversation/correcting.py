"""Corrections: what the user tells of a concept changes its profile."""

from __future__ import annotations

from collections.abc import Sequence

from jarvis_memory.profile import build_profile

from .conflicts import facts_about
from .desk import Desk
from .known import Known
from .properties import property_of
from .state import Pending
from .statements import Statement
from .turn import Turn
from .values import holds

__all__ = ["correct", "replaced", "tell_of"]


def tell_of(desk: Desk, turn: Turn, told: Sequence[Statement]) -> Turn:
    """What the user has told: written down, or asked about first where that would be rash."""
    known = desk.known(turn)
    (name, *others) = dict.fromkeys(one.name for one in told)
    turn = turn.but(subjects=(name, *others))
    if others:
        return turn.but(
            next="end", kind="declined", said="Please tell me of one at a time; I have changed nothing."
        )
    for one in told:
        rival = next((o for o in told if _contrary(one, o)), None)
        if rival is not None:
            pending = Pending(wish="version", name=name, choices=(one.sentence, rival.sentence))
            said = f"These do not go together: {one.sentence} {rival.sentence} Which of them is true?"
            return _asked(turn, pending, "ask_back", said, pending.choices)
    old = tuple(dict.fromkeys(fact for one in told for fact in replaced(one, known.facts(name))))
    new = tuple(one.sentence for one in told if not one.denied and one.sentence not in known.facts(name))
    if not new and not any(fact for fact in old if fact not in {one.sentence for one in told}):
        denied = all(one.denied for one in told)
        said = f"I know: {' '.join(one.sentence for one in told)}"
        return turn.but(next="end", said="I have nothing of that written down." if denied else said)
    old = tuple(fact for fact in old if fact not in {one.sentence for one in told})
    pending = Pending(wish="correct", name=name, old=old, new=new)
    hand = _by_hand(known, name)
    if old and not new:
        why = "That would be struck out."
    elif any(fact in hand for fact in old):
        why = "You have written that by hand."
    elif old and not all(one.strong for one in told):
        why = "I have it otherwise."
    else:
        return turn.but(next="correct", pending=pending)
    said = f"{why} {_change(old, new)} Shall I?"
    return _asked(turn, pending, "confirm", said, ("yes", "no"))


def correct(desk: Desk, turn: Turn) -> Turn:
    """Write down what was told, in place of what it contradicts."""
    pending = turn.pending
    if pending is None:
        return turn.but(next="end", kind="declined", said="There is nothing to correct.")
    name, memory = pending.name, desk.memory
    concept = memory.show(name)
    facts = concept.profile.facts
    if not set(pending.new).difference(facts) and not set(pending.old).intersection(facts):
        pass  # the step is taken again: its process died before a checkpoint
    elif pending.old or concept.edits.facts is not None:
        # A fact that is not there any more has been changed elsewhere meanwhile; the rest still holds.
        place = min((facts.index(fact) for fact in pending.old if fact in facts), default=len(facts))
        left = [fact for fact in facts if fact not in pending.old]
        new = [fact for fact in pending.new if fact not in left]
        memory.edit(name, facts=[*left[:place], *new, *left[place:]])
    else:
        memory.update(name, about=" ".join(pending.new))
    kind = "corrected" if pending.old else "learned"
    said = f"I have written down: {' '.join(pending.new)}" if pending.new else "Done."
    if pending.old:
        said += f" No longer: {' '.join(pending.old)}"
    return turn.but(next="end", kind=kind, said=said, subjects=(name,), pending=None)


def replaced(told: Statement, facts: Sequence[str]) -> list[str]:
    """The facts that a statement takes the place of."""
    if told.old:
        gone = [fact for fact in facts if holds(fact, told.old)]
        if gone:
            return gone
    if not told.key:
        return []
    same = facts_about(told.name, tuple(facts), told.key)
    if told.denied:
        return [fact for fact, value in same if holds(told.value, value) or holds(value, told.value)]
    known = property_of(told.key)
    if not (told.strong or (known is not None and known.single)):
        return []
    # "likes soup" said again is no news; nothing is replaced by itself.
    if any(holds(value, told.value) and holds(told.value, value) for _, value in same):
        return [told.sentence] if len(same) == 1 and same[0][0] == told.sentence else []
    return [fact for fact, _ in same]


def _contrary(one: Statement, other: Statement) -> bool:
    known = property_of(one.key)
    return (
        one is not other
        and bool(one.key)
        and one.key == other.key
        and not holds(one.value, other.value)
        and one.denied == other.denied
        and (one.strong or other.strong or (known is not None and known.single))
    )


def _by_hand(known: Known, name: str) -> frozenset[str]:
    """Facts that were written by hand, and no note gives."""
    concept = known.concepts[name]
    noted = build_profile(name, concept.about, concept.category).facts
    return frozenset(concept.edits.facts or ()).difference(noted)


def _change(old: Sequence[str], new: Sequence[str]) -> str:
    if not new:
        return f"I would strike out: {' '.join(old)}"
    return f"I would write: {' '.join(new)} In place of: {' '.join(old)}"


def _asked(turn: Turn, pending: Pending, kind: str, said: str, choices: tuple[str, ...]) -> Turn:
    return turn.but(next="end", pending=pending, kind=kind, said=said, choices=choices)
