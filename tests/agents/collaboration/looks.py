"""A reporter that says what it is told to, and scenes that vectors have seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PIL import Image

from jarvis_agents.collaboration import Look, Remembered, Scene
from jarvis_agents.collaboration.look import Kind
from jarvis_agents.collaboration.report import Place
from jarvis_memory.concept import Concept, Profile
from jarvis_retrievers.boxes import Box
from jarvis_retrievers.retrieval import Sighting

BO = Concept(id="0" * 32, owner="ana", name="Bo", profile=Profile(name="Bo"))


def scene(seen: bool | None, column: int = 0) -> Scene:
    """A picture with Bo in a third of it, above the threshold, below it, or not compared."""
    image = Image.new("RGB", (300, 100), "grey")
    if seen is None:
        return Scene(1, image)
    box = Box(100 * column, 0, 100 * column + 100, 100)
    score = 0.8 if seen else 0.7
    return Scene(1, image, {"Bo": Sighting("0" * 32, score, 0.75, (0, box), 1, "seen" if seen else "below")})


class Telling:
    """Says of each kind of look what it is told to."""

    def __init__(self, said: Mapping[Kind, tuple[bool | None, Place | None]]) -> None:
        self._said, self.made = said, list[Kind]()

    @property
    def kinds(self) -> tuple[Kind, ...]:
        return tuple(kind for kind in self._said if kind not in ("asked", "large"))

    def report(self, scene: Scene, concepts: Sequence[Concept]) -> tuple[Look, ...]:
        return tuple(self._look("asked") for _ in concepts)

    def look(self, kind: Kind, scene: Scene, concept: Concept) -> Look:
        return self._look(kind)

    def reply(self, question: str, scene: Scene, concept: Concept) -> Look:
        return self._look("large")

    def remember(self, concept: Concept) -> Remembered:
        return Remembered(("emblem: red star",), ("red star",), (f"{concept.name} has a red star.",))

    def _look(self, kind: Kind) -> Look:
        self.made.append(kind)
        present, place = self._said[kind]
        return Look(kind, present, place)
