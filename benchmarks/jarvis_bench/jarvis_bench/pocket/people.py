"""Who is known in a split, and who stands in a picture: always so that a picture says which of them it is."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from jarvis_pocket.cast import draw_cast
from jarvis_pocket.telling import Shown
from jarvis_pocket.world import Look, PocketConcept, Split, draw_name

__all__ = ["HELDOUT", "clear", "draw_clear_cast", "named"]

HELDOUT: Split = "heldout"
_SHORTEST = 4  # "No", "He" and "Do" are names too, and words of every answer


def named(rng: random.Random, concepts: Sequence[PocketConcept]) -> list[PocketConcept]:
    """The concepts, those whose names are as short as a word under other names."""
    taken = {concept.name for concept in concepts}
    out = []
    for concept in concepts:
        name = concept.name
        while len(name) < _SHORTEST or (name != concept.name and name in taken):
            name = draw_name(rng, HELDOUT)
        taken.add(name)
        out.append(replace(concept, name=name))
    return out


def clear(shown: Sequence[Shown], concepts: Sequence[PocketConcept]) -> bool:
    """Whether of everybody in a picture is to be seen which concept it is, or that it is none."""
    for one in shown:
        alike = [c.name for c in concepts if _visible(c.look, one.hidden) == _visible(one.look, one.hidden)]
        if alike != ([one.name] if one.name else []):
            return False
    return True


def draw_clear_cast(
    rng: random.Random,
    concepts: Sequence[PocketConcept],
    asked: PocketConcept,
    *,
    count: int,
    known: float = 0.75,
) -> list[Shown]:
    """So many figures, ``asked`` among them, a look-alike of somebody as often as not."""
    while True:
        cast = draw_cast(
            rng, concepts, asked, HELDOUT, count=count, inside=True, alike=rng.random() < 0.5, known=known
        )
        if clear(cast, concepts):
            return cast


def _visible(look: Look, hidden: bool) -> Look:
    return replace(look, glyph="", glyph_colour="") if hidden else look
