"""Concepts with their photos and notes, found as the product finds them, without any segment."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from jarvis_retrievers.crops import crop
from jarvis_retrievers.images import load_image

from ..method import Introduction, Query

if TYPE_CHECKING:
    from jarvis_memory.concept import Concept
    from jarvis_memory.finder import Explanation

    from .models import Models

__all__ = ["Record"]


class Record:
    """The record of `jarvis_memory`: photos, profiles and vectors of patches, and its retrieval over them.

    Two methods that are told the same concepts find the same ones, so that a difference between them is of
    how a concept is shown to the model. A concept without any photo is not kept.

    Args:
        models: the encoder that finds.
        concepts: who is remembered.
    """

    def __init__(self, models: Models, concepts: Sequence[Introduction]) -> None:
        from jarvis_memory.finder import Finder
        from jarvis_memory.intake import Intake
        from jarvis_memory.store.owner import OwnerStore

        tuning, self._encoder = models.tuning, models.encoder
        self._intake = Intake(models.encoder, tuning.miner, tuning.subjects)
        self._folder = tempfile.TemporaryDirectory(prefix="jarvis-bench-")
        self._store = OwnerStore.open(Path(self._folder.name) / "home", "bench")
        self._finder = Finder(self._store, models.encoder, tuning.retriever, tuning.bank)
        self._told: dict[str, Introduction] = {}
        self._bytes: dict[str, int] = {}
        for one in concepts:
            self.tell(one)

    def tell(self, one: Introduction) -> None:
        """Remember a concept, or add later photos and notes to one that is remembered."""
        from jarvis_memory.intake import check_notes, other_patches

        old = self._told.get(one.name)
        if old is not None:
            notes = f"{old.notes}\n{one.notes}".strip()
            one = Introduction(one.name, old.category or one.category, notes, (*old.photos, *one.photos))
        if not one.photos:
            return
        there = None if old is None else self._store.get(one.name)
        others = other_patches(self._store, self._encoder.fingerprint, but={there.id} if there else ())
        photos = self._intake.photos(one.photos, one.name)
        draft = self._intake.draft(
            one.name, (), one.category or None, check_notes(one.notes), photos, others, old=there
        )
        if there is not None and len(photos) > len(there.photos):
            draft = replace(draft, past=len(there.photos))
        before = self._store.usage().vectors
        if there is None:
            self._store.add_concept(draft)
        else:
            self._store.replace_concept(there.id, draft)
        self._told[one.name] = one
        self._bytes[one.name] = self._bytes.get(one.name, 0) + self._store.usage().vectors - before

    def find(self, query: Query) -> list[Concept]:
        """Who a query is about, most likely first; those it is told of, if it is."""
        if query.told is not None:
            return self.known(query.told)
        found = self._finder.find(query.question, query.images, query.history)
        return [find.concept for find in found]

    def known(self, names: Sequence[str]) -> list[Concept]:
        """Those of these names, in their order; names of nobody are passed over."""
        return [self._store.get(name) for name in names if name in self._told]

    def why(self, query: Query) -> Explanation:
        """Who is named, and where in the pictures each concept is nearest to being seen."""
        return self._finder.explain(query.question, query.images, query.history)

    def photos(self, concept: Concept) -> tuple[Image.Image, ...]:
        """The photos of a concept as it looks now, oldest first."""
        return tuple(load_image(self._store.photo(photo.id)) for photo in concept.now.photos)

    def crops(self, concept: Concept, side: int) -> tuple[Image.Image, ...]:
        """Its patches as it looks now, squares of ``side`` pixels, the best first."""
        now = concept.now
        photos = {one.id: photo for one, photo in zip(now.photos, self.photos(now), strict=True)}
        return tuple(crop(photos[patch.photo_id], patch.box, side) for patch in now.patches)

    def photo_bytes(self, concept: Concept) -> int:
        """Bytes of these photos as they are stored."""
        return sum(len(self._store.photo(photo.id)) for photo in concept.now.photos)

    @property
    def vector_bytes(self) -> Mapping[str, int]:
        """Bytes of vectors, by name."""
        return self._bytes

    def concepts(self) -> list[Concept]:
        """All of them, oldest first."""
        return self._store.list()

    def close(self) -> None:
        """Delete it."""
        self._store.close()
        self._folder.cleanup()
