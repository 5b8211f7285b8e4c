# ruff: noqa: S608  (statements hold names of tables and columns of schema.py; values are bound)
"""Small questions to the tables, asked inside somebody else's transaction."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from jarvis_retrievers.errors import CorruptRecordError

from .cipher import OwnerCipher
from .contracts import BlobRef
from .references import blob_of
from .schema import OF_PHOTOS

if TYPE_CHECKING:
    from .connection import Database

__all__ = [
    "HOLDERS",
    "OF_CONCEPT",
    "THIS",
    "advance",
    "blobs_of",
    "delete_rows",
    "dim_of",
    "has_table",
    "holds",
    "key_of",
    "mark_traces",
    "tidy",
    "updated_of",
]

HOLDERS = ("owners", "concepts", "items", "snapshots")
"""Tables with a row at least of each owner who has something."""

OF_CONCEPT = ("segments", "vectors", "patches", "photos", "concepts")
"""Tables with rows of a concept, the concept itself last."""

THIS = "owner = ? AND concept = ?"


def advance(connection: sqlite3.Connection, counter: str, step: int) -> int:
    """Add to a counter of meta, and return what it is then.

    Raises:
        CorruptRecordError: the counter is lost.
    """
    connection.execute("UPDATE meta SET value = value + ? WHERE key = ?", (step, counter))
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (counter,)).fetchone()
    if row is None or not isinstance(row[0], int):
        raise CorruptRecordError(f"the catalogue has lost its counter {counter!r}; restore it from a backup")
    return row[0]


def mark_traces(connection: sqlite3.Connection) -> None:
    """Note that deleted bytes may be left in the file; `SQLiteCatalogue.tidy` removes note and bytes."""
    connection.execute(
        "INSERT OR REPLACE INTO meta VALUES ('traces', ?)", (advance(connection, "sequence", 1),)
    )


def tidy(database: Database) -> None:
    """Write the file anew if deleted bytes may be left in it; see `Catalogue.tidy`."""
    with database.read() as connection:
        marked = connection.execute("SELECT value FROM meta WHERE key = 'traces'").fetchone()
    if marked is None:
        return
    database.compact()
    with database.write() as connection:
        # A mark that a later erasure has made since stays for that one.
        connection.execute("DELETE FROM meta WHERE key = 'traces' AND value = ?", marked)


def has_table(connection: sqlite3.Connection, name: str) -> bool:
    """Whether there is a table of this name: some are made when they are first needed."""
    found = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,))
    return found.fetchone() is not None


def holds(connection: sqlite3.Connection, owner: str) -> bool:
    """Whether there is anything of an owner."""
    return any(
        has_table(connection, table)
        and connection.execute(f"SELECT 1 FROM {table} WHERE owner = ? LIMIT 1", (owner,)).fetchone()
        for table in HOLDERS
    )


def key_of(connection: sqlite3.Connection, owner: str) -> bytes | None:
    """The owner's key, or None before the first write.

    Raises:
        CorruptRecordError: it is no key.
    """
    row = connection.execute("SELECT key FROM owners WHERE owner = ?", (owner,)).fetchone()
    if row is not None and not isinstance(row[0], bytes):
        raise CorruptRecordError(f"the key of {owner!r} is none; restore catalogue.sqlite from a backup")
    return None if row is None else row[0]


def updated_of(connection: sqlite3.Connection, owner: str, concept_id: str) -> int | None:
    """Sequence number of the last change of a live concept, or None."""
    row = connection.execute(
        f"SELECT updated FROM concepts WHERE {THIS} AND live = 1", (owner, concept_id)
    ).fetchone()
    return None if row is None else int(row[0])


def blobs_of(
    connection: sqlite3.Connection,
    owner: str,
    concept_id: str,
    tables: tuple[str, ...] = ("photos", "segments"),
) -> tuple[BlobRef, ...]:
    """Blobs that rows of a concept point to, live or not, sound or not."""
    found: list[BlobRef] = []
    for table in tables:
        query = f"SELECT blob, length, blob_digest FROM {table} WHERE {THIS}"
        found.extend(blob_of(connection.execute(query, (owner, concept_id))))
    return tuple(found)


def dim_of(connection: sqlite3.Connection, owner: str, cipher: OwnerCipher) -> int | None:
    """Numbers in each of the owner's vectors of photos and profiles, or None if there are none."""
    row = connection.execute(
        "SELECT SUM(LENGTH(v.data) - ?), c.vectors FROM vectors v "
        "JOIN concepts c ON c.owner = v.owner AND c.concept = v.concept "
        f"WHERE v.owner = ? AND v.kind IN ({OF_PHOTOS}) AND c.live = 1 AND c.vectors > 0 "
        "GROUP BY v.concept LIMIT 1",
        (cipher.overhead, owner),
    ).fetchone()
    return None if row is None else int(row[0]) // (2 * int(row[1]))


def delete_rows(connection: sqlite3.Connection, owner: str, concept_id: str) -> None:
    """Delete every row of a concept."""
    for table in OF_CONCEPT:
        connection.execute(f"DELETE FROM {table} WHERE {THIS}", (owner, concept_id))
