"""What a memory holds, looked at without any model."""

from __future__ import annotations

import builtins

from PIL import Image

from jarvis_retrievers.images import load_image

from .concept import Concept
from .store.owner import OwnerStore
from .store.verify import Finding

__all__ = ["Looking"]


class Looking:
    """What `PersonalMemory` has for looking at its record."""

    _store: OwnerStore

    @property
    def owner(self) -> str:
        """Whose memory this is."""
        return self._store.owner

    def list(self) -> list[Concept]:
        """All concepts, oldest first."""
        return self._store.list()

    def show(self, name: str) -> Concept:
        """One concept, with its profile, photos and patches.

        Raises:
            UnknownConceptError: there is none of this name.
        """
        return self._store.get(name)

    def photo(self, photo_id: str) -> Image.Image:
        """A stored photo.

        Raises:
            UnknownConceptError: no such photo. CorruptRecordError: it is damaged.
        """
        return load_image(self._store.photo(photo_id))

    def verify(self, *, deep: bool = False, repair: bool = False) -> builtins.list[Finding]:
        """Read everything of this owner and say what is damaged; ``repair`` mends what can be mended.

        Args:
            deep: also decode every photo and compare its pixels with the record.
            repair: drop damaged segments, which are made again when they are needed.
        """
        return [*self._store.verify(deep=deep, repair=repair)]

    def nbytes(self) -> int:
        """Bytes of this owner's photos, vectors and segments."""
        return self._store.nbytes()
