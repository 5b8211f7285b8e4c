"""A small model that writes JSON: one object for all concepts, led along a schema if possible."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from PIL import Image, ImageOps

from jarvis_memory.chat import ChatNode, ChatRequest, Message
from jarvis_memory.concept import Concept
from jarvis_memory.profile import profile_text
from jarvis_retrievers.errors import SettingError

from .jsons import read_object
from .look import Kind, Look, Remembered, Scene
from .prompts import SMALL_LOOKS, SMALL_REPAIR, SMALL_REPLY, SMALL_REPORT, data
from .reading import mirrored
from .region import column, cut_out
from .report import PLACES, Place

__all__ = ["JsonReporter"]

_FOUND: Final = {
    "type": "object",
    "properties": {"present": {"type": "boolean"}, "place": {"enum": [*PLACES, "none"]}},
    "required": ["present", "place"],
    "additionalProperties": False,
}
_SHOWN: Final = {"enum": ["shown", "different", "hidden"]}
_TOKENS_EACH: Final = 48


class JsonReporter:
    """Asks a chat model for JSON. An answer that is none is asked for once more, and then says nothing.

    Args:
        node: the small model: a `PersonalMemory`, or any `ChatNode`.
        remembers: whether it has the concepts' segments; else their profiles stand in the message.
    """

    kinds: tuple[Kind, ...] = ("mirrored", "matched", "cropped")

    def __init__(self, node: ChatNode, *, remembers: bool) -> None:
        self._node, self._remembers = node, remembers

    def report(self, scene: Scene, concepts: Sequence[Concept]) -> tuple[Look, ...]:
        """One answer for all concepts."""
        return self._found("asked", SMALL_REPORT, scene.image, concepts)

    def look(self, kind: Kind, scene: Scene, concept: Concept) -> Look:
        """A check; see `Kind`.

        Raises:
            SettingError: a check that this reporter cannot make.
        """
        if kind == "mirrored":
            (seen,) = self._found(kind, SMALL_LOOKS[kind], ImageOps.mirror(scene.image), [concept])
            return replace(seen, place=mirrored(seen.place))
        sighting = scene.sightings.get(concept.name)
        region = None if sighting is None else sighting.region[1]
        part = scene.image if region is None else cut_out(scene.image, region)
        if kind == "matched":
            return self._match(part, concept)
        if kind == "cropped":
            if region is None:
                return Look(kind, None, calls=0)
            (seen,) = self._found(kind, SMALL_LOOKS[kind], part, [concept])
            return replace(seen, place=column(region, scene.image.width) if seen.present else None)
        raise SettingError(f"the checks are {', '.join(self.kinds)}, got {kind!r}")

    def reply(self, question: str, scene: Scene, concept: Concept) -> Look:
        """The large model's question as data."""
        (seen,) = self._found("large", SMALL_REPLY, scene.image, [concept], {"question": question})
        return seen

    def remember(self, concept: Concept) -> Remembered:
        """What the profile says."""
        profile = concept.profile
        told = tuple(attribute.partition(":")[2].strip() or attribute for attribute in profile.attributes)
        return Remembered(profile.attributes, told)

    def _found(
        self,
        kind: Kind,
        prompt: str,
        image: Image.Image,
        concepts: Sequence[Concept],
        more: Mapping[str, Any] | None = None,
    ) -> tuple[Look, ...]:
        keys = [f"c{number}" for number in range(1, len(concepts) + 1)]
        names = {key: concept.name for key, concept in zip(keys, concepts, strict=True)}
        schema = _object(dict.fromkeys(keys, _FOUND))
        began = time.perf_counter()
        text, value, calls = self._ask(prompt, image, concepts, schema, {"concepts": names, **(more or {})})
        seconds = time.perf_counter() - began
        looks = []
        for number, key in enumerate(keys):
            present, place = _read(value.get(key))
            # What one answer cost is the first concept's; the others come with it.
            cost = (calls, seconds) if number == 0 else (0, 0.0)
            looks.append(Look(kind, present, place if present else None, text, *cost))
        return tuple(looks)

    def _match(self, image: Image.Image, concept: Concept) -> Look:
        known = self.remember(concept).attributes
        if not known:
            return Look("matched", None, calls=0)
        keys = [f"a{number}" for number in range(1, len(known) + 1)]
        schema = _object(dict.fromkeys(keys, _SHOWN))
        told = {"attributes": dict(zip(keys, known, strict=True))}
        began = time.perf_counter()
        text, value, calls = self._ask(SMALL_LOOKS["matched"], image, [], schema, told)
        marks = [value.get(key) for key in keys]
        there = None if "shown" not in marks and "different" not in marks else "different" not in marks
        return Look("matched", there, None, text, calls, time.perf_counter() - began)

    def _ask(
        self,
        prompt: str,
        image: Image.Image,
        concepts: Sequence[Concept],
        schema: Mapping[str, Any],
        told: Mapping[str, Any],
    ) -> tuple[str, Mapping[str, Any], int]:
        """What was said, the object in it (empty if there is none), and the number of calls."""
        if not self._remembers and concepts:
            told = {**told, "profiles": [profile_text(concept.profile) for concept in concepts]}
        messages = [Message("user", (image, f"{prompt}\n{data(told)}"))]
        ids = [concept.id for concept in concepts] if self._remembers else None
        led = json.dumps(schema) if self._node.abilities.schemas else None
        most = _TOKENS_EACH * (1 + len(schema["properties"]))
        said = ""
        for calls in (1, 2):
            request = ChatRequest(messages, schema=led, concepts=ids, max_new_tokens=most)
            said = self._node.chat(request).text
            value = read_object(said)
            if value is not None:
                return said, value, calls
            messages += [Message("assistant", (said,)), Message("user", (SMALL_REPAIR,))]
        return said, {}, 2


def _object(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(fields),
        "required": list(fields),
        "additionalProperties": False,
    }


def _read(found: object) -> tuple[bool | None, Place | None]:
    """Presence and place; nothing if they are not of the schema, or contradict each other."""
    if not isinstance(found, Mapping) or not isinstance(found.get("present"), bool):
        return None, None
    present, place = found["present"], next((p for p in PLACES if p == found.get("place")), None)
    if not present and place is not None:
        return None, None
    return present, place
