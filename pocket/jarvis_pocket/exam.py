"""Exams: a few concepts with their photos and notes, and questions of every kind, some with a picture."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from jarvis_pocket import ask, notes, scene, world
from jarvis_pocket.ask import Kind, Question
from jarvis_pocket.cast import draw_cast


@dataclass(frozen=True)
class Item:
    """One question, and the picture that goes with it if there is one."""

    question: Question
    image: Image.Image | None = None


@dataclass(frozen=True)
class Exam:
    """Concepts with their photos and notes (in the same order), and the items that ask about them."""

    concepts: tuple[world.PocketConcept, ...]
    photos: tuple[tuple[Image.Image, ...], ...]
    notes: tuple[str, ...]
    items: tuple[Item, ...]


def draw_item(
    rng: random.Random, kind: Kind, concepts: Sequence[world.PocketConcept], split: world.Split
) -> Item:
    """One item of a kind; recognition is balanced: half yes, a quarter look-alikes, a quarter plain no."""
    asked = rng.choice(concepts)
    if kind == "fact":
        return Item(ask.ask_fact(rng, asked, rng.choice(list(world.FACTS))))
    if kind == "detail":
        question = ask.ask_detail(rng, asked, rng.choice(("emblem", "emblem", "worn")))
        hide = "emblem" in question.needs[0] or any(question.needs[0].endswith(g) for g in world.GLYPHS)
        if hide and rng.random() < 0.3:  # the picture is there, the detail is not to be seen in it
            picture = scene.draw_scene(rng, [asked.look], hidden=[True])
            return Item(question, picture.image)
        return Item(question)
    if kind == "compare":
        return Item(ask.draw_compare(rng, concepts))
    if kind == "unknown":
        while (name := world.draw_name(rng, split)) in {c.name for c in concepts}:
            pass
        return Item(ask.ask_unknown(rng, name))
    inside = kind != "recognise" or rng.random() < 0.5
    count = rng.choice((1, 2, 3)) if kind == "recognise" else rng.choice((2, 3))
    cast = draw_cast(rng, concepts, asked, split, count=count, inside=inside, alike=rng.random() < 0.5)
    picture = scene.draw_scene(rng, [look for look, _ in cast])
    if kind == "recognise":
        return Item(ask.ask_here(rng, cast, asked), picture.image)
    if kind == "who":
        place = [name for _, name in cast].index(asked.name)
        return Item(ask.ask_who(rng, cast, place, [c.name for c in concepts]), picture.image)
    return Item(ask.ask_caption(rng, cast, [c.name for c in concepts]), picture.image)


def draw_exam(
    rng: random.Random,
    kinds: Sequence[Kind],
    split: world.Split,
    *,
    concepts: int = 3,
    photos: int = 2,
    side: int = 256,
) -> Exam:
    """A memory of ``concepts`` concepts and one item for each of ``kinds``."""
    cast = world.draw_concepts(rng, concepts, split)
    # two concepts share their emblem, so that "the same?" is not always no
    cast = world.share_emblem(rng, cast, split)
    return Exam(
        concepts=tuple(cast),
        photos=tuple(tuple(scene.draw_photo(rng, c.look, side).image for _ in range(photos)) for c in cast),
        notes=tuple(" ".join(notes.draw_notes(rng, c)) for c in cast),
        items=tuple(draw_item(rng, kind, cast, split) for kind in kinds),
    )
