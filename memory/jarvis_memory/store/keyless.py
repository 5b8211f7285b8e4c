"""Looking at every byte of a home without its key: rows and files are what was written, whatever it says."""

# ruff: noqa: S608  (statements hold names of tables of schema.py)
from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from jarvis_retrievers.errors import CorruptRecordError, SettingError

from .blobs import FileBlobStore
from .failures import meant
from .home import CATALOGUE
from .opening import look
from .queries import has_table
from .references import reference
from .rows import select
from .schema import SENSITIVE, columns
from .verify import Finding

__all__ = ["check_bytes"]

_TABLES = (*SENSITIVE, "patches", "segments", "snapshots", "settings", "lock", "data_keys")


def check_bytes(home: str | os.PathLike[str]) -> Iterator[Finding]:
    """Compare every row of all owners, and every file that a row points to, with its digest.

    It finds rot. Only `verify`, with the key, finds what somebody has changed who knows how digests are made.

    Raises:
        SettingError: there is no home. CorruptRecordError: its catalogue cannot be read at all.
    """
    path = Path(home).expanduser() / CATALOGUE
    if not path.is_file():
        raise SettingError(f"there is no home at {path.parent}; name another with --home")
    log = Path(f"{path}-wal")
    blobs = FileBlobStore(path.parent, read_only=True)
    try:
        with closing(look(path, log=log.exists() and log.stat().st_size > 0)) as catalogue:
            for table in _TABLES:
                if has_table(catalogue, table):
                    yield from _rows(catalogue, table, blobs)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise meant(error, path) from error


def _rows(catalogue: sqlite3.Connection, table: str, blobs: FileBlobStore) -> Iterator[Finding]:
    names = columns(table)
    for number in catalogue.execute(f"SELECT rowid FROM {table}").fetchall():
        try:
            # Gone meanwhile, if there is none.
            for found in select(catalogue, table, "rowid = ?", number):
                row = dict(zip(names, found, strict=False))
                if "blob" in row:
                    blobs.check(row["owner"], reference((row["blob"], row["length"], row["blob_digest"])))
        except CorruptRecordError as error:
            kind = {"photos": "photo", "vectors": "vectors", "segments": "segment"}.get(table, "record")
            yield Finding(kind, "", f"{table}: {error}")  # type: ignore[arg-type]
