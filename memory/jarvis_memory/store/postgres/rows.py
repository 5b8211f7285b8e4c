"""Rows of a cluster as values, each checked against its digest."""

# ruff: noqa: S608  (statements hold names of tables and columns; values are bound)
from __future__ import annotations

import secrets
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from jarvis_retrievers.errors import CorruptRecordError

from ...concept import Concept
from ..contracts import BlobRef
from ..references import blob_of
from ..rows import concept_of, seal
from ..schema import columns
from .session import Row, Session

__all__ = ["THIS", "blobs_of", "enter", "key_of", "read_concepts", "select", "updated_of"]

THIS = "owner = %s AND concept = %s"


def select(session: Session, table: str, where: str, values: Sequence[Any]) -> list[Row]:
    """Rows that match, without their digest column, each checked.

    Raises:
        CorruptRecordError: a row that does not match its digest.
    """
    names = columns(table)
    found = session.rows(f"SELECT {', '.join(names)} FROM {table} WHERE {where}", values)
    for *fields, stored in found:
        if seal(table, fields) != stored:
            place = names.index("concept") if "concept" in names else 0
            raise CorruptRecordError(
                f"a row of {table} ({names[place]} {fields[place]!r}) does not match its digest; restore the "
                f"database from a backup, or give it up"
                + (f" with erase({fields[place]!r})" if "concept" in names else "")
            )
    return [row[:-1] for row in found]


def read_concepts(session: Session, where: str, values: Sequence[Any]) -> tuple[Concept, ...]:
    """Live concepts of one owner that match, oldest first; every row that belongs to one is checked.

    Raises:
        CorruptRecordError: a row that is missing or does not match its digest.
    """
    found = sorted(select(session, "concepts", where, values), key=itemgetter(4))
    live = [row for row in found if row[3] == 1]
    if not live:
        return ()
    # Three queries for all of them: each is a way to the server and back.
    whose = (live[0][0], [row[1] for row in live])
    order = "owner = %s AND concept = ANY(%s) ORDER BY concept, position"
    photos, patches = (
        {key: list(rows) for key, rows in groupby(select(session, table, order, whose), itemgetter(place))}
        for table, place in (("photos", 1), ("patches", 2))
    )
    return tuple(concept_of(row, photos.get(row[1], []), patches.get(row[1], [])) for row in live)


def enter(session: Session, owner: str) -> None:
    """Give an owner a key, with the first write."""
    if key_of(session, owner) is None:
        session.run("INSERT INTO owners (owner, key) VALUES (%s, %s)", (owner, secrets.token_bytes(32)))


def key_of(session: Session, owner: str) -> bytes | None:
    """The owner's key, or None before the first write."""
    row = session.row("SELECT key FROM owners WHERE owner = %s", (owner,))
    return None if row is None else bytes(row[0])


def updated_of(session: Session, owner: str, concept_id: str) -> int | None:
    """Sequence number of the last change of a live concept, or None."""
    row = session.row(f"SELECT updated FROM concepts WHERE {THIS} AND live = 1", (owner, concept_id))
    return None if row is None else int(row[0])


def blobs_of(session: Session, table: str, where: str, values: Sequence[Any]) -> tuple[BlobRef, ...]:
    """Blobs that rows point to, live or not, sound or not."""
    query = f"SELECT blob, length, blob_digest FROM {table} WHERE {where}"
    return blob_of(session.rows(query, values))
