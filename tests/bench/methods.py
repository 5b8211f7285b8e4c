"""Methods for the tests: an honest one that sees and reads, and planted cheats."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from jarvis_bench import BenchMemory, Introduction, Query, Reply
from jarvis_bench.item import LETTERS
from jarvis_bench.method import Setting
from jarvis_bench.reading import names_in


def colour_of(image: Image.Image) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The colour of the left edge."""
    pixels = np.asarray(image, dtype=np.float64)
    found: np.ndarray[tuple[int], np.dtype[np.float64]] = pixels[:, :4].mean(axis=(0, 1))
    return found


@dataclass
class Honest:
    """Knows colours from photos and fruit from notes."""

    concepts: Sequence[Introduction]
    asked: list[str] = field(default_factory=list)
    closed: bool = False

    def stored(self) -> Mapping[str, int]:
        return {one.name: 24 * len(one.photos) for one in self.concepts}

    def nearest(self, image: Image.Image) -> str:
        colour = colour_of(image)
        apart = {
            one.name: min(float(abs(colour_of(photo) - colour).sum()) for photo in one.photos)
            for one in self.concepts
            if one.photos
        }
        return min(apart, key=lambda name: apart[name]) if apart else "nobody"

    def answer(self, query: Query) -> Reply:
        self.asked.append(query.id)
        notes = {one.name: one.notes for one in self.concepts}
        named = names_in(query.question, {name: name for name in notes})
        if query.form == "yes_no":
            return Reply("Yes." if self.nearest(query.images[0]) in named else "No.", found=named)
        if query.form == "caption":
            return Reply(f"{self.nearest(query.images[0])} is here.")
        words = notes[named[0]].rstrip(".").split() if named else [""]
        if query.form == "open":
            return Reply(words[-1], first_token=0.0, loaded=7)
        for letter, option in zip(LETTERS, query.options, strict=False):
            if option in words:
                return Reply(f"{letter}. {option}")
        return Reply("I do not know.")

    def close(self) -> None:
        self.closed = True


@dataclass
class HonestMethod:
    name: str = "honest"
    memories: list[Honest] = field(default_factory=list)

    @property
    def settings(self) -> Mapping[str, Setting]:
        return {"edge": 4}

    def open(self, concepts: Sequence[Introduction]) -> BenchMemory:
        self.memories.append(Honest(concepts))
        return self.memories[-1]


@dataclass
class PlantedMemory:
    says: Callable[[Query, int], str]
    count: int = 0

    def stored(self) -> Mapping[str, int]:
        return {}

    def answer(self, query: Query) -> Reply:
        self.count += 1
        return Reply(self.says(query, self.count))

    def close(self) -> None:
        pass


@dataclass
class Planted:
    """A method that says what a function says of the query and of how many were asked."""

    says: Callable[[Query, int], str]
    name: str = "planted"

    @property
    def settings(self) -> Mapping[str, Setting]:
        return {}

    def open(self, concepts: Sequence[Introduction]) -> BenchMemory:
        return PlantedMemory(self.says)


def reads_file_names(query: Query, count: int) -> str:
    """Says yes if the name of the file or the id of the query names who is asked about."""
    seen = query.id + " ".join(
        f"{getattr(image, 'filename', '')} {image.info.get('name', '')}" for image in query.images
    )
    name = next((word for word in ("Bo", "Mimi", "Tiko", "Zaza") if word.casefold() in query.question), "?")
    return "Yes" if name in seen else "No"
