"""A household in a memory, and pictures of one to three of its members, their look-alikes and strangers."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from jarvis_agents.collaboration.report import PLACES, Place
from jarvis_memory import VLM, PersonalMemory
from jarvis_pocket import ask, notes, scene, wording, world
from jarvis_pocket.telling import Shown
from jarvis_retrievers.openclip import OpenCLIPEncoder

__all__ = ["Gathering", "draw_gathering", "here_question", "open_household"]

_KNOWN, _ALIKE, _COVERED = 0.45, 0.35, 0.25
_STANDS: dict[int, tuple[Place, ...]] = {1: ("middle",), 2: ("left", "right"), 3: PLACES}


@dataclass(frozen=True, slots=True, eq=False)
class Gathering:
    """A picture, who is where in it, and of whom a look-alike is there."""

    image: Image.Image
    places: dict[str, Place]
    alike: frozenset[str]


def draw_gathering(rng: random.Random, concepts: Sequence[world.PocketConcept]) -> Gathering:
    """One to three figures, each a concept, a look-alike of one that is not there, or a stranger.

    Strangers have not category and colour of a concept; of a look-alike is to be seen what tells it apart.
    """
    looks = {concept.look for concept in concepts}
    bodies = {(concept.look.category, concept.look.colour) for concept in concepts}
    count, left = rng.choice((1, 2, 3)), rng.sample(list(concepts), len(concepts))
    cast: list[Shown] = []
    alike: set[str] = set()
    while len(cast) < count:
        chance, covered = rng.random(), rng.random() < _COVERED
        if chance < _KNOWN and left:
            one = left.pop()
            cast.append(Shown(one.look, one.name, covered))
        elif chance < _KNOWN + _ALIKE and left:
            one = left.pop()
            look = world.lookalike(one.look, rng, "heldout")
            if look not in looks:
                cast.append(Shown(look, None, covered and look.emblem == one.look.emblem))
                alike.add(one.name)
        else:
            look = world.draw_look(rng, "heldout")
            if (look.category, look.colour) not in bodies:
                cast.append(Shown(look, None, covered))
    rng.shuffle(cast)
    stands = _STANDS[count]
    places = {one.name: place for one, place in zip(cast, stands, strict=True) if one.name}
    return Gathering(scene.draw_scene(rng, cast).image, places, frozenset(alike))


def here_question(
    rng: random.Random, gathering: Gathering, concepts: Sequence[world.PocketConcept]
) -> ask.Question:
    """Whether somebody is there: of one who is as often as of one who is not, as far as there are such."""
    there = [concept.name for concept in concepts if concept.name in gathering.places]
    away = [concept.name for concept in concepts if concept.name not in gathering.places]
    name = rng.choice(there if there and (not away or rng.random() < 0.5) else away)
    verdicts = (f"{name} is here", f"{name} is not here")
    needs, bars = verdicts if name in there else verdicts[::-1]
    text = rng.choice(wording.HERE_QUESTIONS).format(n=name)
    return ask.Question("recognise", text, f"{needs}.", (needs,), (bars,), 2, (name,))


@contextmanager
def open_household(
    rng: random.Random, count: int, vlm: VLM, encoder: OpenCLIPEncoder
) -> Iterator[tuple[PersonalMemory, list[world.PocketConcept]]]:
    """Held-out concepts, some of them alike, with two photos and notes each, in a home that goes again."""
    concepts = world.draw_gallery(rng, count, "heldout")
    with (
        tempfile.TemporaryDirectory() as folder,
        PersonalMemory.open(Path(folder) / "home", owner="bench", model=vlm, clip=encoder) as memory,
    ):
        for concept in concepts:
            photos = [scene.draw_photo(rng, concept.look).image for _ in range(2)]
            memory.remember(concept.name, photos, notes.draw_notes(rng, concept))
        yield memory, concepts
