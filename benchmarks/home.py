"""The household of a scripted conversation: held-out names and looks, drawn so that there is much to ask.

``twins``: two of one kind who look alike but for their colour. ``pair``: two who like the same food; the
second is forgotten later. ``guest`` is learned while talking, and likes that food too.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from PIL import Image

from jarvis_pocket import notes, scene, world
from jarvis_pocket.world import COLOURS, FACTS, FRIEND, Look, PocketConcept

__all__ = ["PETS", "Home"]

PETS = ("cat", "dog", "bird", "fish", "rabbit", "turtle")
_PHOTOS = 3


@dataclass(frozen=True)
class Home:
    """Who lives there, and what a user would show and tell of each.

    Attributes:
        twins: share kind, emblem and accessory.
        pair: share a food, which nobody else likes but the guest.
        friend: who shares a bowl with the first of the pair.
        sixth: lives there too.
        guest: comes later.
        photos, about: of all but the guest, by name.
    """

    twins: tuple[PocketConcept, PocketConcept]
    pair: tuple[PocketConcept, PocketConcept]
    friend: PocketConcept
    sixth: PocketConcept
    guest: PocketConcept
    photos: dict[str, list[Image.Image]]
    about: dict[str, str]

    @property
    def all(self) -> tuple[PocketConcept, ...]:
        """All but the guest."""
        return (*self.twins, *self.pair, self.friend, self.sixth)

    @classmethod
    def draw(cls, rng: random.Random) -> Home:
        """A household; names differ, and no two share kind and colour."""
        kinds = rng.sample(PETS, 6)
        looks = [_look(rng, kinds[0])]
        while not (others := _recoloured(looks[0])):
            looks = [_look(rng, kinds[0])]
        looks.append(rng.choice(others))
        looks += [_look(rng, kind) for kind in kinds[1:]]
        names: dict[str, None] = {}
        while len(names) < len(looks):
            names[world.draw_name(rng, "heldout")] = None
        facts = _facts(rng, len(looks))
        one, other, first, second, friend, sixth, guest = (
            PocketConcept(name, look, told) for name, look, told in zip(names, looks, facts, strict=True)
        )
        first = replace(first, facts=first.facts | {FRIEND: friend.name})
        home = cls((one, other), (first, second), friend, sixth, guest, {}, {})
        for concept in home.all:
            home.photos[concept.name] = [scene.draw_photo(rng, concept.look).image for _ in range(_PHOTOS)]
            home.about[concept.name] = " ".join(notes.draw_notes(rng, concept))
        return home

    def stranger(self, rng: random.Random) -> Look:
        """A look that nobody has: as often as not one that differs from the sixth's in its colour only."""
        bodies = {(c.look.category, c.look.colour) for c in (*self.all, self.guest)}
        alike = [look for look in _recoloured(self.sixth.look) if (look.category, look.colour) not in bodies]
        if alike and rng.random() < 0.5:
            return rng.choice(alike)
        while ((look := world.draw_look(rng, "heldout")).category, look.colour) in bodies:
            pass
        return look


def _look(rng: random.Random, kind: str) -> Look:
    while (look := world.draw_look(rng, "heldout")).category != kind:
        pass
    return look


def _recoloured(look: Look) -> list[Look]:
    """The held-out looks that differ in the colour of the body only."""
    looks = (replace(look, colour=c) for c in COLOURS if c not in (look.colour, look.accessory_colour))
    return [other for other in looks if world.look_split(other) == "heldout"]


def _facts(rng: random.Random, count: int) -> Sequence[dict[str, str]]:
    """For each concept a value of each fact; all differ, but for the food of the pair and the guest."""
    columns = {key: rng.sample(values, count) for key, values in FACTS.items()}
    told = [{key: columns[key][row] for key in FACTS} for row in range(count)]
    for row in (3, count - 1):
        told[row]["food"] = told[2]["food"]
    return told
