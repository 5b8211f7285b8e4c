"""Testimonies about one detail of one concept, as they are taken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from PIL import Image

from jarvis_memory.profiling.profiler import Subject

from ..reading import plain_text
from .gather import Known
from .onlooker import Ask
from .proposal import Spot, Testimony
from .witness import Witness

__all__ = ["Exhibit", "Hearing", "Say", "shown"]

Say = Callable[[Sequence[Ask]], list[str]]
"""Asks the witness, or remembers what it said."""


@dataclass(frozen=True, slots=True, eq=False)
class Exhibit:
    """Pictures that a question is asked about, and which spots they are of."""

    view: Literal["photo", "together", "crop", "covered"]
    spots: tuple[Spot, ...]
    pictures: tuple[Image.Image, ...]


def shown(known: Known, pictures: Sequence[Image.Image]) -> Subject:
    """A concept of which nothing is known but these pictures."""
    return Subject(known.name, patches=tuple(pictures))


class Hearing:
    """Asks the witness about one part of one concept, and keeps all that it says.

    Attributes:
        heard: all testimonies, in order.
    """

    def __init__(self, known: Known, part: str, witness: Witness, say: Say) -> None:
        self._known, self._part, self._witness, self._say = known, part, witness, say
        self.heard: list[Testimony] = []

    def hear(self, asks: Sequence[tuple[Exhibit, str]]) -> list[str]:
        """What the detail is for each exhibit and question, as plain text; empty where nothing is said."""
        prompts = [self._witness.prompt(question) for _, question in asks]
        subjects = [shown(self._known, exhibit.pictures) for exhibit, _ in asks]
        found = []
        for (exhibit, _), prompt, said in zip(
            asks, prompts, self._say(list(zip(subjects, prompts, strict=True))), strict=True
        ):
            read = self._witness.read(self._part, self._known.name, said)
            self.heard.append(
                Testimony(view=exhibit.view, spots=exhibit.spots, asked=prompt, said=said, read=read)
            )
            found.append(plain_text(read or ""))
        return found
