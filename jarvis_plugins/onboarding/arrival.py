"""A concept on its way in: its texts checked, its photos read but not decoded."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image

from jarvis_memory.checks import check_name, check_texts, name_key
from jarvis_memory.intake import Intake, check_notes
from jarvis_memory.store.home import check_owner
from jarvis_memory.store.keys import Field
from jarvis_retrievers.errors import ImageError, InputError

from .entry import Beneath, Entry

__all__ = ["MAX_PHOTOS", "MAX_PHOTO_BYTES", "Arrival", "received"]

MAX_PHOTOS = 64
"""The most photos of one concept."""
MAX_PHOTO_BYTES = 128 << 20
"""The most bytes of all photo files of one concept."""

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Arrival:
    """What will be remembered.

    Attributes:
        place: where it stands in the source.
        owner, name, notes, aliases, category: checked.
        photos: bytes of image files, at least one, not decoded yet.
    """

    place: str
    owner: str
    name: str
    notes: tuple[str, ...]
    aliases: tuple[str, ...]
    category: str | None
    photos: tuple[bytes, ...]

    @property
    def content(self) -> tuple[Field, ...]:
        """What its key is made of: the same content gives the same fields, in any source."""
        lists: tuple[Sequence[str | bytes], ...] = (
            self.notes,
            self.aliases,
            [hashlib.sha256(photo).digest() for photo in self.photos],
        )
        counted = (field for fields in lists for field in (len(fields), *fields))
        return (_VERSION, name_key(self.name), self.category, *counted)

    def decoded(self) -> list[Image.Image]:
        """Its photos, each picture once.

        Raises:
            ImageError: one that cannot be used.
        """
        return Intake.photos(self.photos, self.name)


def received(entry: Entry) -> Arrival:
    """Check the texts of an entry and read its photos.

    Raises:
        InputError: something of it cannot be used.
    """
    owner, name = check_owner(entry.owner), check_name(entry.name)
    if not entry.photos:
        raise ImageError(f"{name!r} has no photo; give one or more JPEG, PNG or WEBP files")
    if len(entry.photos) > MAX_PHOTOS:
        raise ImageError(f"{name!r} may have {MAX_PHOTOS} photos, got {len(entry.photos)}; leave some out")
    notes = [entry.about] if isinstance(entry.about, str) else _list(entry.about, "about")
    aliases = tuple(map(check_name, _list(entry.aliases, "aliases")))
    category = None if entry.category is None else check_name(entry.category)
    photos, left = list[bytes](), MAX_PHOTO_BYTES
    for photo in entry.photos:
        photos.append(photo.read() if isinstance(photo, Beneath) else photo)
        left -= len(photos[-1])
        if left < 0:
            raise ImageError(
                f"the photos of {name!r} have more than {MAX_PHOTO_BYTES >> 20} MB; give smaller files"
            )
    return Arrival(entry.place, owner, name, tuple(check_notes(notes)), aliases, category, tuple(photos))


def _list(given: Any, word: str) -> Sequence[str]:
    if given is None:
        return ()
    if not isinstance(given, list | tuple):
        raise InputError(f"{word} must be a list of texts, got {type(given).__name__}")
    check_texts(given, word)
    return given
