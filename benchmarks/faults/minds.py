"""R13 on the upper floor: memories of several owners in one process, with one model and shared caches."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from PIL import Image

from jarvis_memory import VLM, PersonalMemory
from jarvis_pocket import scene, world
from jarvis_retrievers.errors import UnknownConceptError
from jarvis_retrievers.openclip import OpenCLIPEncoder

from .marked import Mark, foreign, told

__all__ = ["DEEDS", "Minds", "pocket"]

_NAMES = ("Bo", "Mia", "Pip")


@cache
def pocket() -> tuple[VLM, OpenCLIPEncoder]:
    """The models that ship, loaded once."""
    return VLM.load("pocket", device="cpu"), OpenCLIPEncoder.load("pocket", device="cpu")


@dataclass
class _Mind:
    """A memory, what it must know (photos by name), and the mark in all of its notes."""

    mark: Mark
    memory: PersonalMemory
    known: dict[str, Image.Image] = field(default_factory=dict)
    photos: set[str] = field(default_factory=set)


class Minds:
    """Memories of some owners in one home; all have concepts of the same few names.

    Args:
        home: its folder.
        seed: of the marks.
        count: how many owners.
    """

    def __init__(self, home: Path, seed: int, count: int) -> None:
        self._home = home
        self.minds = [_Mind(Mark.of(number, seed), self._open(number)) for number in range(count)]

    def _open(self, number: int) -> PersonalMemory:
        model, clip = pocket()
        return PersonalMemory.open(self._home, owner=f"owner-{number}", model=model, clip=clip)

    def do(self, deed: str, number: int, seed: int) -> list[str]:
        """Do something as an owner; returns what is wrong with what came of it."""
        mind, rng = self.minds[number], random.Random(seed)
        returned: list[object] = []
        try:
            names = DEEDS[deed](self, mind, rng, returned)
        except UnknownConceptError as error:
            returned.append(str(error))
            names = set()
        wrong = foreign(mind.mark, returned)
        wrong += [f"{name} is none of theirs" for name in sorted(names - mind.known.keys())]
        there = {concept.name for concept in mind.memory.list()}
        if there != mind.known.keys():
            wrong.append(f"has {sorted(there)}, must have {sorted(mind.known)}")
        return [f"{deed} of owner {number}: {what}" for what in wrong]

    def reopen(self, mind: _Mind) -> None:
        """Close a memory and open it again."""
        mind.memory.close()
        mind.memory = self._open(mind.mark.number)

    def close(self) -> None:
        """Close all."""
        for mind in self.minds:
            mind.memory.close()


Deed = Callable[[Minds, _Mind, random.Random, list[object]], set[str]]


def _remember(minds: Minds, mind: _Mind, rng: random.Random, returned: list[object]) -> set[str]:
    name = rng.choice(_NAMES)
    photo = scene.draw_photo(rng, world.draw_concepts(rng, 1, "heldout")[0].look, 128).image
    note = f"{name} has the number {mind.mark.text}."
    if name in mind.known:
        concept = mind.memory.update(name, photos=[photo], about=f"{note} Seen {rng.randrange(1000)} times.")
    else:
        concept = mind.memory.remember(name, [photo], note)
        mind.known[name] = photo
    mind.photos |= {one.id for one in concept.photos}
    returned.append(concept)
    return {concept.name}


def _forget(minds: Minds, mind: _Mind, rng: random.Random, returned: list[object]) -> set[str]:
    name = rng.choice(_NAMES)
    returned.append(mind.memory.forget(name))
    del mind.known[name]
    return set()


def _ask(minds: Minds, mind: _Mind, rng: random.Random, returned: list[object]) -> set[str]:
    picture = _somebodys(minds, rng) if rng.random() < 0.5 else None
    question = f"What is the number of {rng.choice(_NAMES)}?"
    answer = mind.memory.ask(question, images=[] if picture is None else [picture])
    returned.append(repr(answer.to_dict()))
    strange = {one.photo for one in answer.evidence} - mind.photos
    return {*answer.concepts, *(f"the photo {photo}" for photo in strange)}


def _recall(minds: Minds, mind: _Mind, rng: random.Random, returned: list[object]) -> set[str]:
    picture = _somebodys(minds, rng)
    # The words of somebody else's notes find nothing of theirs.
    words = f"Who has the number {rng.choice(minds.minds).mark.text}?"
    found = mind.memory.recall(words, images=[] if picture is None else [picture])
    returned += [one.concept for one in found]
    returned.append(told([one.via for one in found]))
    return {one.name for one in found}


def _reopen(minds: Minds, mind: _Mind, rng: random.Random, returned: list[object]) -> set[str]:
    minds.reopen(mind)
    returned += mind.memory.list()
    return set(mind.known)


def _somebodys(minds: Minds, rng: random.Random) -> Image.Image | None:
    """A photo that one of them has remembered."""
    known = rng.choice(minds.minds).known
    return rng.choice([*known.values()]) if known else None


DEEDS: dict[str, Deed] = {
    "remember": _remember,
    "forget": _forget,
    "ask": _ask,
    "recall": _recall,
    "reopen": _reopen,
}
"""What an owner may do."""
