"""The key that wraps all others: of a passphrase, the keyring of the system, or the environment."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Self

from jarvis_retrievers.errors import CorruptRecordError, ExtraError, LockedHomeError, SettingError

from .keys import keyed

__all__ = ["KEY_VARIABLE", "PASSPHRASE_VARIABLE", "Derivation", "MasterKey", "Source"]

Source = Literal["passphrase", "keyring", "key"]
KEY_VARIABLE, PASSPHRASE_VARIABLE = "JARVIS_MASTER_KEY", "JARVIS_PASSPHRASE"
_SERVICE = "jarvis-plugins"
_BYTES = 32


@dataclass(frozen=True, slots=True)
class Derivation:
    """How a master key is made of what its owner has.

    Attributes:
        salt: 16 random bytes.
        cost, block, lanes: N, r and p of scrypt (RFC 7914, section 2), which takes 128 * N * r bytes of
            memory; 0 where no passphrase is stretched.
    """

    salt: bytes
    cost: int = 2**17
    block: int = 8
    lanes: int = 1


@dataclass(frozen=True, slots=True)
class MasterKey:
    """What opens an encrypted home. Its representation does not show it.

    Attributes:
        source: what it is from.
        secret: a passphrase as UTF-8, else 32 bytes.
        name: under which the keyring has it.
        cost: N of scrypt for homes that are encrypted with it, a power of 2; 2^17 takes 128 MiB and about
            half a second.
    """

    source: Source
    secret: bytes = field(repr=False)
    name: str = ""
    cost: int = 2**17

    @classmethod
    def from_passphrase(cls, passphrase: str, *, cost: int = 2**17) -> Self:
        """A passphrase of any length; composed and decomposed letters are the same (NFKC).

        Raises:
            SettingError: it is empty, or ``cost`` is no power of 2 from 2^10 to 2^20.
        """
        if not passphrase.strip():
            raise SettingError("the passphrase is empty; give one of several words")
        if not 2**10 <= cost <= 2**20 or cost & (cost - 1):
            raise SettingError(f"the cost must be a power of 2 from 2^10 to 2^20, got {cost}")
        text = unicodedata.normalize("NFKC", passphrase)
        return cls("passphrase", text.encode(errors="surrogatepass"), cost=cost)

    @classmethod
    def from_bytes(cls, key: bytes) -> Self:
        """32 random bytes that you keep yourself.

        Raises:
            SettingError: another number of bytes.
        """
        if len(key) != _BYTES:
            raise SettingError(
                f"a master key must be {_BYTES} bytes, got {len(key)}; make one with os.urandom"
            )
        return cls("key", bytes(key))

    @classmethod
    def from_keyring(cls, name: str = "", *, make: bool = False) -> Self:
        """The key that the system's keyring has under ``name``; with ``make`` a new one, named at random.

        Raises:
            LockedHomeError: there is none, or no keyring can be used.
            ExtraError: ``keyring`` is not installed.
        """
        try:
            import keyring
            from keyring.errors import KeyringError
        except ImportError as error:
            raise ExtraError(
                'the keyring needs the extra secure; run: pip install "jarvis-plugins[secure]"'
            ) from error
        name = name or secrets.token_hex(8)
        try:
            text = keyring.get_password(_SERVICE, name)
            if text is None and make:
                text = base64.b64encode(secrets.token_bytes(_BYTES)).decode()
                keyring.set_password(_SERVICE, name, text)
        except KeyringError as error:
            raise LockedHomeError(
                f"no keyring of the system can be used ({error}); use a passphrase, or set {KEY_VARIABLE}"
            ) from error
        if text is None:
            raise LockedHomeError(
                f"the keyring has no key {name!r} of {_SERVICE}; open the home where it was encrypted, or "
                "restore the entry"
            )
        return cls("keyring", _decoded(text, f"the key {name!r} of the keyring"), name)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self | None:
        """What ``JARVIS_MASTER_KEY`` (base64 of 32 bytes) or else ``JARVIS_PASSPHRASE`` holds, or None.

        Raises:
            SettingError: the first is set to something else.
        """
        if environment.get(KEY_VARIABLE):
            return cls("key", _decoded(environment[KEY_VARIABLE], KEY_VARIABLE))
        if environment.get(PASSPHRASE_VARIABLE):
            return cls.from_passphrase(environment[PASSPHRASE_VARIABLE])
        return None

    def new_derivation(self) -> Derivation:
        """With a fresh salt."""
        salt = secrets.token_bytes(16)
        return Derivation(salt, self.cost) if self.source == "passphrase" else Derivation(salt, 0, 0, 0)

    def derive(self, how: Derivation) -> bytes:
        """The 32 bytes that wrap; of a passphrase that takes a while.

        Raises:
            CorruptRecordError: parameters that no home has.
        """
        if self.source != "passphrase":
            return keyed(self.secret, "jarvis/key/master", how.salt)
        memory = 128 * how.cost * how.block
        if how.cost < 2 or how.cost & (how.cost - 1) or not 1 <= how.lanes <= 16 or memory > 2**31:
            raise CorruptRecordError(
                f"a passphrase cannot be stretched with N={how.cost}, r={how.block}, p={how.lanes}; restore "
                "catalogue.sqlite from a backup"
            )
        return hashlib.scrypt(
            self.secret,
            salt=how.salt,
            n=how.cost,
            r=how.block,
            p=how.lanes,
            dklen=_BYTES,
            maxmem=memory + 2**20 * how.lanes + 2**20,
        )


def _decoded(text: str, what: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _BYTES:
        raise SettingError(
            f"{what} must be the base64 of {_BYTES} bytes; make one with: openssl rand -base64 32"
        )
    return key
