"""The ciphers of a home's owners, for files: each question is a transaction of its own."""

from __future__ import annotations

from .cipher import ABSENT, PLAIN, OwnerCipher
from .connection import Database

__all__ = ["DatabaseRing"]


class DatabaseRing:
    """`KeyRing` of a catalogue's file. Threads may share it."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def current(self, owner: str) -> OwnerCipher:
        """See `KeyRing.current`."""
        with self._db.read() as connection:
            cipher = self._db.keys.of(connection, owner)
        if cipher is ABSENT:
            with self._db.write() as connection:
                cipher = self._db.keys.of(connection, owner, make=True)
        return cipher

    def by_id(self, owner: str, key_id: int) -> OwnerCipher:
        """See `KeyRing.by_id`."""
        if not key_id and self._db.keys.lock is None:
            return PLAIN
        with self._db.read() as connection:
            return self._db.keys.by_id(connection, owner, key_id)
