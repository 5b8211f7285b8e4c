"""How a home or a cluster is encrypted, and the proof that a master key is the one."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from jarvis_retrievers.errors import LockedHomeError, WrongKeyError

from .aes import opened
from .keys import frame
from .master_key import KEY_VARIABLE, PASSPHRASE_VARIABLE, Derivation, MasterKey, Source

__all__ = ["Lock", "lock_of", "opened_with"]


@dataclass(frozen=True, slots=True)
class Lock:
    """How a home is encrypted.

    Attributes:
        home: 16 random bytes that every wrapped key is bound to.
        mode: ``on``; or ``turning`` while owners are encrypted or decrypted one after the other.
        source, name: what the master key is from.
        how: how it is made of that.
    """

    home: bytes
    mode: Literal["on", "turning"]
    source: Source
    name: str
    how: Derivation

    @classmethod
    def new(cls, key: MasterKey, mode: Literal["on", "turning"], home: bytes = b"") -> Lock:
        """For a key, with a fresh salt."""
        return cls(home or secrets.token_bytes(16), mode, key.source, key.name, key.new_derivation())

    @property
    def fields(self) -> tuple[bytes | str | int, ...]:
        """Its columns, up to the proof that is bound to them."""
        how = self.how
        return (self.home, self.mode, self.source, self.name, how.salt, how.cost, how.block, how.lanes)

    def bound(self, owner: str, key_id: int) -> bytes:
        """What the wrapped key of an owner is bound to."""
        return frame("jarvis/data-key", (self.home, owner, key_id))

    @property
    def proven(self) -> bytes:
        """What the proof is bound to."""
        return frame("jarvis/lock", self.fields)


def lock_of(row: Sequence[Any]) -> tuple[Lock, bytes]:
    """A row of the table ``lock``, and its proof."""
    home, mode, source, name, salt, cost, block, lanes, proof = row
    return Lock(home, mode, source, name, Derivation(salt, cost, block, lanes)), bytes(proof)


def opened_with(given: MasterKey | None, lock: Lock, proof: bytes, where: Path | str) -> bytes:
    """The 32 bytes that wrap data keys; of ``given``, the environment or the keyring.

    Args:
        given: a key, if there is one.
        lock, proof: see `lock_of`.
        where: the home, for messages.

    Raises:
        LockedHomeError: no key is there. WrongKeyError: it is another.
    """
    key = given or MasterKey.from_environment()
    if key is None and lock.source == "keyring":
        key = MasterKey.from_keyring(lock.name)
    if key is None:
        what = "passphrase" if lock.source == "passphrase" else "key"
        name = PASSPHRASE_VARIABLE if lock.source == "passphrase" else KEY_VARIABLE
        raise LockedHomeError(
            f"the home {where} is encrypted and its {what} is not given; set {name}, or give key="
        )
    fits = (key.source == "passphrase") == (lock.source == "passphrase")
    master = key.derive(lock.how) if fits else b""
    if not fits or opened(master, proof, lock.proven) is None:
        raise WrongKeyError(
            f"this is not the {'passphrase' if lock.source == 'passphrase' else 'key'} of the home "
            f"{where}; give the one that it was encrypted with, nothing was changed"
        )
    return master
