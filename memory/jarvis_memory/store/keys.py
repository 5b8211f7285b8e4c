"""Digests and keys over fields that cannot run into each other.

Every field is written with its type and length in front, and every use has its own domain: ``("a", "bc")``
and ``("ab", "c")``, a number and its digits, rows of two tables never give the same bytes.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from collections.abc import Iterable

__all__ = ["Field", "digest", "frame", "keyed"]

Field = None | int | float | str | bytes


def frame(domain: str, fields: Iterable[Field]) -> bytes:
    """The unambiguous bytes of ``fields`` under ``domain``.

    Each field is one type byte, its length as 8 little-endian bytes, and its value: integers as decimal
    digits, floats as IEEE 754 binary64, text as UTF-8.
    """
    out = bytearray()
    for kind, data in (_encode(domain), *map(_encode, fields)):
        out += kind + struct.pack("<Q", len(data)) + data
    return bytes(out)


def digest(domain: str, *fields: Field) -> bytes:
    """SHA-256 over `frame`, 32 bytes. It finds rot; it does not stop somebody who can write the file."""
    return hashlib.sha256(frame(domain, fields)).digest()


def keyed(key: bytes, domain: str, *fields: Field) -> bytes:
    """HMAC-SHA-256 under an owner's key over `frame`, 32 bytes: equal fields of two owners give unlike
    keys.
    """
    return hmac.new(key, frame(domain, fields), hashlib.sha256).digest()


def _encode(value: Field) -> tuple[bytes, bytes]:
    if value is None:
        return b"n", b""
    if isinstance(value, bytes):
        return b"b", value
    if isinstance(value, str):
        return b"s", value.encode(errors="surrogateescape")
    if isinstance(value, int):
        return b"i", str(int(value)).encode()
    return b"f", struct.pack("<d", value)
