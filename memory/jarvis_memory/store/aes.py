"""AES-256-GCM: keys that wrap keys, and what an owner's key encrypts (extra ``secure``).

NIST SP 800-38D: nonces are 96 random bits (section 8.2.2), so that one key is good for 2^32 texts (8.3).
"""

from __future__ import annotations

import secrets
from typing import Protocol

from jarvis_retrievers.errors import CorruptRecordError, ExtraError

from .keys import keyed

__all__ = ["OVERHEAD", "AesGcmCipher", "opened", "wrapped"]

_NONCE, _TAG = 12, 16
OVERHEAD = _NONCE + _TAG
"""Bytes that encrypting adds: the nonce in front, the tag behind."""


class _Aead(Protocol):
    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes: ...

    def decrypt(self, nonce: memoryview, data: memoryview, associated_data: bytes, /) -> bytes: ...


class AesGcmCipher:
    """`OwnerCipher` under a data key. Threads may share it.

    Args:
        key: 32 random bytes; what encrypts and what blinds are two keys derived from it.
        key_id: above 0, tells it from other keys of the owner.

    Raises:
        ExtraError: ``cryptography`` is not installed.
    """

    overhead = OVERHEAD

    def __init__(self, key: bytes, key_id: int) -> None:
        self.key_id = key_id
        self._aead = _aead(keyed(key, "jarvis/key/data"))
        self._names = keyed(key, "jarvis/key/names")

    def encrypt(self, data: bytes, bound: bytes) -> bytes:
        """See `OwnerCipher.encrypt`: nonce (12 bytes), ciphertext, tag (16)."""
        return _encrypted(self._aead, data, bound)

    def decrypt(self, data: bytes | memoryview, bound: bytes) -> bytes:
        """See `OwnerCipher.decrypt`."""
        found = _decrypted(self._aead, data, bound)
        if found is None:
            raise CorruptRecordError(
                "it cannot be decrypted: it was changed, or belongs to another place or another key"
            )
        return found

    def blind(self, domain: str, text: str) -> str:
        """See `OwnerCipher.blind`: HMAC-SHA-256 in hex."""
        return keyed(self._names, domain, text).hex()


def wrapped(key: bytes, data: bytes, bound: bytes) -> bytes:
    """``data`` under a master key of 32 bytes, bound to ``bound``."""
    return _encrypted(_aead(key), data, bound)


def opened(key: bytes, data: bytes, bound: bytes) -> bytes | None:
    """What was `wrapped`, or None: another key, another place, or changed bytes."""
    return _decrypted(_aead(key), data, bound)


def _encrypted(aead: _Aead, data: bytes, bound: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE)
    return nonce + aead.encrypt(nonce, data, bound)


def _decrypted(aead: _Aead, data: bytes | memoryview, bound: bytes) -> bytes | None:
    from cryptography.exceptions import InvalidTag

    view = memoryview(data)
    if len(view) < OVERHEAD:
        return None
    try:
        # Views: a copy of a segment would take as long as decrypting it.
        return aead.decrypt(view[:_NONCE], view[_NONCE:], bound)
    except InvalidTag:
        return None


def _aead(key: bytes) -> _Aead:
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ImportError as error:
        raise ExtraError(
            'the home is encrypted, which needs the extra secure; run: pip install "jarvis-plugins[secure]"'
        ) from error
    return AESGCM(key)
