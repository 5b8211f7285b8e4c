"""Who stands in a scene: known concepts, look-alikes of them, and strangers."""

from __future__ import annotations

import random
from collections.abc import Sequence

from jarvis_pocket.telling import Shown
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
    hide: float = 0.25,
) -> list[Shown]:
    """``count`` figures (a name of None: a stranger), shuffled, emblems covered with probability ``hide``.

    ``asked`` is among them if ``inside``. If ``alike``, a look-alike is there too: of ``asked`` if that is
    not inside, else of another concept that is not there. The other places are filled with other
    ``concepts`` (with probability ``known``) or strangers, who never have category and colour of one. A
    look-alike shows its emblem if that is what tells it apart.
    """
    cast: list[Shown] = [Shown(asked.look, asked.name, rng.random() < hide)] if inside else []
    others = [c for c in concepts if c is not asked]
    rng.shuffle(others)
    if alike and not inside:
        cast.append(_alike(rng, asked, split, hide))
    elif alike and others and count > 1:
        cast.append(_alike(rng, others.pop(), split, hide))
    bodies = {(c.look.category, c.look.colour) for c in concepts}
    while len(cast) < count:
        covered = rng.random() < hide
        if others and rng.random() < known:
            other = others.pop()
            cast.append(Shown(other.look, other.name, covered))
            continue
        look = draw_look(rng, split)
        if (look.category, look.colour) not in bodies:
            cast.append(Shown(look, None, covered))
    rng.shuffle(cast)
    return cast


def _alike(rng: random.Random, concept: PocketConcept, split: Split, hide: float) -> Shown:
    look = lookalike(concept.look, rng, split)
    return Shown(look, None, look.emblem == concept.look.emblem and rng.random() < hide)
