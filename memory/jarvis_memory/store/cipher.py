"""Who encrypts what an owner has: the contracts, and the reference that leaves everything as it is."""

from __future__ import annotations

from typing import Protocol

from jarvis_retrievers.errors import CorruptRecordError

__all__ = ["ABSENT", "PLAIN", "AbsentCipher", "KeyRing", "OwnerCipher", "PlainCipher", "PlainRing"]


class OwnerCipher(Protocol):
    """Encrypts bytes of one owner, each bound to its place: it is refused anywhere else."""

    @property
    def key_id(self) -> int:
        """Says which key it is; 0 if there is none, and nothing is encrypted."""

    @property
    def overhead(self) -> int:
        """Bytes that encrypting adds."""

    def encrypt(self, data: bytes, bound: bytes) -> bytes:
        """``data`` encrypted, bound to ``bound``."""

    def decrypt(self, data: bytes | memoryview, bound: bytes) -> bytes:
        """What was encrypted.

        Raises:
            CorruptRecordError: changed, of another key, or bound to something else.
        """

    def blind(self, domain: str, text: str) -> str:
        """Stands for ``text`` where it is looked up: equal for equal texts, and tells nothing else."""


class PlainCipher:
    """The reference: nothing is encrypted, and nothing is bound."""

    key_id = 0
    overhead = 0

    def encrypt(self, data: bytes, bound: bytes) -> bytes:
        """See `OwnerCipher.encrypt`."""
        return data

    def decrypt(self, data: bytes | memoryview, bound: bytes) -> bytes:
        """See `OwnerCipher.decrypt`."""
        return bytes(data)

    def blind(self, domain: str, text: str) -> str:
        """See `OwnerCipher.blind`."""
        return text


class AbsentCipher:
    """Of an owner of an encrypted home who has no key: nothing of theirs can be read, found or written."""

    key_id = -1
    overhead = 0

    def encrypt(self, data: bytes, bound: bytes) -> bytes:
        """Always refused."""
        raise CorruptRecordError("this owner has no key, so nothing can be encrypted")

    def decrypt(self, data: bytes | memoryview, bound: bytes) -> bytes:
        """Always refused."""
        raise CorruptRecordError("the key of this owner is gone, so nothing of it can be read any more")

    def blind(self, domain: str, text: str) -> str:
        """What no text stands under."""
        return ""


PLAIN = PlainCipher()
ABSENT = AbsentCipher()


class KeyRing(Protocol):
    """The ciphers of all owners, for who writes and reads files of them."""

    def current(self, owner: str) -> OwnerCipher:
        """What new files of this owner are encrypted with; a key is made at the first."""

    def by_id(self, owner: str, key_id: int) -> OwnerCipher:
        """What a file of this owner is read with that says ``key_id``, 0 for one that is not encrypted.

        Raises:
            CorruptRecordError: this is no key of the owner; 0 where the owner's files are encrypted.
        """


class PlainRing:
    """The reference: nothing is encrypted."""

    def current(self, owner: str) -> OwnerCipher:
        """See `KeyRing.current`."""
        return PLAIN

    def by_id(self, owner: str, key_id: int) -> OwnerCipher:
        """See `KeyRing.by_id`."""
        if key_id:
            raise CorruptRecordError("it is encrypted, and the home is not")
        return PLAIN
