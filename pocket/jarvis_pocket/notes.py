"""What a user would write about a concept: one sentence for each fact, in one of several wordings."""

from __future__ import annotations

import random

from jarvis_pocket.world import PocketConcept

# The first wording of each fact is the one that answers use.
NOTES: dict[str, tuple[str, ...]] = {
    "food": ("{n} likes {v}.", "{n} loves {v}.", "{n} likes to eat {v}.", "{n}'s favourite food is {v}."),
    "month": ("{n} was born in {v}.", "{n} has a birthday in {v}.", "{n}'s birthday is in {v}."),
    "keeper": ("{n} belongs to {v}.", "{n}'s keeper is {v}.", "{n} is looked after by {v}."),
    "place": ("{n} sleeps on the {v}.", "{n} naps on the {v}.", "{n} likes to lie on the {v}."),
    "friend": ("{n}'s friend is {v}.", "{n} shares a bowl with {v}.", "{n} and {v} share a bowl."),
    "age": ("{n} is {v} years old.", "{n} turned {v} this year."),
}


def fact_sentence(key: str, name: str, value: str, wording: int = 0) -> str:
    """One fact as a sentence; wording 0 is the one that answers use."""
    return NOTES[key][wording].format(n=name, v=value)


def draw_notes(rng: random.Random, concept: PocketConcept, share: float = 1.0) -> list[str]:
    """The notes of one concept in a random order; each fact is told with probability ``share``."""
    keys = [key for key in concept.facts if rng.random() < share]
    rng.shuffle(keys)
    return [
        fact_sentence(
            key,
            concept.name,
            concept.facts[key],
            rng.choices(range(len(NOTES[key])), (3, *(1,) * (len(NOTES[key]) - 1)))[0],
        )
        for key in keys
    ]
