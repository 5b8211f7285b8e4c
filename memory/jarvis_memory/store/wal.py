"""SQLite's write-ahead log: switching it on, emptying it, and where it must not be used."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path

from jarvis_retrievers.errors import SettingError

from .failures import code_of

__all__ = ["MOUNTS", "file_system_of", "refuse_network", "switch_on", "truncate", "truncate_now"]

_REMOTE = {
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "9p",
    "afs",
    "ceph",
    "lustre",
    "gfs2",
    "ocfs2",
    "davfs",
    "fuse",
}
MOUNTS = Path("/proc/self/mountinfo")
"""Linux's list of what is mounted where."""


def switch_on(connection: sqlite3.Connection, patience: float) -> None:
    """Use the log; waits ``patience`` seconds for other processes."""
    # SQLite does not wait for its busy timeout here when two processes open a new file at once.
    deadline = time.monotonic() + patience
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            busy = code_of(error).startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
            if not busy or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def truncate(connection: sqlite3.Connection, patience: float) -> bool:
    """Fold the log in and empty it; False if others kept that from being done for ``patience`` seconds."""
    # SQLite waits for readers, but not for another process that empties the log at the same time.
    deadline = time.monotonic() + patience
    while int(connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def truncate_now(connection: sqlite3.Connection, timeout: float) -> bool:
    """`truncate` without waiting for others; ``timeout`` is what the connection waits else, in seconds."""
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        return not int(connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])
    finally:
        connection.execute(f"PRAGMA busy_timeout = {round(1000 * timeout)}")


def refuse_network(folder: Path, mounts: Path = MOUNTS) -> None:
    """Refuse a file system that other machines share: they do not see each other's -shm file in memory.

    Where there is no list of mounts (macOS, Windows), nothing is refused.

    Raises:
        SettingError: it is one.
    """
    kind = file_system_of(folder, mounts)
    if kind is not None and (kind in _REMOTE or kind.startswith("fuse.")):
        raise SettingError(
            f"the home {folder} is on a network file system ({kind}), where two machines that write at once "
            "damage SQLite's log; choose a folder on a local disk, and copy it with `jarvis backup`"
        )


def file_system_of(folder: Path, mounts: Path = MOUNTS) -> str | None:
    """The kind of the file system that a folder is on, such as ``"ext4"``; None if it cannot be known."""
    try:
        lines = mounts.read_bytes().decode(errors="surrogateescape").splitlines()
    except OSError:
        return None
    where = Path(os.path.realpath(folder))
    best: tuple[int, str] | None = None
    for line in lines:
        before, _, after = line.partition(" - ")
        fields, kind = before.split(" "), after.split(" ", 1)[0]
        if len(fields) < 5 or not kind:
            continue
        # Blanks, tabs, line feeds and backslashes are octal there.
        point = Path(fields[4].encode(errors="surrogateescape").decode("unicode_escape"))
        # Of several on one point the last is on top.
        if where.is_relative_to(point) and (best is None or len(point.parts) >= best[0]):
            best = (len(point.parts), kind)
    return None if best is None else best[1]
