"""Whether a catalogue has the tables of ours, and nothing that acts by itself."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

from jarvis_retrievers.errors import CorruptRecordError

from .schema import ITEMS, KEYS, MIGRATIONS, SNAPSHOTS, TABLES

__all__ = ["check_shape"]

_SPACE = re.compile(r"\s+")


def check_shape(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a file with triggers, views, computed columns or indexes that none of our statements makes.

    A trigger runs when we write, a view or a computed column when we read: they may take all time and
    memory there is, or change what we do. Plain tables that we do not know are never looked at.

    Raises:
        CorruptRecordError: it has such.
    """
    ours = {
        _plain(statement) for statement in (*TABLES, *ITEMS, *SNAPSHOTS, *KEYS, *sum(MIGRATIONS.values(), ()))
    }
    names = {
        statement.split("(")[0].split()[-1] for statement in ours if statement.startswith("CREATE TABLE")
    }
    # SQLite's own table: nothing in it is run by reading it. Indexes that come with a table have no text.
    found = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    for kind, name, table, text in found.fetchall():
        known = _plain(str(text)) in ours
        foreign = kind == "table" and name not in names and not str(text).upper().startswith("CREATE VIRTUAL")
        if not known and not foreign and not (kind == "index" and table not in names):
            raise CorruptRecordError(
                f"{path} has a {kind} {ascii(name)[:60]} that is none of ours, so somebody has altered it; "
                "restore it from a backup"
            )


def _plain(statement: str) -> str:
    return _SPACE.sub(" ", statement.replace("IF NOT EXISTS ", "")).strip()
