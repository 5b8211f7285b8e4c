"""What SQLite's errors mean for whoever called."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from jarvis_retrievers.errors import CorruptRecordError, HomeReadOnlyError, NoRoomError, StoreError

__all__ = ["code_of", "meant"]


def code_of(error: sqlite3.Error) -> str:
    """Its symbolic name, such as ``SQLITE_FULL``; empty if it has none."""
    return getattr(error, "sqlite_errorname", "") or ""


def meant(error: sqlite3.Error | UnicodeDecodeError, path: Path) -> StoreError:
    """The error to raise in its place. One about a damaged schema may hold text that cannot be decoded."""
    if isinstance(error, UnicodeDecodeError):
        return CorruptRecordError(f"{path} is damaged (its schema cannot be read); restore it from a backup")
    code, text = code_of(error), str(error)
    if code.startswith(("SQLITE_READONLY", "SQLITE_PERM", "SQLITE_AUTH")):
        return HomeReadOnlyError(f"{path} cannot be written ({text}); check its permissions")
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StoreError(f"{path} is in use by another process ({text}); try again when it is done")
    if code.startswith(("SQLITE_FULL", "SQLITE_IOERR_SHMSIZE")):
        return NoRoomError(f"no room left to write {path} ({text}); free some and try again")
    if code.startswith(("SQLITE_IOERR", "SQLITE_CANTOPEN")):
        return StoreError(f"{path} cannot be read or written ({text}); check the disk and its permissions")
    if isinstance(error, sqlite3.ProgrammingError) and "closed" in text:
        return StoreError(f"the store at {path.parent} is closed; open it again")
    # What is left is a file whose pages, schema or text are not what was written.
    return CorruptRecordError(f"{path} is damaged ({text}); restore it from a backup")
