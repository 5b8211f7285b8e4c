"""Who may come in: a file of owners and hashes of their passwords."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Final, Self

from jarvis_memory.store.home import check_owner
from jarvis_plugins.common.owner_lines import read_owner_lines, write_private
from jarvis_retrievers.errors import SettingError

__all__ = ["LEAST_PASSWORD", "Users", "hash_password", "matches"]

LEAST_PASSWORD: Final = 8
_MOST_PASSWORD: Final = 1024
# RFC 7914 with 32 MB: what OWASP's password storage cheat sheet asks for with r = 8 and p = 3.
_N, _R, _P, _LENGTH = 2**15, 8, 3, 32
_MEMORY: Final = 64 * 2**20


class Users:
    """Owners and the hashes of their passwords, as lines ``owner:scrypt$n$r$p$salt$hash``.

    Args:
        hashes: of each owner.
    """

    def __init__(self, hashes: dict[str, str]) -> None:
        self._hashes = dict(hashes)
        # A name that is not there has to cost as much time as one that is.
        self._nobody = hash_password(secrets.token_urlsafe(16))

    def __len__(self) -> int:
        return len(self._hashes)

    @property
    def owners(self) -> tuple[str, ...]:
        """In the order of the file."""
        return tuple(self._hashes)

    @classmethod
    def read(cls, file: str | os.PathLike[str]) -> Self:
        """The users of a file; blank lines and those that begin with ``#`` are left out.

        Raises:
            SettingError: it is not there, names nobody, or has a line that is none of these.
        """
        path = Path(file).expanduser()
        if not path.is_file():
            raise SettingError(
                f"there is no file of users at {path}; make it: jarvis serve --users {path} --add-user NAME"
            )
        found = cls(_lines(path))
        if not len(found):
            raise SettingError(f"{path} names nobody; run: jarvis serve --users {path} --add-user NAME")
        return found

    def check(self, owner: str, password: str) -> bool:
        """Whether this is the owner's password; takes as long for an owner who is not there."""
        known = self._hashes.get(owner)
        right = matches(password, known or self._nobody)
        return right and known is not None


def add_user(file: str | os.PathLike[str], owner: str, password: str) -> None:
    """Write an owner's line into a file (0600), in place of an older one of the same owner.

    Raises:
        SettingError: an owner that cannot be one, or a password that is too short or too long.
    """
    check_owner(owner)
    if len(password) < LEAST_PASSWORD:
        raise SettingError(f"a password has at least {LEAST_PASSWORD} characters, got {len(password)}")
    path = Path(file).expanduser()
    hashes = (_lines(path) if path.exists() else {}) | {owner: hash_password(password)}
    write_private(path, "".join(f"{name}:{value}\n" for name, value in hashes.items()))


def hash_password(password: str) -> str:
    """``scrypt$n$r$p$salt$hash`` with a fresh salt of 16 bytes (RFC 7914)."""
    salt = secrets.token_bytes(16)
    made = _scrypt(password, salt, _N, _R, _P)
    return f"scrypt${_N}${_R}${_P}${_text(salt)}${_text(made)}"


def matches(password: str, stored: str) -> bool:
    """Whether a password has this hash, compared in constant time."""
    n, r, p, salt, known = _fields(stored)
    return hmac.compare_digest(_scrypt(password, salt, n, r, p), known)


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    given = password[:_MOST_PASSWORD].encode("utf-8", "surrogatepass")
    return hashlib.scrypt(given, salt=salt, n=n, r=r, p=p, maxmem=_MEMORY, dklen=_LENGTH)


def _lines(path: Path) -> dict[str, str]:
    advice = "OWNER:HASH; write it with --add-user, passwords never stand in it"
    return dict(read_owner_lines(path, _known, advice))


def _known(value: str) -> str:
    _fields(value)
    return value


def _fields(stored: str) -> tuple[int, int, int, bytes, bytes]:
    """What a hash is made of; ValueError if it is none, or asks for more memory than is given."""
    kind, n, r, p, salt, known = stored.split("$")
    numbers = int(n), int(r), int(p)
    if (
        kind != "scrypt"
        or min(numbers) < 1
        or 128 * numbers[0] * numbers[1] > _MEMORY // 2
        or numbers[2] > 16
    ):
        raise ValueError("no such hash")
    return *numbers, base64.b64decode(salt, validate=True), base64.b64decode(known, validate=True)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
