"""What an archive of one owner says of itself: every entry with its length and digest."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any, NamedTuple

from jarvis_retrievers.errors import CorruptRecordError, HomeFormatError

from .home import check_owner

__all__ = ["ARCHIVE_FORMAT", "MANIFEST", "MAX_MANIFEST", "Counts", "Entry", "Manifest", "largest"]

ARCHIVE_FORMAT = 1
"""Version of the archive, which is not that of a home."""

MANIFEST = "manifest.json"
MAX_ENTRIES = 262_144
MAX_MANIFEST = 32 << 20
"""Bytes; room for so many entries."""

_SUFFIXES = {
    # kind of entry: ending, most bytes. A photo of 25 megapixels has 75 MB before it is packed.
    "concepts": ("json", 8 << 20),
    "vectors": ("f16", 64 << 20),
    "texts": ("f16", 64 << 20),
    "items": ("json", 64 << 20),
    "itemvectors": ("f32", 64 << 20),
    "photos": ("png", 100 << 20),
}
_NAME = re.compile(r"([a-z]{1,16})/([0-9]{6})(?:-([0-9]{4}))?\.([a-z0-9]{3,4})\Z")
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")


class Entry(NamedTuple):
    """A file in the archive: its name, bytes, and SHA-256 (hex)."""

    name: str
    length: int
    sha256: str


class Counts(NamedTuple):
    """How many of each are in the archive."""

    concepts: int = 0
    photos: int = 0
    patches: int = 0
    vectors: int = 0
    items: int = 0


@dataclass(frozen=True, slots=True)
class Manifest:
    """The last entry of an archive.

    Attributes:
        owner: whose it was.
        counts: of what is in it.
        entries: all others, in the order in which they stand there.
    """

    owner: str
    counts: Counts
    entries: tuple[Entry, ...]

    @property
    def nbytes(self) -> int:
        """Bytes of all entries."""
        return sum(entry.length for entry in self.entries)

    def to_bytes(self) -> bytes:
        """JSON, the same for the same content; its own digest is in it."""
        fields = self._fields()
        return _json({**fields, "sha256": hashlib.sha256(_json(fields)).hexdigest()})

    def _fields(self) -> dict[str, Any]:
        return {
            "archive": "jarvis-owner",
            "format": ARCHIVE_FORMAT,
            "owner": self.owner,
            "counts": self.counts._asdict(),
            "entries": [list(entry) for entry in self.entries],
        }

    @classmethod
    def from_bytes(cls, data: bytes) -> Manifest:
        """Read and check one.

        Raises:
            HomeFormatError: a newer version wrote it. CorruptRecordError: it is damaged, or no manifest.
        """
        try:
            found = json.loads(data)
            version = found["format"]
            if found["archive"] == "jarvis-owner" and type(version) is int and version > ARCHIVE_FORMAT:
                raise HomeFormatError(
                    f"the archive has format {version}, this version reads up to format {ARCHIVE_FORMAT}; "
                    "update jarvis-plugins, nothing was changed"
                )
            entries = tuple(_entry(*one) for one in found["entries"])
            counts = Counts(**found["counts"])
            made = cls(check_owner(found["owner"]), counts, entries)
            sound = all(type(n) is int and n >= 0 for n in counts) and made.to_bytes() == data
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise CorruptRecordError(f"the archive's manifest cannot be read ({_short(error)})") from error
        if not sound or len({entry.name for entry in entries}) != len(entries):
            raise CorruptRecordError("the archive's manifest does not match its own digest")
        return made


def largest(name: str) -> int:
    """The most bytes that an entry of this name may have.

    Raises:
        CorruptRecordError: no entry is called so.
    """
    found = _NAME.match(name) if isinstance(name, str) else None
    kind = _SUFFIXES.get(found[1]) if found else None
    if (
        found is None
        or kind is None
        or kind[0] != found[4]
        or (found[3] is not None) != (found[1] == "photos")
    ):
        raise CorruptRecordError(f"an archive has no entry called {ascii(name)[:60]}")
    return kind[1]


def _entry(name: str, length: int, sha256: str) -> Entry:
    if type(length) is not int or not 0 <= length <= largest(name) or not _DIGEST.match(sha256):
        raise ValueError(f"the entry {ascii(name)[:60]}")
    return Entry(name, length, sha256)


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
