"""A memory of many held-out concepts, look-alikes among them, and scenes to find them in."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image

from jarvis_memory.finder import Finder
from jarvis_memory.intake import Intake, other_patches
from jarvis_memory.store.owner import OwnerStore
from jarvis_memory.tuning import tuned
from jarvis_pocket import notes, scene, world
from jarvis_pocket.telling import Shown
from jarvis_retrievers.openclip import OpenCLIPEncoder

__all__ = ["SORTS", "Gallery", "Scene", "open_gallery"]

Sort = Literal["one", "several", "strangers", "alike"]
SORTS: tuple[Sort, ...] = ("one", "several", "strangers", "alike")
_COVERED = 0.25


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture, who is in it (None: a stranger), and which emblems are covered."""

    image: Image.Image
    names: tuple[str | None, ...]
    covered: tuple[bool, ...]


@dataclass(frozen=True)
class Gallery:
    """Concepts in a store, without segments, and what finds them; ``seconds`` to take each of them in."""

    concepts: tuple[world.PocketConcept, ...]
    finder: Finder
    seconds: float

    def draw(self, rng: random.Random, sort: Sort) -> Scene:
        """A scene of a sort: one known, two or three known, one to three strangers, or one look-alike."""
        looks = {concept.look for concept in self.concepts}
        # what tells a look-alike apart is to be seen
        cast: list[Shown] = []
        if sort == "alike":
            while (look := world.lookalike(rng.choice(self.concepts).look, rng, "heldout")) in looks:
                pass
            cast = [Shown(look, None)]
        elif sort == "strangers":
            count = rng.choice((1, 2, 3))
            while len(cast) < count:
                look = world.draw_look(rng, "heldout")
                cast += [] if look in looks else [Shown(look, None, rng.random() < _COVERED)]
        else:
            there = rng.sample(self.concepts, 1 if sort == "one" else rng.choice((2, 3)))
            cast = [Shown(one.look, one.name, rng.random() < _COVERED) for one in there]
        image = scene.draw_scene(rng, cast).image
        return Scene(image, tuple(one.name for one in cast), tuple(one.hidden for one in cast))


@contextmanager
def open_gallery(count: int, seed: int, photos: int = 3) -> Iterator[Gallery]:
    """A gallery in a home of its own, which is gone afterwards."""
    rng = random.Random(f"gallery/{seed}/{count}")
    encoder, tuning = OpenCLIPEncoder.load("pocket", device="cpu"), tuned("pocket")
    intake = Intake(encoder, tuning.miner, tuning.subjects)
    concepts = world.draw_gallery(rng, count, "heldout")
    with tempfile.TemporaryDirectory() as folder:
        store = OwnerStore.open(Path(folder) / "home", "bench")
        spent = 0.0
        for concept in concepts:
            pictures = [scene.draw_photo(rng, concept.look).image for _ in range(photos)]
            told = notes.draw_notes(rng, concept)
            began = time.perf_counter()
            others = other_patches(store, encoder.fingerprint)
            store.add_concept(intake.draft(concept.name, (), None, told, pictures, others))
            spent += time.perf_counter() - began
        finder = Finder(store, encoder, tuning.retriever, tuning.bank)
        finder.find("")  # the index is made now, not with the first question
        try:
            yield Gallery(tuple(concepts), finder, spent / count)
        finally:
            store.close()
