"""The bytes of a blob's file: a header that says what it is and whose, and the payload, encrypted or not."""

from __future__ import annotations

import hashlib
import re
import struct
from pathlib import Path

from blake3 import blake3

from jarvis_retrievers.errors import CorruptRecordError, SettingError

from .cipher import KeyRing, OwnerCipher
from .contracts import BlobRef
from .keys import digest, frame

__all__ = [
    "HEADER_SIZE",
    "OVERHEAD",
    "check_frame",
    "header_of",
    "key_id_of",
    "opened_frame",
    "packed",
    "payload_digest",
    "payload_of",
    "size_of",
    "tag_of",
    "unusable",
    "whose_key",
]

PLAIN_MAGIC, MAGIC = b"JRVSBLB1", b"JRVSBLB2"
HEADER_SIZE = 32
"""Bytes that every file starts with: magic (8), kind padded with NUL (8), owner tag (16)."""

_MORE = struct.Struct("<I32s")
"""Behind it, where the payload is encrypted: id of the key, digest."""
OVERHEAD = _MORE.size + 28
"""Bytes that encrypting adds to a file."""

_KIND = re.compile(r"[a-z]{1,8}\Z")


def header_of(owner: str, kind: str, key_id: int = 0) -> bytes:
    """The first 32 bytes.

    Raises:
        SettingError: a kind that cannot be.
    """
    if not _KIND.match(kind):
        raise SettingError(f"a blob's kind must be 1 to 8 lower-case letters, got {kind!r}")
    return (MAGIC if key_id else PLAIN_MAGIC) + kind.encode().ljust(8, b"\0") + tag_of(owner)


def tag_of(owner: str) -> bytes:
    """16 bytes that say whose a blob is."""
    return digest("jarvis/blob/owner", owner)[:16]


def payload_digest(owner: str, kind: str, data: bytes) -> str:
    """In hex, of a payload that is not encrypted."""
    # Segments are large and read with every question, where SHA-256 takes longer than all the rest.
    start = blake3 if kind in ("segment", "index") else hashlib.sha256
    # The payload goes in by itself: framing it would copy megabytes.
    state = start(frame("jarvis/blob", (owner, kind)) + b"b" + struct.pack("<Q", len(data)))
    state.update(data)
    return state.hexdigest()


def packed(
    owner: str, kind: str, blob_id: str, data: bytes, bound: str, cipher: OwnerCipher
) -> tuple[tuple[bytes, ...], str]:
    """The parts of a file, and its digest in hex.

    Raises:
        SettingError: a kind that cannot be.
    """
    header = header_of(owner, kind, cipher.key_id)
    if not cipher.key_id:
        return (header, data), payload_digest(owner, kind, data)
    sealed = cipher.encrypt(data, _bound(owner, kind, blob_id, bound))
    found = _sealed_digest(owner, kind, blob_id, cipher.key_id, sealed)
    return (header, _MORE.pack(cipher.key_id, found), sealed), found.hex()


def size_of(start: bytes, length: int) -> int:
    """Bytes of a file that starts so, with a payload of ``length``."""
    return HEADER_SIZE + length + (OVERHEAD if start.startswith(MAGIC) else 0)


def key_id_of(start: bytes, rest: bytes) -> int:
    """Which key a file was written with, of its header and what follows; 0 for none."""
    return int.from_bytes(rest[:4], "little") if start.startswith(MAGIC) else 0


def check_frame(owner: str, ref: BlobRef, start: bytes, rest: bytes) -> str:
    """Compare a file with its row, without any key; ``rest`` is what follows the header. Returns its kind.

    Raises:
        CorruptRecordError: its digest does not match.
    """
    kind = _kind(owner, start)
    if start.startswith(MAGIC):
        key_id, said = _MORE.unpack_from(rest)
        sound = said == _sealed_digest(owner, kind, ref.id, key_id, rest[_MORE.size :])
        sound = sound and said.hex() == ref.digest
    else:
        sound = payload_digest(owner, kind, rest) == ref.digest
    if not sound:
        raise CorruptRecordError("its digest does not match")
    return kind


def payload_of(owner: str, ref: BlobRef, start: bytes, rest: bytes, bound: str, cipher: OwnerCipher) -> bytes:
    """What `packed` was given.

    Raises:
        CorruptRecordError: its digest does not match; or it cannot be decrypted, or not as this blob.
    """
    if not cipher.key_id:
        check_frame(owner, ref, start, rest)
        return rest
    kind = _kind(owner, start)
    if _MORE.unpack_from(rest)[1].hex() != ref.digest:
        raise CorruptRecordError("its digest does not match")
    # Not hashed: the tag says the same, under a key.
    return cipher.decrypt(memoryview(rest)[_MORE.size :], _bound(owner, kind, ref.id, bound))


def opened_frame(keys: KeyRing, owner: str, ref: BlobRef, frame: bytes, bound: str) -> bytes:
    """What `packed` was given, of a whole file that may be anything.

    Raises:
        CorruptRecordError: it is not this blob.
    """
    start, rest = frame[:HEADER_SIZE], frame[HEADER_SIZE:]
    try:
        if len(frame) != size_of(start, ref.length):
            raise CorruptRecordError(
                f"it should have {size_of(start, ref.length)} bytes, got {len(frame)} or more"
            )
        return payload_of(owner, ref, start, rest, bound, keys.by_id(owner, key_id_of(start, rest)))
    except CorruptRecordError as error:
        raise unusable(ref.id, str(error)) from error


def unusable(where: Path | str, why: str) -> CorruptRecordError:
    """The error to raise."""
    return CorruptRecordError(f"the blob {where} cannot be used: {why}")


def whose_key(file: bytes) -> tuple[bytes, int] | None:
    """`tag_of` its owner and the key of a file, of its first 36 bytes; None if it has no header."""
    start, rest = file[:HEADER_SIZE], file[HEADER_SIZE:]
    if len(start) < HEADER_SIZE or start[:8] not in (PLAIN_MAGIC, MAGIC):
        return None
    return start[16:], key_id_of(start, rest)


def _kind(owner: str, start: bytes) -> str:
    kind = start[8:16].rstrip(b"\0").decode("ascii", errors="replace")
    if not _KIND.match(kind) or start != header_of(owner, kind, start.startswith(MAGIC)):
        raise CorruptRecordError("its digest does not match")
    return kind


def _bound(owner: str, kind: str, blob_id: str, bound: str) -> bytes:
    return frame("jarvis/blob/encrypted", (owner, kind, blob_id, bound))


def _sealed_digest(owner: str, kind: str, blob_id: str, key_id: int, sealed: bytes) -> bytes:
    start = frame("jarvis/blob/encrypted", (owner, kind, blob_id, key_id))
    state = blake3(start + b"b" + struct.pack("<Q", len(sealed)))
    state.update(sealed)
    return state.digest()
