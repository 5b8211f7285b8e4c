"""Digests and keys over fields that cannot run into each other.

Every field is written with its type and length in front, and every use has its own domain: ``("a", "bc")``
and ``("ab", "c")``, a number and its digits, rows of two tables never give the same bytes.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from collections.abc import Iterable, Iterator, Sequence

__all__ = ["Field", "digest", "frame", "frames", "keyed"]

Field = None | int | float | str | bytes


def frame(domain: str, fields: Iterable[Field]) -> bytes:
    """The unambiguous bytes of ``fields`` under ``domain``.

    Each field is one type byte, its length as 8 little-endian bytes, and its value: integers as decimal
    digits, floats as IEEE 754 binary64, text as UTF-8.
    """
    return b"".join([_encode(domain), *map(_encode, fields)])


def digest(domain: str, *fields: Field) -> bytes:
    """SHA-256 over `frame`, 32 bytes. It finds rot; it does not stop somebody who can write the file."""
    return hashlib.sha256(frame(domain, fields)).digest()


def frames(domain: str, rows: Iterable[Sequence[Field]]) -> Iterator[bytes]:
    """`frame` of many rows. Texts that come again, such as the owner, are written once."""
    start, written = _encode(domain), dict[str, bytes]()
    for fields in rows:
        parts = [start]
        for value in fields:
            if type(value) is str:
                text = written.get(value)
                if text is None:
                    text = written[value] = _encode(value)
                parts.append(text)
            else:
                parts.append(_encode(value))
        yield b"".join(parts)


def keyed(key: bytes, domain: str, *fields: Field) -> bytes:
    """HMAC-SHA-256 under an owner's key over `frame`, 32 bytes: equal fields of two owners give unlike
    keys.
    """
    return hmac.new(key, frame(domain, fields), hashlib.sha256).digest()


_length = struct.Struct("<Q").pack


def _encode(value: Field) -> bytes:
    # In the order of how often they come: a catalogue reads a digest for every row.
    if isinstance(value, str):
        kind, data = b"s", value.encode(errors="surrogateescape")
    elif isinstance(value, bytes):
        kind, data = b"b", value
    elif isinstance(value, int):
        kind, data = b"i", b"%d" % value
    elif value is None:
        kind, data = b"n", b""
    else:
        kind, data = b"f", struct.pack("<d", value)
    return kind + _length(len(data)) + data
