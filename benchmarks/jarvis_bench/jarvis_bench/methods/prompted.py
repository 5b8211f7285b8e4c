"""A memory that puts what it knows into the prompt: nothing of it is computed before the question."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from PIL import Image, ImageOps

from jarvis_retrievers.errors import ContextError

from ..method import Introduction, Query, Reply
from .frames import by_frames
from .models import MOST_TOKENS
from .record import Record
from .telling import tell

if TYPE_CHECKING:
    from jarvis_memory.concept import Concept
    from jarvis_memory.vlm import VLM, SegmentSource

    from .models import Models

__all__ = ["PromptedMemory", "padded"]


class PromptedMemory:
    """Finds who is meant, and shows their profiles, with or without their photos, before the question.

    Those who are found least likely are left out if there is no room for all.

    Args:
        models: the model and the encoder.
        concepts: who is known.
        photos: whether whole photos are shown.
    """

    def __init__(self, models: Models, concepts: Sequence[Introduction], *, photos: bool) -> None:
        self._models, self._photos = models, photos
        self._record = Record(models, concepts)

    @property
    def _node(self) -> VLM:
        return self._models.photo_vlm if self._photos else self._models.vlm

    def stored(self) -> Mapping[str, int]:
        """Profiles, vectors of patches to find them by, and photos if they are shown."""
        vectors = self._record.vector_bytes
        return {one.name: self._bytes(one) + vectors[one.name] for one in self._record.concepts()}

    def update(self, later: Introduction) -> None:
        """More photos and notes of a concept."""
        self._record.tell(later)

    def answer(self, query: Query) -> Reply:
        """The answer from a prompt of its own."""
        return by_frames(query, self._models.voice, self._answer, self._answers)

    def _answers(self, queries: Sequence[Query]) -> list[Reply]:
        """In one pass of the model; one after the other if some do not fit its window."""
        from jarvis_memory.kv import Mode
        from jarvis_memory.vlm import Query as Asked

        node, voice = self._node, self._models.voice
        found = [[one for one in self._record.find(query) if self._bytes(one)] for query in queries]
        try:
            contexts = [
                node.context([self._source(one) for one in some], Mode.EXACT) if some else None
                for some in found
            ]
            asked = [
                Asked(context, voice.asked(one), one.images, MOST_TOKENS, one.history)
                for context, one in zip(contexts, queries, strict=True)
            ]
            said = node.generate_many(asked)
        except ContextError:
            return [self._answer(query) for query in queries]
        return [
            Reply(
                voice.told(query, answer.text),
                loaded=sum(map(self._bytes, some)),
                found=tuple(one.name for one in some),
            )
            for query, answer, some in zip(queries, said, found, strict=True)
        ]

    def _answer(self, query: Query) -> Reply:
        from jarvis_memory.kv import Mode

        node, voice = self._node, self._models.voice  # loaded before the clock starts
        asked = voice.asked(query)
        began = time.perf_counter()
        # Of somebody without notes there is nothing to be shown but photos.
        found = [one for one in self._record.find(query) if self._bytes(one)]
        retrieved = time.perf_counter()
        sources = [self._source(one) for one in found]
        loaded = time.perf_counter()
        said = tell(node, lambda n: node.context(sources[:n], Mode.EXACT), len(sources), asked, query)
        shown = said.shown
        stages = (
            ("retrieve", retrieved - began),
            ("load", loaded - retrieved),
            ("compose", said.compose),
            ("first", said.first),
        )
        return Reply(
            voice.told(query, said.text),
            first_token=sum(seconds for _, seconds in stages),
            loaded=sum(self._bytes(one) for one in found[:shown]),
            found=tuple(one.name for one in found[:shown]),
            stages=stages,
        )

    def close(self) -> None:
        """Delete the record."""
        self._record.close()

    def _source(self, concept: Concept) -> SegmentSource:
        from jarvis_memory.profile import profile_text
        from jarvis_memory.vlm import SegmentSource

        side = self._models.photo_side
        photos = self._record.photos(concept) if self._photos else ()
        squares = tuple(padded(photo, side) for photo in photos)
        return SegmentSource(concept.name, profile_text(concept.profile), squares)

    def _bytes(self, concept: Concept) -> int:
        """Of what goes into the prompt."""
        from jarvis_memory.profile import profile_text

        text = len(profile_text(concept.profile).encode())
        return text + (self._record.photo_bytes(concept) if self._photos else 0)


def padded(photo: Image.Image, side: int) -> Image.Image:
    """A whole photo on a square, its shape kept."""
    return ImageOps.pad(photo, (side, side), color=(128, 128, 128))
