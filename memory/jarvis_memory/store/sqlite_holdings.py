"""What rows of the catalogue take up, counted without reading what is in them."""

# ruff: noqa: S608  (statements hold names of tables and columns of schema.py; values are bound)
from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from .connection import Database
from .holdings import PATCH_BYTES, Amount, Holdings
from .queries import has_table
from .schema import OF_PHOTOS

__all__ = ["SQLiteHoldings", "holdings_of"]

_TEXTS = "kind LIKE 'texts/%'"
_SIZES: tuple[tuple[str, str, str, str], ...] = (
    # of Holdings, table, bytes, which rows
    ("concepts", "concepts", "LENGTH(CAST(body AS BLOB))", ""),
    ("photos", "photos", "length", ""),
    ("patches", "patches", str(PATCH_BYTES), ""),
    ("vectors", "vectors", "LENGTH(data)", f" AND kind IN ({OF_PHOTOS})"),
    ("texts", "vectors", "LENGTH(data)", f" AND {_TEXTS}"),
    ("segments", "segments", "length", ""),
)
_ITEM = " + ".join(f"LENGTH(CAST({name} AS BLOB))" for name in ("namespace", "key", "value", "vectors"))


def holdings_of(connection: sqlite3.Connection, owner: str, concept_id: str | None = None) -> Holdings:
    """See `Holding.holdings`, inside somebody else's transaction."""

    def amount(table: str, size: str, where: str, values: tuple[str, ...]) -> Amount:
        query = f"SELECT COUNT(*), COALESCE(SUM({size}), 0) FROM {table} WHERE owner = ?{where}"
        count, nbytes = connection.execute(query, (owner, *values)).fetchone()
        return Amount(int(count), int(nbytes))

    only, one = ("", ()) if concept_id is None else (" AND concept = ?", (concept_id,))
    found = {name: amount(table, size, only + which, one) for name, table, size, which in _SIZES}
    if has_table(connection, "snapshots"):
        found["snapshots"] = amount("snapshots", "length", "", ())
    if concept_id is None and has_table(connection, "items"):
        found["items"] = amount("items", _ITEM, "", ())
    row = connection.execute("SELECT value FROM meta WHERE key = 'sequence'").fetchone()
    return Holdings(**found, sequence=int(row[0]) if row else 0)


class SQLiteHoldings:
    """Part of `SQLiteCatalogue`."""

    _db: Database

    @contextmanager
    def reading(self) -> Iterator[None]:
        """See `Holding.reading`."""
        with self._db.read():
            yield

    @contextmanager
    def writing(self) -> Iterator[None]:
        """See `Holding.writing`."""
        with self._db.write():
            yield

    def holdings(self, owner: str, concept_id: str | None = None) -> Holdings:
        """See `Holding.holdings`."""
        with self._db.read() as connection:
            return holdings_of(connection, owner, concept_id)

    def text_encoders(self, owner: str) -> dict[str, str]:
        """See `Holding.text_encoders`."""
        with self._db.read() as connection:
            query = f"SELECT concept, kind FROM vectors WHERE owner = ? AND {_TEXTS}"
            return {row[0]: row[1].split("/", 2)[-1] for row in connection.execute(query, (owner,))}
