"""Who stands in a scene: known concepts, look-alikes of them, and strangers."""

from __future__ import annotations

import random
from collections.abc import Sequence

from jarvis_pocket.ask import Shown
from jarvis_pocket.world import PocketConcept, Split, draw_look, lookalike


def draw_cast(
    rng: random.Random,
    concepts: Sequence[PocketConcept],
    asked: PocketConcept,
    split: Split,
    *,
    count: int,
    inside: bool,
    alike: bool = False,
    known: float = 0.75,
) -> list[Shown]:
    """``count`` looks with their names (None: a stranger), shuffled.

    ``asked`` is among them if ``inside``; else, if ``alike``, a look-alike of it is. The other places are
    filled with other ``concepts`` (with probability ``known``) or strangers, who never have category and
    colour of one.
    """
    cast: list[Shown] = [(asked.look, asked.name)] if inside else []
    if alike and not inside:
        cast.append((lookalike(asked.look, rng, split), None))
    others = [c for c in concepts if c is not asked]
    rng.shuffle(others)
    bodies = {(c.look.category, c.look.colour) for c in concepts}
    while len(cast) < count:
        if others and rng.random() < known:
            other = others.pop()
            cast.append((other.look, other.name))
            continue
        look = draw_look(rng, split)
        if (look.category, look.colour) not in bodies:
            cast.append((look, None))
    rng.shuffle(cast)
    return cast
