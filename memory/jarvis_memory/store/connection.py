"""One SQLite file, opened so that an acknowledged write survives a power cut."""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jarvis_retrievers.errors import (
    CorruptRecordError,
    HomeReadOnlyError,
    StoreError,
)
from jarvis_retrievers.log import log

from . import wal
from .disk import sync_folder, translated
from .failures import code_of, meant
from .health import Health
from .home_keys import HomeKeys
from .master_key import MasterKey
from .migration import drop, migrate
from .opening import check_header, connect, connect_to_read, refuse_needless_key, refuse_newer, unlock
from .schema import APPLICATION_ID, FORMAT_VERSION, PAGE_SIZE, TABLES
from .shape import check_shape
from .witness import Witness

__all__ = ["Database"]

# VACUUM builds a copy of all live rows: up to this many bytes in memory, so that no other folder sees them.
_COPY_IN_MEMORY = 256 << 20


class Database:
    """A connection that threads may share: one transaction at a time.

    Args:
        path: the file; it is made if it is not there, unless ``read_only``.
        read_only: refuse writes, and change no byte on disk.
        busy_timeout: seconds to wait for another process's write.
        accept_loss: go on with what is there if acknowledged writes are lost.
        key: the master key of an encrypted home; see `HomeKeys`. A new home is encrypted with it.

    Raises:
        LockedHomeError, WrongKeyError: encrypted, and this is not its key; nothing is changed.
        SettingError: a key for a home that is there and not encrypted.
        HomeFormatError: written by a newer version; nothing is changed.
        HomeReadOnlyError: not there, and it may not be made.
        CorruptRecordError: not a catalogue, or acknowledged writes are missing in it.
    """

    def __init__(
        self,
        path: Path,
        *,
        read_only: bool = False,
        busy_timeout: float = 30.0,
        accept_loss: bool = False,
        key: MasterKey | None = None,
    ) -> None:
        self.path = path
        self.read_only = read_only
        self._lock = threading.RLock()
        self.health = Health()
        self.keys = HomeKeys(key, path.parent)
        self._ready = self._folder_synced = self._reading = self._writing = False
        self._busy_timeout = busy_timeout
        self._witness = Witness(path)
        # Before the catalogue is read: others go on writing.
        witnessed = self._witness.read()
        with translated("read", path):
            behind = Path(f"{path}-wal")
            # The last to close the file removes its log; another process may have it open, too.
            self.recovered = behind.exists() and behind.stat().st_size > 0
            new = not path.exists() or path.stat().st_size == 0
        if new:
            self._witness.refuse_emptied(witnessed)
        if new and read_only:
            raise HomeReadOnlyError(
                f"no catalogue at {path}, and the home cannot be written; open it with write access first"
            )
        if not new:
            check_header(path)
        if not new and not read_only:
            with self._translated():
                unlock(path, self.keys, log=self.recovered)
        with self._translated():
            self._conn = (connect_to_read if read_only else connect)(path, busy_timeout)
        self._finalizer = weakref.finalize(self, self._conn.close)
        try:
            with self._translated():
                self._check_format(int(self._conn.execute("PRAGMA user_version").fetchone()[0]), new)
                check_shape(self._conn, path)
                if not read_only:
                    self._prepare()
                self._ready = True
                self._refresh()
                refuse_needless_key(path, self.keys)
                if witnessed:
                    row = self._conn.execute("SELECT value FROM meta WHERE key = 'writes'").fetchone()
                    count = row[0] if row and isinstance(row[0], int) else 0
                    self._witness.check(witnessed, count, accept_loss, read_only)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file; the last one to close it folds the -wal file into it."""
        with self._lock:
            self._finalizer()

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A snapshot: all that is read inside belongs together; within another block it is part of that."""
        with self._lock, self._translated():
            if self._reading or self._writing:
                yield self._conn
                return
            self._begin("BEGIN")
            self._reading = True
            try:
                self._refresh()
                yield self._conn
            finally:
                self._reading = False
                if self._conn.in_transaction:
                    self._conn.execute("ROLLBACK")

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction, durable once the block is left without an error, else undone; within another one it
        is part of that.

        Raises:
            HomeReadOnlyError: the home cannot be written.
            StoreError: an earlier write failed in a way that leaves open what is on disk.
        """
        with self._lock:
            self._check_writable()
            with self._translated():
                if self._writing:
                    yield self._conn
                    return
                self._begin("BEGIN IMMEDIATE")
                before, self._writing = self._conn.total_changes, True
                try:
                    self._refresh()
                    yield self._conn
                    count = self._count() if self._conn.total_changes != before else None
                    self._sync_folder()
                    with self._watched():
                        self._conn.execute("COMMIT")
                finally:
                    self._writing = False
                    if self._conn.in_transaction:
                        self._conn.execute("ROLLBACK")
                if count is not None:
                    self._witness.write(count)

    def fold(self) -> None:
        """Fold the -wal file into the catalogue and empty it, as far as others that read let that be."""
        with self._lock:
            self._check_writable()
            with self._translated(), self._watched():
                wal.truncate(self._conn, self._busy_timeout)

    def compact(self) -> None:
        """Write the file anew from its live rows and empty the -wal file: no deleted byte is left in either.

        ``secure_delete`` alone leaves a trace now and then: a row that was moved while a page was split keeps
        its old copy in the unused part of that page.

        Raises:
            StoreError: no room, or another process kept reading for longer than the busy timeout.
        """
        with self._lock:
            self._check_writable()
            with self._translated():
                small = os.path.getsize(self.path) <= _COPY_IN_MEMORY
                self._conn.execute(f"PRAGMA temp_store = {'MEMORY' if small else 'FILE'}")
                with self._watched():
                    self._conn.execute("VACUUM")
                    emptied = wal.truncate(self._conn, self._busy_timeout)
            # What is gone from the catalogue is still in the one that it was made from.
            with self.health.watched("delete", self.path):
                drop(self.path)
        if not emptied:
            raise StoreError(
                f"what was deleted is hidden, but its bytes are still in {self.path.name}-wal, because "
                "another process is reading the home; close it there, then call sweep()"
            )

    def empty_log(self) -> bool:
        """Fold the -wal file in and empty it, unless others are reading; whether that was done."""
        with self._lock:
            self._check_writable()
            with self._translated():
                return wal.truncate_now(self._conn, self._busy_timeout)

    def _begin(self, how: str) -> None:
        # One that could not be undone, as memory ran out: it was never acknowledged.
        if self._conn.in_transaction and not self._reading:
            self._conn.execute("ROLLBACK")
        self._conn.execute(how)

    def _refresh(self) -> None:
        # Others may have encrypted the home, or changed its keys.
        if self._ready:
            self.keys.refresh(self._conn)

    def _count(self) -> int:
        counted = "INSERT INTO meta VALUES ('writes', 1) ON CONFLICT (key) DO UPDATE SET value = value + 1"
        return int(self._conn.execute(f"{counted} RETURNING value").fetchone()[0])

    def _check_format(self, version: int, may_be_empty: bool) -> None:
        refuse_newer(self.path, version)
        if version == 0 and self.read_only:
            raise HomeReadOnlyError(
                f"{self.path} was never finished, and the home cannot be written; open it with write access "
                "first"
            )
        if version < 0 or (
            version == 0 and not may_be_empty and self._conn.execute("SELECT 1 FROM sqlite_master").fetchone()
        ):
            raise CorruptRecordError(
                f"{self.path} has tables but no format version; restore it from a backup"
            )

    def _prepare(self) -> None:
        execute = self._conn.execute
        execute(f"PRAGMA page_size = {PAGE_SIZE}")
        wal.switch_on(self._conn, self._busy_timeout)
        execute("PRAGMA synchronous = FULL")
        execute("PRAGMA secure_delete = ON")
        execute("PRAGMA trusted_schema = OFF")
        if int(execute("PRAGMA user_version").fetchone()[0]) == 0:
            with self.write():
                # Asked again: another process may have made the tables while this one waited.
                if int(execute("PRAGMA user_version").fetchone()[0]) == 0:
                    for statement in TABLES:
                        execute(statement)
                    execute(
                        "INSERT INTO meta VALUES ('format', ?), ('sequence', 0), ('vector', 0)",
                        (FORMAT_VERSION,),
                    )
                    if self.keys.given or self.keys.look_around():
                        self.keys.start(self._conn, "on")
                    execute(f"PRAGMA application_id = {APPLICATION_ID}")
                    execute(f"PRAGMA user_version = {FORMAT_VERSION}")
            sync_folder(self.path.parent)
        self._migrate()
        meta = execute("SELECT value FROM meta WHERE key = 'format'").fetchone()
        if meta is None or meta[0] != FORMAT_VERSION:
            raise CorruptRecordError(
                f"{self.path} says format {FORMAT_VERSION} in its header and {meta and meta[0]} in its meta "
                "table; restore it from a backup"
            )

    def _migrate(self) -> None:
        if int(self._conn.execute("PRAGMA user_version").fetchone()[0]) == FORMAT_VERSION:
            return
        with self.write() as connection, self.health.watched("copy", self.path):
            before = migrate(connection, self.path)
        log("home.migrated", before=before, format=FORMAT_VERSION)

    def _check_writable(self) -> None:
        if self.read_only:
            raise HomeReadOnlyError(
                f"the home {self.path.parent} cannot be written; check its permissions, nothing was changed"
            )
        self.health.check(self.path.parent)

    def _sync_folder(self) -> None:
        # The -wal file is new; SQLite syncs its folder too, but does not look whether that went well.
        if not self._folder_synced:
            with self.health.watched("sync", self.path.parent):
                sync_folder(self.path.parent)
            self._folder_synced = True

    @contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            if code_of(error).startswith(("SQLITE_IOERR", "SQLITE_CORRUPT")):
                self.health.fail(str(error))
            raise

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise meant(error, self.path) from error
