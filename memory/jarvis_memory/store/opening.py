"""Connections to a catalogue's file, and a first look at whether its key is there."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path

from jarvis_retrievers.errors import HomeReadOnlyError, SettingError

from .home_keys import HomeKeys

__all__ = ["connect", "connect_to_read", "look", "refuse_needless_key", "unlock"]

_log = logging.getLogger(__name__)


def connect(path: Path, timeout: float, mode: str = "rwc") -> sqlite3.Connection:
    """A connection that threads may share; ``mode`` is that of SQLite's URIs, ``timeout`` in seconds."""
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    connection = sqlite3.connect(
        uri, uri=True, isolation_level=None, check_same_thread=False, timeout=timeout
    )
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
        _log.info("%s cannot be looked into yet: %s", path, error)
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
