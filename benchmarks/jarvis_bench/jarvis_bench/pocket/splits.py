"""The splits of Pocket: each draws who is known, pictures of them, and what is asked."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from jarvis_pocket import ask, notes, world
from jarvis_pocket.telling import Shown
from jarvis_pocket.world import ACCESSORIES, ACCESSORY_COLOURS, FACTS, FRIEND, PocketConcept

from ..item import Picture
from .films import ask_clip, draw_acts, draw_clip
from .paper import Paper
from .people import HELDOUT, draw_clear_cast, named
from .size import Size
from .studio import Studio

__all__ = ["DRAWN", "Drawn"]

_PARTS: Final[tuple[ask.Part, ...]] = ("emblem", "worn")
_BYSTANDERS = 3


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a split is made of: who is known, their notes and photos, and the questions."""

    paper: Paper
    notes: tuple[str, ...]
    photos: tuple[tuple[Picture, ...], ...]
    later: tuple[tuple[Picture, ...], ...]
    about: str


def _drawn(
    paper: Paper,
    studio: Studio,
    rng: random.Random,
    size: Size,
    about: str,
    after: Sequence[PocketConcept] = (),
) -> Drawn:
    known = paper.concepts
    changed = {one.name: one for one in after}
    return Drawn(
        paper,
        tuple(" ".join(notes.draw_notes(rng, one)) for one in known),
        tuple(tuple(studio.photo(one.look) for _ in range(size.photos)) for one in known),
        tuple(
            tuple(studio.photo(changed[one.name].look) for _ in range(size.photos))
            if one.name in changed
            else ()
            for one in known
        ),
        about,
    )


def _facts(paper: Paper, rng: random.Random, size: Size) -> None:
    pairs = list(itertools.product(paper.concepts, FACTS))
    for concept, key in rng.sample(pairs, min(size.questions, len(pairs))):
        paper.fact(concept, key)
    for concept, key in rng.sample(pairs, min(size.choices, len(pairs))):
        paper.fact(concept, key, choice=True)


def _details(paper: Paper, rng: random.Random, size: Size) -> None:
    pairs = list(itertools.product(paper.concepts, _PARTS))
    for concept, part in rng.sample(pairs, min(size.questions, len(pairs))):
        paper.detail(concept, part)


def _covered(paper: Paper, studio: Studio, rng: random.Random, size: Size) -> None:
    """Emblems that a picture has covered."""
    for number in range(size.questions + size.choices):
        concept = rng.choice(paper.concepts)
        picture = studio.scene([Shown(concept.look, concept.name, True)])
        paper.detail(concept, "emblem", picture, choice=number >= size.questions)


def _scenes(
    paper: Paper,
    studio: Studio,
    rng: random.Random,
    size: Size,
    asked: Callable[[Sequence[Shown]], Sequence[PocketConcept]],
    counts: Sequence[int] = (1, 2, 2, 3),
    known: float = 0.75,
) -> None:
    """Pictures, each with a caption, the question who it is, and whether some concepts are there."""
    order = list(paper.concepts)
    for number in range(size.pictures):
        if number % len(order) == 0:
            rng.shuffle(order)
        count = counts[number % len(counts)]
        cast = draw_clear_cast(rng, paper.concepts, order[number % len(order)], count=count, known=known)
        picture = studio.scene(cast)
        paper.here(cast, picture, asked(cast))
        paper.caption(cast, picture)
        paper.who(cast, picture, rng.randrange(count), choice=bool(number % 2))


def draw_heldout(studio: Studio, rng: random.Random, size: Size) -> Drawn:
    """Concepts of whom no two share kind and colour."""
    known = named(rng, world.draw_concepts(rng, size.concepts, HELDOUT))
    paper = Paper(known, rng)
    _facts(paper, rng, size)
    _details(paper, rng, size)
    _covered(paper, studio, rng, size)
    _scenes(paper, studio, rng, size, lambda _: known)
    return _drawn(paper, studio, rng, size, "Concepts of whom no two share kind and colour.")


def draw_lookalikes(studio: Studio, rng: random.Random, size: Size) -> Drawn:
    """Pairs that differ in one attribute; the free questions of details bar what the other has."""
    ones = world.draw_concepts(rng, (size.concepts + 1) // 2, HELDOUT)
    taken, known = {one.look for one in ones}, list(ones)
    names = {one.name for one in ones}
    for one in ones[: size.concepts - len(ones)]:
        while (look := world.lookalike(one.look, rng, HELDOUT)) in taken:
            pass
        while (name := world.draw_name(rng, HELDOUT)) in names:
            pass
        taken.add(look)
        names.add(name)
        known.append(PocketConcept(name, look, world.draw_facts(rng)))
    known = named(rng, known)
    paper = Paper(known, rng)
    _facts(paper, rng, size)
    _details(paper, rng, size)
    _scenes(paper, studio, rng, size, lambda _: known, counts=(1, 1, 2, 3))
    return _drawn(
        paper, studio, rng, size, "Pairs of concepts that differ in one attribute, both of them known."
    )


def draw_crowd(studio: Studio, rng: random.Random, size: Size) -> Drawn:
    """Very many concepts, a third of them with a look-alike; a picture is asked about those who are there."""
    known = named(rng, world.draw_gallery(rng, size.concepts, HELDOUT))

    def asked(cast: Sequence[Shown]) -> list[PocketConcept]:
        there = [one for one in known if one.name in {shown.name for shown in cast}]
        bodies = {(shown.look.category, shown.look.colour) for shown in cast}
        away = [one for one in known if one not in there]
        near = [one for one in away if (one.look.category, one.look.colour) in bodies]
        rest = [one for one in away if one not in near]
        return [
            *there,
            *rng.sample(near, min(2, len(near))),
            *rng.sample(rest, min(_BYSTANDERS - 1, len(rest))),
        ]

    paper = Paper(known, rng)
    _facts(paper, rng, size)
    _details(paper, rng, size)
    # Strangers never have kind and colour of somebody known: of so many there would be none.
    _scenes(paper, studio, rng, size, asked, known=1.0)
    about = (
        "Very many concepts, a third of them with a look-alike. A picture is asked about those who are "
        "there, two like them and two others: precision is higher than if it were asked about all."
    )
    return _drawn(paper, studio, rng, size, about)


def draw_multi(studio: Studio, rng: random.Random, size: Size) -> Drawn:
    """Questions that need two concepts, and pictures of two or three of them."""
    known = named(rng, world.draw_concepts(rng, size.concepts, HELDOUT))
    known = world.befriend(rng, known)
    by_name = {one.name: one for one in known}
    paper = Paper(known, rng)
    pairs = [(a, b, key) for a, b in itertools.combinations(known, 2) for key in ask.comparable(a, b)]
    rng.shuffle(pairs)
    for number, (a, b, key) in enumerate(pairs[: size.questions + size.choices]):
        first, second = (a, b) if rng.random() < 0.5 else (b, a)
        paper.compare(first, second, key, choice=number >= size.questions)
    led = list(itertools.product(known, (*FACTS, "emblem", "worn")))
    for concept, key in rng.sample(led, min(size.questions, len(led))):
        paper.relation(concept, by_name[concept.facts[FRIEND]], key)
    _scenes(paper, studio, rng, size, lambda _: known, counts=(2, 3), known=1.0)
    return _drawn(paper, studio, rng, size, "Questions that need two concepts; pictures of two or three.")


def draw_drift(studio: Studio, rng: random.Random, size: Size) -> Drawn:
    """Half of the concepts wear something else later; all questions and pictures are of later."""
    known = named(rng, world.draw_concepts(rng, size.concepts, HELDOUT))
    after = [_other_worn(rng, one) for one in known[::2]]
    now = [next((new for new in after if new.name == one.name), one) for one in known]
    paper = Paper(known, rng)
    for before, new in zip(known[::2], after, strict=True):
        paper.changed(before, new, max(1, size.questions // len(after)))
    for one in now:
        paper.detail(one, "emblem")
    for one in known[1::2]:
        paper.detail(one, "worn")
    shown = Paper(now, rng)
    _scenes(shown, studio, rng, size, lambda _: now)
    for item in shown.items:
        # Both number their items from 0 on.
        paper.items.append(item.model_copy(update={"id": f"later/{item.id}"}))
    paper.chances.update(shown.chances)
    about = (
        "Half of the concepts wear something else later: reference photos are of before, photos of later "
        "come as an update to methods that can take one, and all that is asked is of later."
    )
    return _drawn(paper, studio, rng, size, about, after)


def draw_video(studio: Studio, rng: random.Random, size: Size) -> Drawn:
    """Clips of a few seconds, each asked about everybody."""
    known = named(rng, world.draw_concepts(rng, size.concepts, HELDOUT))
    paper = Paper(known, rng)
    for number in range(size.pictures):
        acts = draw_acts(rng, known)
        ask_clip(paper, rng, acts, draw_clip(studio, rng, acts), choice=bool(number % 2))
    about = (
        "Clips of 5 to 6 seconds at 8 frames a second, of three acts each: two or three figures stand in a "
        "room, some walk out, others walk in, some hide behind a board. Each clip is asked about everybody. "
        "What is asked can be told from single frames: no movement decides, and who is out of sight may have "
        "left or hidden."
    )
    return _drawn(paper, studio, rng, size, about)


def _other_worn(rng: random.Random, concept: PocketConcept) -> PocketConcept:
    look = concept.look
    others = [
        replace(look, accessory=kind, accessory_colour=colour)
        for kind in ACCESSORIES
        for colour in ACCESSORY_COLOURS
        if kind != look.accessory and colour not in (look.colour, look.accessory_colour)
    ]
    return replace(concept, look=rng.choice(others))


DRAWN: Final[dict[str, Callable[[Studio, random.Random, Size], Drawn]]] = {
    "heldout": draw_heldout,
    "lookalikes": draw_lookalikes,
    "crowd": draw_crowd,
    "multi": draw_multi,
    "drift": draw_drift,
    "video": draw_video,
}
"""How each split is drawn."""
