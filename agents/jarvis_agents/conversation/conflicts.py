"""Evidence that does not agree: two facts of a profile, or a fact and what the model says."""

from __future__ import annotations

from jarvis_memory.contradictions import contradictions

from .known import Known
from .properties import asked_property, stated
from .turn import Turn
from .values import holds, unknown

__all__ = ["conflicts", "facts_about"]


def facts_about(name: str, facts: tuple[str, ...], key: str) -> list[tuple[str, str]]:
    """The sentences of a profile that tell a property, each with its value."""
    found = []
    for fact in facts:
        told = stated(fact[len(name) :]) if fact.startswith(name) else None
        if told and told[0].key == key:
            found.append((fact, told[1]))
    return found


def conflicts(turn: Turn, known: Known) -> list[str]:
    """Sentences that say where the evidence behind an answer does not agree."""
    said = []
    for part in turn.parts:
        names = [name for name in part.concepts if name in known.concepts and name in part.question]
        if part.look or len(names) != 1 or len(part.concepts) != 1 or unknown(part.answer.text):
            continue
        (name,) = names
        asked = asked_property(part.question)
        # What something is may be said in many words; that is no conflict.
        facts = (
            [] if asked is None or asked.key == "look" else facts_about(name, known.facts(name), asked.key)
        )
        twice = {(pair.first, pair.second) for pair in contradictions(name, [fact for fact, _ in facts])}
        said += [f"But the notes of {name} contradict each other: {one} {two}" for one, two in sorted(twice)]
        other = [fact for fact, value in facts if not holds(part.answer.text, value)]
        if other and not twice:
            word = "But the notes" if len(other) == len(facts) else "The notes"
            also = "" if len(other) == len(facts) else " also"
            said.append(f"{word} of {name}{also} say: {' '.join(other)}")
    return list(dict.fromkeys(said))
