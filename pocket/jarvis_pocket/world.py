"""What exists in Pocket World: looks, names, facts, and the split between training and held-out draws.

A concept has a *look* (what pictures show) and *facts* (what only the notes tell). Names are built from
syllables, so that a name is several tokens long and a held-out name is made of known parts, as real names are
for real models.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from jarvis_pocket.names import KEEPERS, SYLLABLES, Split, draw_name, name_split, split_of

__all__ = [
    "ACCESSORIES",
    "ACCESSORY_COLOURS",
    "AGES",
    "CATEGORIES",
    "COLOURS",
    "FACTS",
    "FRIEND",
    "GLYPHS",
    "GLYPH_COLOURS",
    "KEEPERS",
    "MONTHS",
    "PARTS",
    "PATTERNS",
    "SYLLABLES",
    "Look",
    "PocketConcept",
    "Split",
    "befriend",
    "draw_concepts",
    "draw_facts",
    "draw_gallery",
    "draw_look",
    "draw_name",
    "look_split",
    "lookalike",
    "name_split",
    "share_emblem",
    "with_emblem",
]

CATEGORIES = ("cat", "dog", "bird", "fish", "mug", "robot", "rabbit", "turtle", "car", "lamp")
COLOURS = ("red", "green", "blue", "yellow", "purple", "grey", "brown", "pink")
PATTERNS = ("plain", "striped", "spotted")
GLYPHS = ("star", "heart", "moon", "cross", "ring", "arrow", "square", "bolt", "drop", "bars")
GLYPH_COLOURS = ("red", "green", "blue", "orange", "purple", "black", "brown", "pink")
ACCESSORIES = ("hat", "scarf", "bow", "flag")
ACCESSORY_COLOURS = ("red", "green", "blue", "yellow", "purple", "orange")

FOODS = (
    *("noodles", "cheese", "apples", "carrots", "honey", "rice"),
    *("soup", "bread", "berries", "nuts", "plums", "beans"),
)
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
PLACES = ("sofa", "rug", "shelf", "bed", "porch", "desk", "chair", "stairs")
AGES = tuple(str(age) for age in range(1, 13))

FACTS: dict[str, tuple[str, ...]] = {
    "food": FOODS,
    "month": MONTHS,
    "keeper": KEEPERS,
    "place": PLACES,
    "age": AGES,
}
FRIEND = "friend"
"""The fact that crosses concepts: the name of another one, with whom a bowl is shared."""
PARTS = ("colour", "pattern", "glyph", "glyph_colour", "accessory", "accessory_colour")
"""In what two look-alikes may differ."""


@dataclass(frozen=True)
class Look:
    """What a picture of a concept shows."""

    category: str
    colour: str
    pattern: str
    glyph: str
    glyph_colour: str
    accessory: str
    accessory_colour: str

    @property
    def body(self) -> str:
        """The body in words, e.g. ``"green striped cat"``; a plain pattern is not mentioned."""
        middle = "" if self.pattern == "plain" else f"{self.pattern} "
        return f"{self.colour} {middle}{self.category}"

    @property
    def emblem(self) -> str:
        """The emblem in words, e.g. ``"red star"``."""
        return f"{self.glyph_colour} {self.glyph}"

    @property
    def worn(self) -> str:
        """The accessory in words, e.g. ``"blue scarf"``."""
        return f"{self.accessory_colour} {self.accessory}"


@dataclass(frozen=True)
class PocketConcept:
    """One inhabitant: a name, a look, and facts (keys as in `FACTS`) that no picture shows."""

    name: str
    look: Look
    facts: dict[str, str]


def look_split(look: Look, seed: int = 0) -> Split:
    """The split of a look, by its combination of category, body colour and emblem."""
    return split_of("look", seed, look.category, look.colour, look.glyph, look.glyph_colour)


def draw_look(rng: random.Random, split: Split, seed: int = 0) -> Look:
    """A look from one split; the accessory never has the body's colour."""
    while True:
        colour = rng.choice(COLOURS)
        look = Look(
            category=rng.choice(CATEGORIES),
            colour=colour,
            pattern=rng.choice(PATTERNS),
            glyph=rng.choice(GLYPHS),
            glyph_colour=rng.choice(GLYPH_COLOURS),
            accessory=rng.choice(ACCESSORIES),
            accessory_colour=rng.choice([c for c in ACCESSORY_COLOURS if c != colour]),
        )
        if look_split(look, seed) == split:
            return look


def lookalike(look: Look, rng: random.Random, split: Split, seed: int = 0, part: str | None = None) -> Look:
    """A look that differs in one attribute only (one of `PARTS`; ``part`` says which)."""
    values = {
        "colour": COLOURS,
        "pattern": PATTERNS,
        "glyph": GLYPHS,
        "glyph_colour": GLYPH_COLOURS,
        "accessory": ACCESSORIES,
        "accessory_colour": ACCESSORY_COLOURS,
    }
    while True:
        changed = part or rng.choice(PARTS)
        other = replace(
            look, **{changed: rng.choice([v for v in values[changed] if v != getattr(look, changed)])}
        )
        if other.colour != other.accessory_colour and look_split(other, seed) == split:
            return other


def draw_facts(rng: random.Random) -> dict[str, str]:
    """One value for every fact."""
    return {key: rng.choice(values) for key, values in FACTS.items()}


def draw_concepts(rng: random.Random, count: int, split: Split, seed: int = 0) -> list[PocketConcept]:
    """``count`` concepts with distinct names; two of them never share category and body colour.

    Raises:
        ValueError: ``count`` is more than there are categories and colours; `draw_gallery` draws any number.
    """
    most = len(CATEGORIES) * len(COLOURS)
    if count > most:
        raise ValueError(f"{count} concepts are more than the {most} bodies there are; use draw_gallery")
    concepts: list[PocketConcept] = []
    while len(concepts) < count:
        concept = PocketConcept(draw_name(rng, split, seed), draw_look(rng, split, seed), draw_facts(rng))
        bodies = {(c.look.category, c.look.colour) for c in concepts}
        if (concept.look.category, concept.look.colour) not in bodies and concept.name not in {
            c.name for c in concepts
        }:
            concepts.append(concept)
    return concepts


def draw_gallery(
    rng: random.Random, count: int, split: Split, alike: float = 0.3, seed: int = 0
) -> list[PocketConcept]:
    """Any number of concepts, no two of one name or look; the share ``alike`` has a look-alike there."""
    looks: dict[Look, None] = {}
    while len(looks) < count:
        look = draw_look(rng, split, seed)
        looks[look] = None
        if rng.random() < alike:
            looks[lookalike(look, rng, split, seed)] = None
    names: dict[str, None] = {}
    while len(names) < count:
        names[draw_name(rng, split, seed)] = None
    pairs = zip(names, list(looks)[:count], strict=True)
    return [PocketConcept(name, look, draw_facts(rng)) for name, look in pairs]


def befriend(rng: random.Random, concepts: list[PocketConcept], share: float = 1.0) -> list[PocketConcept]:
    """The concepts, each with probability ``share`` sharing a bowl with another one of them."""
    if len(concepts) < 2:
        return concepts
    return [
        replace(c, facts=c.facts | {FRIEND: rng.choice([o.name for o in concepts if o is not c])})
        if rng.random() < share
        else c
        for c in concepts
    ]


def with_emblem(concept: PocketConcept, glyph: str, colour: str) -> PocketConcept:
    """The concept with another emblem."""
    return replace(concept, look=replace(concept.look, glyph=glyph, glyph_colour=colour))


def share_emblem(
    rng: random.Random, concepts: list[PocketConcept], split: Split, seed: int = 0
) -> list[PocketConcept]:
    """The concepts, one of them with the emblem of another, where the split admits that look."""
    pairs = [(a, b) for a in range(len(concepts)) for b in range(len(concepts)) if a != b]
    rng.shuffle(pairs)
    for a, b in pairs:
        look = concepts[a].look
        other = with_emblem(concepts[b], look.glyph, look.glyph_colour)
        if look_split(other.look, seed) == split:
            return [other if i == b else c for i, c in enumerate(concepts)]
    return concepts
