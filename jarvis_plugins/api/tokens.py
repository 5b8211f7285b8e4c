"""Who asks: a file of owners and digests of their tokens."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Self

from jarvis_memory.store.home import check_owner
from jarvis_plugins.common.owner_lines import read_owner_lines, write_private
from jarvis_retrievers.errors import SettingError

__all__ = ["Tokens", "add_token"]

_PREFIX: Final = "jarvis-"
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_MOST: Final = 512


class Tokens:
    """Owners by the digests of their tokens; the tokens themselves are nowhere.

    A token is 32 random bytes, so that one round of SHA-256 is enough: there is nothing to guess.

    Args:
        lines: pairs of an owner and a digest, 64 hexadecimal digits. An owner may have several tokens.

    Raises:
        SettingError: an owner that cannot be one, or something else than a digest.
    """

    def __init__(self, lines: Iterable[tuple[str, str]]) -> None:
        # By the digest's beginning, so that many owners cost no more; the rest is compared in constant time.
        self._owners: dict[str, list[tuple[str, str]]] = {}
        for owner, digest in lines:
            if not _DIGEST.fullmatch(digest):
                raise SettingError(
                    f"a digest of {check_owner(owner)} is 64 hexadecimal digits of SHA-256; "
                    "write it with --add-token"
                )
            self._owners.setdefault(digest[:8], []).append((digest, check_owner(owner)))

    def __len__(self) -> int:
        return sum(map(len, self._owners.values()))

    @classmethod
    def read(cls, file: str | os.PathLike[str]) -> Self:
        """The tokens of a file: lines ``owner:sha256$digest``, blank ones, and comments behind ``#``.

        Raises:
            SettingError: it is not there, names nobody, or has a line that is none of these.
        """
        path = Path(file).expanduser()
        if not path.is_file():
            raise SettingError(
                f"there is no file of tokens at {path}; make it: jarvis api --tokens {path} --add-token OWNER"
            )
        found = cls(_lines(path))
        if not len(found):
            raise SettingError(f"{path} names nobody; run: jarvis api --tokens {path} --add-token OWNER")
        return found

    def owner(self, token: str) -> str | None:
        """Whose token this is; None if nobody's."""
        if not 0 < len(token) <= _MOST:
            return None
        given = _digest(token)
        found = None
        for digest, owner in self._owners.get(given[:8], ()):
            if hmac.compare_digest(digest, given):
                found = owner
        return found


def add_token(file: str | os.PathLike[str], owner: str) -> str:
    """A new token of an owner, whose digest is written into a file (0600) behind those that are there.

    Raises:
        SettingError: an owner that cannot be one, or a file with other lines.
    """
    check_owner(owner)
    path = Path(file).expanduser()
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    if before:
        _lines(path)
    token = _PREFIX + secrets.token_urlsafe(32)
    start = before if not before or before.endswith("\n") else f"{before}\n"
    write_private(path, f"{start}{owner}:sha256${_digest(token)}\n")
    return token


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _lines(path: Path) -> list[tuple[str, str]]:
    advice = "OWNER:sha256$DIGEST; write it with --add-token, tokens themselves never stand in it"
    return read_owner_lines(path, _known, advice)


def _known(value: str) -> str:
    kind, _, digest = value.partition("$")
    if kind != "sha256" or not _DIGEST.fullmatch(digest):
        raise ValueError("no such digest")
    return digest
