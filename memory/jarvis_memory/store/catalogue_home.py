"""What a catalogue holds and does for the whole home: settings, its file, the room that it needs."""

from __future__ import annotations

from jarvis_retrievers.errors import CorruptRecordError, NoRoomError
from jarvis_retrievers.log import log

from .connection import Database
from .queries import has_table, tidy
from .reserve import Reserve
from .rolls import HOME, Rolls, called, write_rolls, wrong_rolls
from .rows import insert, select

__all__ = ["SQLiteHome"]


class SQLiteHome:
    """Part of `SQLiteCatalogue`; nothing of it belongs to an owner."""

    _db: Database
    _rolls: Rolls
    _reserve: Reserve | None

    def setting(self, key: str) -> str | None:
        """See `Catalogue.setting`."""
        with self._db.read() as connection:
            # A home of format 1 that cannot be written has no such table.
            if not has_table(connection, "settings"):
                return None
            self._rolls.call(connection, HOME, "settings")
            rows = select(connection, "settings", "key = ?", (key,))
        return str(rows[0][1]) if rows else None

    def put_setting(self, key: str, value: str | None) -> None:
        """See `Catalogue.put_setting`."""
        with self._db.write() as connection, called(connection, HOME, "settings", "key = ?", (key,)):
            connection.execute("DELETE FROM settings WHERE key = ?", (key,))
            if value is not None:
                insert(connection, "settings", (key, value))

    def live_blobs(self) -> frozenset[str]:
        """See `Catalogue.live_blobs`."""
        with self._db.read() as connection:
            query = "SELECT blob FROM photos UNION ALL SELECT blob FROM segments"
            if has_table(connection, "snapshots"):
                query += " UNION ALL SELECT blob FROM snapshots"
            return frozenset(row[0] for row in connection.execute(query))

    def tidy(self) -> None:
        """See `Catalogue.tidy`."""
        tidy(self._db)

    def flaws(self, owner: str, repair: bool) -> tuple[str, ...]:
        """See `Catalogue.flaws`."""
        lost: tuple[str, ...] = ()
        if repair:
            with self._db.write() as connection:
                connection.execute("REINDEX")
                # What is still missed is lost: that is told once, and the owner who asked goes on without.
                lost = wrong_rolls(connection, owner)
                write_rolls(connection, owner)
            self._rolls.clear()
        with self._db.read() as connection:
            found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(20)")]
            wrong = [*lost, *wrong_rolls(connection, owner)]
            for table in ("items", "snapshots"):
                if has_table(connection, table):
                    try:
                        select(connection, table, "owner = ?", (owner,))
                    except CorruptRecordError as error:
                        wrong.append(str(error))
        return tuple(wrong if found == ["ok"] else found + wrong)

    def free_room(self) -> bool:
        """See `Catalogue.free_room`."""
        if self._reserve is None or not self._reserve.give():
            return False
        try:
            # What the log has taken is room, too.
            self._db.fold()
        except NoRoomError as error:
            log("home.disk", what="log", error=error)
        return True

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
