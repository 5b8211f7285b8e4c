"""A vector as a text that says whose it is, so that a store has nothing to know and nothing to mix up."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import uuid
from typing import Final

import numpy as np

from jarvis_retrievers.errors import CorruptRecordError, InputError, SettingError, StoreError
from jarvis_retrievers.vectors import Scores

__all__ = ["RowSeal", "row_in", "row_text"]

_MARK: Final = "jarvis-row-1:"
_HEAD, _SEAL = 24, 16  # the owner's tag and the id; the code of all before it
_LEAST: Final = 16


def row_text(row: Scores) -> str:
    """A row (dim,) as text, of nobody: a query."""
    return _MARK + base64.b64encode(bytes(_HEAD) + row.astype("<f4").tobytes() + bytes(_SEAL)).decode()


def row_in(text: str, dim: int) -> Scores:
    """The row (dim,) of a text.

    Raises:
        InputError: the text is no row, or one of another length.
    """
    data = _bytes_in(text)
    if data is None or len(data) != _HEAD + 4 * dim + _SEAL:
        raise InputError(
            f"only texts that hold a vector of {dim} numbers can be embedded here, got {text[:40]!r}; if the "
            "store asks to learn the length of vectors, tell it (Qdrant: validate_collection_config=False)"
        )
    return np.frombuffer(data, "<f4", dim, _HEAD).astype(np.float32)


def _bytes_in(text: str) -> bytes | None:
    if not text.startswith(_MARK):
        return None
    try:
        return base64.b64decode(text[len(_MARK) :], validate=True)
    except (binascii.Error, ValueError):
        return None


class RowSeal:
    """Seals rows of length ``dim`` under a secret, and opens them.

    A sealed row is ``tag (16) | id (8) | row (4 dim) | HMAC-SHA256 of all that (16)``, in base64. The tag is
    an HMAC of the owner: a store sees no name, and without the secret nobody can make a row that is taken
    for another owner's.

    Raises:
        SettingError: the secret is shorter than 16 bytes.
    """

    def __init__(self, secret: bytes, dim: int) -> None:
        if not isinstance(secret, bytes) or len(secret) < _LEAST:
            raise SettingError(
                f"secret must be {_LEAST} bytes or more; make it with secrets.token_bytes(32) and keep it"
            )
        self._secret, self.dim = secret, dim

    def tag(self, owner: str) -> str:
        """The owner, for a store: 32 hexadecimal digits."""
        return self._code("owner", owner.encode())[:16].hex()

    def key(self, owner: str, number: int) -> str:
        """The key of a row in a store: a UUID, as some take nothing else; always the same for the same id."""
        tag = bytes.fromhex(self.tag(owner))
        return str(uuid.UUID(bytes=self._code("key", tag + number.to_bytes(8, "big"))[:16], version=4))

    def seal(self, owner: str, number: int, row: Scores) -> str:
        """The text of a row (dim,)."""
        body = bytes.fromhex(self.tag(owner)) + number.to_bytes(8, "big") + row.astype("<f4").tobytes()
        return _MARK + base64.b64encode(body + self._code("row", body)[:_SEAL]).decode()

    def open(self, owner: str, text: str) -> tuple[int, Scores]:
        """Id and row (dim,) of a text that a store gave for this owner.

        Raises:
            StoreError: it belongs to somebody else. CorruptRecordError: it is damaged.
        """
        data = _bytes_in(text)
        if data is None and not text.startswith(_MARK):
            raise StoreError(
                "the vector store gave something that is no vector of this index; keep the index in a "
                "collection of its own"
            )
        size = _HEAD + 4 * self.dim
        whole = data is not None and len(data) == size + _SEAL
        if data is None or not whole or not self._right(data[:size], data[size:]):
            raise CorruptRecordError("a vector that came from the vector store is damaged; rebuild the index")
        if not hmac.compare_digest(data[:16], bytes.fromhex(self.tag(owner))):
            raise StoreError(
                "the vector store gave a vector of another owner: it does not filter as it is asked to; set "
                "where, or use one store for each owner"
            )
        number = int.from_bytes(data[16:_HEAD], "big")
        return number, np.frombuffer(data, "<f4", self.dim, _HEAD).astype(np.float32)

    def _right(self, body: bytes, code: bytes) -> bool:
        return hmac.compare_digest(code, self._code("row", body)[:_SEAL])

    def _code(self, domain: str, data: bytes) -> bytes:
        told = f"jarvis-vectors/{domain}/1".encode()
        return hmac.new(self._secret, len(told).to_bytes(1, "big") + told + data, hashlib.sha256).digest()
