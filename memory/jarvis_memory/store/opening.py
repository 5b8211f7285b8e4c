"""Connections to a catalogue's file, and a first look at whether its key is there."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from jarvis_retrievers.errors import CorruptRecordError, HomeFormatError, HomeReadOnlyError, SettingError
from jarvis_retrievers.log import log as tell

from .disk import translated
from .failures import code_of
from .home_keys import HomeKeys
from .schema import APPLICATION_ID, FORMAT_VERSION

__all__ = [
    "check_header",
    "connect",
    "connect_to_read",
    "look",
    "refuse_needless_key",
    "refuse_newer",
    "unlock",
]

_LONGEST = 128 << 20
_HEADER = 100
_TRIES = 3


def check_header(path: Path) -> None:
    """Look at the file's header alone, before it is opened in earnest: merely closing one can change it.

    Raises:
        CorruptRecordError: not a catalogue. HomeFormatError: written by a newer version.
    """
    found = _header(path)
    if found is None:
        return
    version, application = found
    if application not in (0, APPLICATION_ID):
        raise CorruptRecordError(
            f"{path} belongs to another program (id {application:#x}); choose another home"
        )
    # Only whether it is newer: the -wal file may know more of an older one.
    refuse_newer(path, version)


def _header(path: Path) -> tuple[int, int] | None:
    """The numbers of version and program in a catalogue's header; None if opening it has to tell."""
    # Through SQLite, never by opening the file here: closing it would take from this process the locks that
    # its other connections hold, and the next process to leave would take the log away from them
    # (sqlite.org/howtocorrupt.html, section 2.2).
    with translated("read", path):
        tries = _TRIES if path.stat().st_size >= _HEADER else 0
    while tries:
        try:
            with closing(look(path, log=False)) as connection:
                version = connection.execute("PRAGMA user_version").fetchone()
                application = connection.execute("PRAGMA application_id").fetchone()
                return int(version[0]), int(application[0])
        except sqlite3.Error as error:
            if code_of(error) != "SQLITE_NOTADB":
                # Such as a file that may not be read, or pages that only the log has by now.
                return None
        # Another process may be writing this very page.
        tries -= 1
        time.sleep(0.01)
    raise CorruptRecordError(f"{path} is not a catalogue (no SQLite header); restore it from a backup")


def refuse_newer(path: Path, version: int) -> None:
    """Refuse the format of a newer version.

    Raises:
        HomeFormatError: it is one.
    """
    if version > FORMAT_VERSION:
        raise HomeFormatError(
            f"the home {path.parent} has format {version}, this version reads up to format "
            f"{FORMAT_VERSION}; update jarvis-plugins, nothing was changed"
        )


def connect(path: Path, timeout: float, mode: str = "rwc") -> sqlite3.Connection:
    """A connection that threads may share; ``mode`` is that of SQLite's URIs, ``timeout`` in seconds."""
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    connection = sqlite3.connect(
        uri, uri=True, isolation_level=None, check_same_thread=False, timeout=timeout
    )
    # All vectors of a concept are one value; a larger one is none of ours, and would be read whole.
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
    # Rotten text must come back as it is, for its digest to tell.
    connection.text_factory = lambda data: data.decode(errors="surrogateescape")
    return connection


def connect_to_read(path: Path, timeout: float) -> sqlite3.Connection:
    """A connection that changes no byte.

    Raises:
        HomeReadOnlyError: what is left in the -wal file cannot be read so.
    """
    # A -shm file cannot be made here. If no -wal is left to replay, the file alone is the whole truth.
    wal = Path(f"{path}-wal")
    if not wal.exists() or wal.stat().st_size == 0:
        return connect(path, timeout, "ro&immutable=1")
    if not Path(f"{path}-shm").exists():
        raise HomeReadOnlyError(
            f"{path} has writes that were not folded in yet, and the home cannot be written; open "
            "it once with write access"
        )
    return connect(path, timeout, "ro")


def look(path: Path, *, log: bool) -> sqlite3.Connection:
    """A connection for a moment's look at a file that others may write; ``log``: there is a -wal file."""
    return connect(path, 5.0, "ro" if log else "ro&immutable=1")


def unlock(path: Path, keys: HomeKeys, *, log: bool) -> None:
    """Find the key of a home before anything of it is changed; ``log`` is whether there is a -wal file.

    Raises:
        LockedHomeError, WrongKeyError: see `HomeKeys.refresh`. SettingError: see `refuse_needless_key`.
        CorruptRecordError: its table of the lock is damaged.
    """
    # Through a connection that cannot write: without the key, not even the log is folded in.
    connection = look(path, log=log)
    try:
        if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
            keys.refresh(connection)
            refuse_needless_key(path, keys)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        # Whoever opens it in earnest says what is wrong, or that it is not finished yet.
        tell("home.disk", what="catalogue", error=error)
    finally:
        connection.close()


def refuse_needless_key(path: Path, keys: HomeKeys) -> None:
    """Whoever gives a key must not go on with a home that is not encrypted.

    Raises:
        SettingError: it is not.
    """
    if keys.given and keys.lock is None:
        raise SettingError(
            f"a key was given, but the home {path.parent} is not encrypted; run `jarvis secure on` first"
        )
