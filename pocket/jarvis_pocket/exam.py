"""Exams: a few concepts with their photos and notes, and questions of every kind, some with a picture."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from jarvis_pocket import ask, notes, scene, world
from jarvis_pocket.ask import Kind, Question
from jarvis_pocket.cast import draw_cast
from jarvis_pocket.telling import Shown


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
        part: ask.Part = rng.choice(("emblem", "emblem", "worn"))
        question = ask.ask_detail(rng, asked, part)
        if part == "emblem" and rng.random() < 0.3:  # the picture does not show it
            return Item(question, scene.draw_scene(rng, [Shown(asked.look, asked.name, True)]).image)
        return Item(question)
    if kind == "compare":
        return Item(ask.draw_compare(rng, concepts))
    if kind == "relation":
        return Item(draw_relation(rng, concepts))
    if kind == "follow":
        return Item(draw_follow(rng, asked))
    if kind == "unknown":
        while (name := world.draw_name(rng, split)) in {c.name for c in concepts}:
            pass
        return Item(ask.ask_unknown(rng, name))
    inside = kind != "recognise" or rng.random() < 0.5
    count = rng.choice((1, 2, 3)) if kind == "recognise" else 3 if kind == "who" else rng.choice((2, 3))
    cast = draw_cast(rng, concepts, asked, split, count=count, inside=inside, alike=rng.random() < 0.5)
    picture = scene.draw_scene(rng, cast)
    if kind == "recognise":
        return Item(ask.ask_here(rng, cast, asked), picture.image)
    if kind == "who":
        place = [one.name for one in cast].index(asked.name)
        return Item(ask.ask_who(rng, cast, place, concepts), picture.image)
    return Item(ask.ask_caption(rng, cast, concepts), picture.image)


def draw_relation(rng: random.Random, concepts: Sequence[world.PocketConcept]) -> Question:
    """Who shares a bowl with somebody, or what is known of the one who does.

    Raises:
        ValueError: no concept shares one.
    """
    friendly = [c for c in concepts if world.FRIEND in c.facts]
    if not friendly:
        raise ValueError("none of these concepts shares a bowl; draw them with jarvis_pocket.world.befriend")
    asked = rng.choice(friendly)
    friend = next(c for c in concepts if c.name == asked.facts[world.FRIEND])
    keys = [key for key in friend.facts if key != world.FRIEND]
    return ask.ask_relation(rng, asked, friend, rng.choice((world.FRIEND, "emblem", "worn", *keys)))


def draw_follow(rng: random.Random, asked: world.PocketConcept) -> Question:
    """A question with a pronoun behind one or two turns about the same concept."""
    keys = [key for key in asked.facts if key != world.FRIEND] + ["emblem", "worn"]
    first, *rest = rng.sample(keys, rng.choice((2, 2, 3)))
    return ask.ask_follow(rng, asked, rest, ask.ask_about(rng, asked, first))


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
    cast = world.befriend(rng, world.share_emblem(rng, cast, split))
    return Exam(
        concepts=tuple(cast),
        photos=tuple(tuple(scene.draw_photo(rng, c.look, side).image for _ in range(photos)) for c in cast),
        notes=tuple(" ".join(notes.draw_notes(rng, c)) for c in cast),
        items=tuple(draw_item(rng, kind, cast, split) for kind in kinds),
    )
