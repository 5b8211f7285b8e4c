"""A folder ``OWNER/CONCEPT/*.jpg``, with ``notes.txt`` or ``concept.json`` beside the photos."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from jarvis_retrievers.errors import ImageError, InputError

from .entry import Beneath, Entry
from .lists import in_lots
from .outcome import Outcome, refused

__all__ = ["FolderLot", "FolderSource"]

_PHOTOS = (".jpg", ".jpeg", ".png", ".webp")
_NOTES, _CONCEPT = "notes.txt", "concept.json"
_FIELDS = {"name", "about", "aliases", "category"}
_MOST = 1 << 20


@dataclass(frozen=True, slots=True)
class FolderLot:
    """Some concepts of a folder.

    Attributes:
        root: the folder, resolved.
        places: ``OWNER/CONCEPT`` of each, and why it is refused; empty if it is not.
    """

    root: Path
    places: tuple[tuple[str, str], ...]

    def entries(self) -> Iterator[Entry | Outcome]:
        """See `Lot.entries`."""
        for place, reason in self.places:
            owner, _, name = place.partition("/")
            try:
                yield refused(place, reason, owner, name) if reason else self._entry(place, owner, name)
            except (InputError, OSError) as error:
                yield refused(place, error, owner, name)

    def _entry(self, place: str, owner: str, name: str) -> Entry:
        names = sorted(_visible(self.root / owner / name))
        found = {one: Beneath(self.root, PurePosixPath(owner, name, one)) for one in names}
        photos = tuple(file for one, file in found.items() if one.lower().endswith(_PHOTOS))
        told: dict[str, Any] = {}
        if _CONCEPT in found:
            told = _told(_text(found[_CONCEPT]))
        if _NOTES in found:
            if "about" in told:
                raise InputError(f"{_NOTES} and 'about' in {_CONCEPT} are both there; leave one out")
            told["about"] = [line for line in _text(found[_NOTES]).splitlines() if line.strip()]
        return Entry(place, owner, **{"name": name, **told}, photos=photos)


@dataclass(frozen=True, slots=True)
class FolderSource:
    """All of a folder; links are not followed, and names that begin with a dot are left alone."""

    root: Path

    def count(self) -> int:
        """See `Source.count`."""
        return sum(1 for _ in self._places())

    def lots(self) -> Iterator[FolderLot]:
        """See `Source.lots`."""
        return (FolderLot(self.root, tuple(lot)) for lot in in_lots(self._places()))

    def _places(self) -> Iterator[tuple[str, str]]:
        for owner, is_folder in sorted(_visible(self.root).items()):
            if not is_folder:
                yield owner, "an owner is a folder of folders; links are not followed"
                continue
            for name, is_one in sorted(_visible(self.root / owner).items()):
                why = "" if is_one else "a concept is a folder with photos; links are not followed"
                yield f"{owner}/{name}", why


def _visible(folder: Path) -> dict[str, bool]:
    """What is in a folder, and whether each is a folder itself and no link."""
    with os.scandir(folder) as found:
        return {one.name: one.is_dir(follow_symlinks=False) for one in found if not one.name.startswith(".")}


def _text(file: Beneath) -> str:
    try:
        data = file.read(_MOST)
    except ImageError as error:
        raise InputError(str(error).replace("photo", "the file", 1)) from error
    if len(data) > _MOST:
        raise InputError(f"the file {str(file.path)!r} is larger than 1 MB; shorten it")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"the file {str(file.path)!r} is not UTF-8 ({error}); save it as UTF-8") from error


def _told(text: str) -> dict[str, Any]:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{_CONCEPT} cannot be read as JSON ({error})") from error
    if not isinstance(told, dict) or not told.keys() <= _FIELDS:
        what = sorted(told.keys() - _FIELDS)[:5] if isinstance(told, dict) else type(told).__name__
        raise InputError(f"{_CONCEPT} is an object with {', '.join(sorted(_FIELDS))}, got {what}")
    return told
