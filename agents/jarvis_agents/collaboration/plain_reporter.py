"""A small model that knows no JSON: plain questions, and answers that rules read."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from PIL import Image, ImageOps

from jarvis_memory import PersonalMemory
from jarvis_memory.chat import ChatRequest, Message
from jarvis_memory.concept import Concept
from jarvis_memory.profiling.slots import DEFAULT_SLOTS
from jarvis_retrievers.errors import SettingError

from .look import Kind, Look, Remembered, Scene
from .prompts import CONCEPT_QUESTIONS, PLAIN_ALL, plain
from .reading import figures, matches, mirrored, phrase, place_in, verdict
from .region import column, cut_out

__all__ = ["PlainReporter"]

_MOST: Final = 256


class PlainReporter:
    """Asks the memory's model in plain sentences, of one concept at a time, whose segment alone it is given.

    How a concept looks is asked with the slots that the model's folder brings, else with `DEFAULT_SLOTS`.

    Args:
        memory: whose model and segments.
        max_new_tokens: the most tokens of an answer.
    """

    kinds: tuple[Kind, ...] = ("mirrored", "matched", "cropped")

    def __init__(self, memory: PersonalMemory, *, max_new_tokens: int = _MOST) -> None:
        self._memory, self._most = memory, max_new_tokens
        self._recalled: dict[tuple[str, int], Remembered] = {}

    def report(self, scene: Scene, concepts: Sequence[Concept]) -> tuple[Look, ...]:
        """One plain yes-or-no question for each concept."""
        self._let_go()
        return tuple(self._ask("asked", scene.image, concept) for concept in concepts)

    def look(self, kind: Kind, scene: Scene, concept: Concept) -> Look:
        """A check; see `Kind`.

        Raises:
            SettingError: a check that this reporter cannot make.
        """
        if kind == "matched":
            return self._match(scene, concept)
        if kind == "mirrored":
            seen = self._ask(kind, ImageOps.mirror(scene.image), concept)
            return replace(seen, place=mirrored(seen.place))
        if kind == "cropped":
            sighting = scene.sightings.get(concept.name)
            if sighting is None:
                return Look(kind, None, calls=0)
            region = sighting.region[1]
            seen = self._ask(kind, cut_out(scene.image, region), concept)
            return replace(seen, place=column(region, scene.image.width) if seen.present else None)
        raise SettingError(f"plain questions make the checks {', '.join(self.kinds)}, got {kind!r}")

    def reply(self, question: str, scene: Scene, concept: Concept) -> Look:
        """The large model's own words, asked as they are."""
        return self._ask("large", scene.image, concept, question)

    def remember(self, concept: Concept) -> Remembered:
        """What the profile says; where it says nothing, what the model answers from the segment alone."""
        self._let_go()
        profile = concept.profile
        if profile.attributes:
            told = tuple(phrase(attribute.partition(":")[2] or attribute) for attribute in profile.attributes)
            body = (phrase(profile.category),) if profile.category else ()
            return Remembered(profile.attributes, (*body, *told))
        key = (concept.id, concept.updated)
        if key in self._recalled:
            return replace(self._recalled[key], calls=0, seconds=0.0)
        began = time.perf_counter()
        slots = self._memory.node.slots or DEFAULT_SLOTS
        attributes, phrases, lines = [], [], []
        for slot in slots.slots:
            said = self._say(slot.asked(concept.name), (), [concept.id])
            parts = slot.read(concept.name, said)
            if parts:
                phrases.append(phrase(" ".join(parts.values())))
                attributes.append(f"{list(parts)[-1]}: {phrases[-1]}")
                lines.append(" ".join(said.split()))
        made = Remembered(
            tuple(attributes), tuple(phrases), tuple(lines), len(slots.slots), time.perf_counter() - began
        )
        # An older look at the same concept goes.
        self._recalled = {known: told for known, told in self._recalled.items() if known[0] != concept.id}
        self._recalled[key] = made
        return made

    def _let_go(self) -> None:
        """Nothing is kept of a concept that is forgotten."""
        there = {one.id for one in self._memory.list()} if self._recalled else set()
        self._recalled = {known: told for known, told in self._recalled.items() if known[0] in there}

    def _match(self, scene: Scene, concept: Concept) -> Look:
        """Whether a figure, described by the model without any concept, has all that is remembered."""
        began, known = time.perf_counter(), self.remember(concept)
        calls = known.calls
        if PLAIN_ALL not in scene.told:
            scene.told[PLAIN_ALL] = self._say(PLAIN_ALL, (scene.image,), [])
            calls += 1
        text = scene.told[PLAIN_ALL]
        there = figures(text)
        alike = [figure for figure in there if matches(figure, known.phrases)]
        places = {figure.place for figure in alike}
        return Look(
            "matched",
            bool(alike) if there and known.phrases else None,
            places.pop() if len(places) == 1 else None,
            text,
            calls,
            time.perf_counter() - began,
        )

    def _ask(self, kind: Kind, image: Image.Image, concept: Concept, question: str | None = None) -> Look:
        began, name = time.perf_counter(), concept.name
        text = self._say(question or plain(CONCEPT_QUESTIONS[kind], name), (image,), [concept.id])
        there = verdict(text, name)
        place = place_in(text, name) if there else None
        return Look(kind, there, place, text, 1, time.perf_counter() - began)

    def _say(self, question: str, images: Sequence[Image.Image], concepts: Sequence[str]) -> str:
        asked = Message("user", (*images, question))
        return self._memory.chat(ChatRequest([asked], concepts=concepts, max_new_tokens=self._most)).text
