"""What exists in Pocket World: looks, names, facts, and the split between training and held-out draws.

A concept has a *look* (what pictures show) and *facts* (what only the notes tell). Names are built from
syllables, so that a name is several tokens long and a held-out name is made of known parts, as real names are
for real models.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, replace
from typing import Literal

Split = Literal["train", "heldout"]

CATEGORIES = ("cat", "dog", "bird", "fish", "mug", "robot")
COLOURS = ("red", "green", "blue", "yellow", "purple", "grey")
PATTERNS = ("plain", "striped", "spotted")
GLYPHS = ("star", "heart", "moon", "cross", "ring", "arrow")
GLYPH_COLOURS = ("red", "green", "blue", "orange", "purple", "black")
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
KEEPERS = ("Mia", "Leo", "Ana", "Tom", "Eva", "Max", "Ida", "Sam")
PLACES = ("sofa", "rug", "shelf", "bed", "porch", "desk", "chair", "stairs")
AGES = tuple(str(age) for age in range(1, 13))

_CONSONANTS = "bdfgklmnprstvz"
_VOWELS = "aeiou"
SYLLABLES = tuple(c + v for c in _CONSONANTS for v in _VOWELS)
ENDINGS = tuple("nrsx")

FACTS: dict[str, tuple[str, ...]] = {
    "food": FOODS,
    "month": MONTHS,
    "keeper": KEEPERS,
    "place": PLACES,
    "age": AGES,
}


@dataclass(frozen=True)
class Vocabulary:
    """Of what looks are drawn."""

    categories: tuple[str, ...]
    colours: tuple[str, ...]
    glyphs: tuple[str, ...]
    glyph_colours: tuple[str, ...]


SMALL = Vocabulary(CATEGORIES, COLOURS, GLYPHS, GLYPH_COLOURS)
"""What the VLM speaks of."""
FULL = Vocabulary(
    categories=(*CATEGORIES, "rabbit", "turtle", "car", "lamp"),
    colours=(*COLOURS, "brown", "pink"),
    glyphs=(*GLYPHS, "square", "bolt", "drop", "bars"),
    glyph_colours=(*GLYPH_COLOURS, "brown", "pink"),
)
"""What can be drawn, and what the OpenCLIP model has seen."""


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


def _share(*parts: object) -> float:
    """A number in [0, 1) that is a function of its arguments alone."""
    text = "\x1f".join(map(str, parts)).encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big") / 2**64


def name_split(name: str, seed: int = 0) -> Split:
    """Which split a name belongs to: one name in five is held out."""
    return "heldout" if _share("name", seed, name) < 0.2 else "train"


def look_split(look: Look, seed: int = 0) -> Split:
    """The split of a look: one combination of category, body colour and emblem in five is held out."""
    combination = ("look", seed, look.category, look.colour, look.glyph, look.glyph_colour)
    return "heldout" if _share(*combination) < 0.2 else "train"


def draw_name(rng: random.Random, split: Split, seed: int = 0) -> str:
    """A name of one to three syllables, sometimes with a final consonant, from one split."""
    while True:
        count = rng.choices((1, 2, 3), (1, 7, 2))[0]
        name = "".join(rng.choice(SYLLABLES) for _ in range(count))
        if count == 1 or (count == 2 and rng.random() < 0.2):
            name += rng.choice(ENDINGS)
        name = name.capitalize()
        if name_split(name, seed) == split and name not in KEEPERS:
            return name


def draw_look(rng: random.Random, split: Split, seed: int = 0, vocabulary: Vocabulary = SMALL) -> Look:
    """A look from one split; the accessory never has the body's colour."""
    while True:
        colour = rng.choice(vocabulary.colours)
        look = Look(
            category=rng.choice(vocabulary.categories),
            colour=colour,
            pattern=rng.choice(PATTERNS),
            glyph=rng.choice(vocabulary.glyphs),
            glyph_colour=rng.choice(vocabulary.glyph_colours),
            accessory=rng.choice(ACCESSORIES),
            accessory_colour=rng.choice([c for c in ACCESSORY_COLOURS if c != colour]),
        )
        if look_split(look, seed) == split:
            return look


def lookalike(look: Look, rng: random.Random, split: Split, seed: int = 0) -> Look:
    """A look of the same category, other in one part: body colour, pattern, or emblem and accessory."""
    while True:
        part = rng.choice(("colour", "pattern", "details"))
        if part == "colour":
            colour = rng.choice([c for c in COLOURS if c not in (look.colour, look.accessory_colour)])
            other = replace(look, colour=colour)
        elif part == "pattern":
            other = replace(look, pattern=rng.choice([p for p in PATTERNS if p != look.pattern]))
        else:
            other = replace(
                look,
                glyph=rng.choice([g for g in GLYPHS if g != look.glyph]),
                glyph_colour=rng.choice([c for c in GLYPH_COLOURS if c != look.glyph_colour]),
                accessory=rng.choice([a for a in ACCESSORIES if a != look.accessory]),
                accessory_colour=rng.choice(
                    [c for c in ACCESSORY_COLOURS if c not in (look.accessory_colour, look.colour)]
                ),
            )
        if look_split(other, seed) == split:
            return other


def vary(look: Look, rng: random.Random, split: Split, seed: int = 0, vocabulary: Vocabulary = FULL) -> Look:
    """A look that differs in one attribute only, never in its category."""
    values = {
        "colour": vocabulary.colours,
        "pattern": PATTERNS,
        "glyph": vocabulary.glyphs,
        "glyph_colour": vocabulary.glyph_colours,
        "accessory": ACCESSORIES,
        "accessory_colour": ACCESSORY_COLOURS,
    }
    while True:
        part = rng.choice(list(values))
        other = replace(look, **{part: rng.choice([v for v in values[part] if v != getattr(look, part)])})
        if other.colour != other.accessory_colour and look_split(other, seed) == split:
            return other


def draw_facts(rng: random.Random) -> dict[str, str]:
    """One value for every fact."""
    return {key: rng.choice(values) for key, values in FACTS.items()}


def draw_concepts(rng: random.Random, count: int, split: Split, seed: int = 0) -> list[PocketConcept]:
    """``count`` concepts with distinct names; two of them never share category and body colour."""
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
    """Any number of concepts of `FULL`, no two of one name or look.

    The share ``alike`` of them is followed by a look-alike that differs in one attribute.
    """
    looks: dict[Look, None] = {}
    while len(looks) < count:
        look = draw_look(rng, split, seed, FULL)
        looks[look] = None
        if rng.random() < alike:
            looks[vary(look, rng, split, seed)] = None
    names: dict[str, None] = {}
    while len(names) < count:
        names[draw_name(rng, split, seed)] = None
    pairs = zip(names, list(looks)[:count], strict=True)
    return [PocketConcept(name, look, draw_facts(rng)) for name, look in pairs]


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
