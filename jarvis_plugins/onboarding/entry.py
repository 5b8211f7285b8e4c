"""One concept as a source has it, unread and unchecked, and where its photos are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from jarvis_retrievers.errors import ImageError
from jarvis_retrievers.files import read_beneath
from jarvis_retrievers.images import MAX_BYTES

__all__ = ["Beneath", "Entry", "beneath"]

_ADVICE = "give a file beneath the folder"


@dataclass(frozen=True, slots=True)
class Beneath:
    """A file under a folder; no link on the way to it is followed.

    Attributes:
        root: the folder, resolved.
        path: of the file, relative to it, without ``..``.
    """

    root: Path
    path: PurePosixPath

    def read(self, most: int = MAX_BYTES) -> bytes:
        """The file's bytes, at most one more than ``most``.

        Raises:
            ImageError: missing, a link, no plain file, or it cannot be read.
        """
        name = f"photo {str(self.path)!r}"
        return read_beneath(self.root, self.path, name, most, ImageError, _ADVICE)


def beneath(root: Path, path: str) -> Beneath:
    """A file that a table names.

    Raises:
        ImageError: the path is absolute or leaves the folder.
    """
    found = PurePosixPath(path)
    if found.is_absolute() or not found.parts or ".." in found.parts or "\0" in path:
        raise ImageError(f"the path of a photo must lead down from the folder of photos, got {path[:200]!r}")
    return Beneath(root, found)


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands in a source; any of it may be of any type, but for the place.

    Attributes:
        place: where it stands, for the report.
        owner, name, about, aliases, category: as given.
        photos: bytes, or `Beneath`.
    """

    place: str
    owner: Any
    name: Any
    about: Any = ()
    aliases: Any = ()
    category: Any = None
    photos: tuple[bytes | Beneath, ...] = ()
