"""The drawn household in a memory, and what can be asked about it with one click."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jarvis_memory import Concept, PersonalMemory
from jarvis_plugins.demo.place import read_household

__all__ = ["Suggestion", "furnish", "household_suggestions", "suggestions_of"]

# About the household that ships: a fact, two of them, all of them, one of two, and nobody known.
_QUESTIONS: Final = (
    "What does Fabi like?",
    "Who is older, Liki or Nori?",
    "How many cats do I have?",
    "What does my cat like?",
    "What does Lenu like?",
)
_PICTURED: Final = ("who", "recognise")
_PICTURES: Final = 4


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A question that can be asked with one click, with its picture if it has one."""

    text: str
    picture: Path | None = None


def furnish(memory: PersonalMemory) -> None:
    """Remember everybody of the household that ships."""
    for concept in read_household().concepts:
        memory.remember(concept.name, list(concept.photos), concept.about)


def household_suggestions() -> tuple[Suggestion, ...]:
    """Questions about the household, then some about pictures."""
    pictured = [q for kind in _PICTURED for q in read_household().questions if q.kind == kind and q.image]
    return (
        *(Suggestion(text) for text in _QUESTIONS),
        *(Suggestion(q.question, q.image) for q in pictured[:_PICTURES]),
    )


def suggestions_of(concepts: Sequence[Concept]) -> tuple[Suggestion, ...]:
    """Questions about concepts of which something is known."""
    told = [concept.name for concept in concepts if concept.profile.facts][:2]
    seen = [concept.name for concept in concepts if concept.patches][-1:]
    return (
        *(Suggestion(f"What does {name} like?") for name in told),
        *(Suggestion(f"What does {name} look like?") for name in seen),
    )
