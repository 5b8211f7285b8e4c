"""From one format of a home to the next; the catalogue as it was is kept until something is forgotten."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from .disk import sync_folder
from .rolls import write_all
from .schema import FORMAT_VERSION, MIGRATIONS

__all__ = ["drop", "kept", "migrate"]


def migrate(connection: sqlite3.Connection, catalogue: Path) -> int:
    """Bring a catalogue to this version's format, after a copy of it was kept.

    Args:
        connection: in a transaction, so that nobody else does it at the same time.
        catalogue: the file.

    Returns:
        The format that it had.
    """
    # Asked here: another process may have done it while this one waited.
    first = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if first == FORMAT_VERSION:
        return first
    _keep(catalogue, first)
    for version in range(first, FORMAT_VERSION):
        for statement in MIGRATIONS[version]:
            connection.execute(statement)
    write_all(connection)
    connection.execute("UPDATE meta SET value = ? WHERE key = 'format'", (FORMAT_VERSION,))
    connection.execute(f"PRAGMA user_version = {FORMAT_VERSION}")
    return first


def kept(catalogue: Path) -> list[Path]:
    """Copies that migrations have left, ``<catalogue>-format-<version>``, an unfinished one included."""
    return sorted(catalogue.parent.glob(f"{catalogue.name}-format-*"))


def drop(catalogue: Path) -> None:
    """Delete the copies, durably."""
    found = kept(catalogue)
    for path in found:
        path.unlink(missing_ok=True)
    if found:
        sync_folder(catalogue.parent)


def _keep(catalogue: Path, version: int) -> None:
    new = catalogue.with_name(f"{catalogue.name}-format-{version}")
    temporary = new.with_name(f"{new.name}-new")
    temporary.unlink(missing_ok=True)
    # What was committed, the log included; what the caller has not committed is not in it.
    with (
        closing(sqlite3.connect(f"{catalogue.absolute().as_uri()}?mode=ro", uri=True)) as old,
        closing(sqlite3.connect(temporary)) as copy,
    ):
        temporary.chmod(0o600)
        copy.execute("PRAGMA synchronous = FULL")
        old.backup(copy)
        # One file, that needs no log beside it.
        copy.execute("PRAGMA journal_mode = DELETE")
    temporary.replace(new)
    sync_folder(new.parent)
