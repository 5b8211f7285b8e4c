"""What is of a home as a whole, and the end of an owner's key."""

from __future__ import annotations

from .connection import Database
from .queries import has_table
from .rows import insert, select

__all__ = ["SQLiteHome"]


class SQLiteHome:
    """Part of `SQLiteCatalogue`."""

    _db: Database

    def setting(self, key: str) -> str | None:
        """See `Catalogue.setting`."""
        with self._db.read() as connection:
            # A home of format 1 that cannot be written has no such table.
            if not has_table(connection, "settings"):
                return None
            rows = select(connection, "settings", "key = ?", (key,))
        return str(rows[0][1]) if rows else None

    def put_setting(self, key: str, value: str | None) -> None:
        """See `Catalogue.put_setting`."""
        with self._db.write() as connection:
            connection.execute("DELETE FROM settings WHERE key = ?", (key,))
            if value is not None:
                insert(connection, "settings", (key, value))

    def destroy_key(self, owner: str) -> None:
        """See `Catalogue.destroy_key`."""
        with self._db.read() as connection:
            there = self._db.keys.has(connection, owner)
        if there:
            with self._db.write() as connection:
                self._db.keys.destroy(connection, owner)
            # Until it is folded in, the file itself still has the key; others who read are not waited for.
            self._db.empty_log()

    def key_destroyed(self, owner: str) -> bool:
        """See `Catalogue.key_destroyed`."""
        with self._db.read() as connection:
            return self._db.keys.destroyed(connection, owner)
