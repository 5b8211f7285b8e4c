"""Items: JSON values under a namespace and a key, which agents keep in an owner's part of the home."""

from __future__ import annotations

import json
import math
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from jarvis_retrievers.errors import CorruptRecordError, InputError, SettingError

from .connection import Database
from .home import check_owner
from .queries import has_table, mark_traces, tidy
from .rows import Row, insert, seal, select
from .schema import ITEMS, columns

__all__ = ["Fields", "Item", "ItemDraft", "Namespace", "OwnerItems"]

Namespace = tuple[str, ...]
Fields = tuple[str, ...] | Literal[False] | None
"""Which fields are searched: these, none, or those that are usual."""

_ONE = "owner = ? AND namespace = ? AND key = ?"
_LIVE = "owner = ? AND (expires IS NULL OR expires > ?)"
_UNDER = " AND namespace > ? AND namespace < ?"


@dataclass(frozen=True, eq=False, slots=True)
class ItemDraft:
    """What is put.

    Attributes:
        value: what JSON can hold.
        ttl: seconds until it expires, counted from the last write or refreshing read; None for never.
        fields: which fields ``vectors`` are of.
        encoder: fingerprint of what made the vectors; empty for none.
        kinds: a letter for each vector: ``t`` of a text, ``i`` of an image.
        vectors: float32 (len(kinds), dim).
    """

    value: dict[str, Any]
    ttl: float | None = None
    fields: Fields = None
    encoder: str = ""
    kinds: str = ""
    vectors: NDArray[np.float32] | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Item:
    """What is there: the draft, its place, and when it was first and last written (UTC)."""

    namespace: Namespace
    key: str
    draft: ItemDraft
    created: datetime
    updated: datetime


class OwnerItems:
    """The items of one owner in a catalogue's file. Threads and processes may share it.

    Items that have expired are never returned; the next write erases them. Each row is checked against its
    digest when it is read.

    Args:
        owner: see `check_owner`.
        database: the catalogue's file. Its table ``items`` is made when the first item is written.
        clock: seconds since 1970.

    Raises (any method): CorruptRecordError for a row that does not match its digest, HomeReadOnlyError for a
    write to a home that cannot be written, StoreError if the medium fails.
    """

    def __init__(self, owner: str, database: Database, clock: Callable[[], float] = time.time) -> None:
        self.owner = check_owner(owner)
        self._db, self._clock = database, clock

    def get(self, namespace: Namespace, key: str) -> Item | None:
        """The item, or None."""
        where = f"{_LIVE} AND namespace = ? AND key = ?"
        found = self._select(where, (_text(namespace), json.dumps(key)))
        return found[0] if found else None

    def under(self, prefix: Namespace, limit: int | None = None, offset: int = 0) -> list[Item]:
        """Items whose namespace starts with ``prefix``, in the order in which they were first put."""
        # The text of a namespace goes on with a comma or ends with a bracket; "^" is behind both.
        start = _text(prefix)[:-1]
        where = f"{_LIVE}{_UNDER} ORDER BY row LIMIT ? OFFSET ?"
        return self._select(where, (start, start + "^", -1 if limit is None else limit, offset))

    def namespaces(self) -> list[Namespace]:
        """Namespaces that hold something, sorted."""
        with self._db.read() as connection:
            if not has_table(connection, "items"):
                return []
            query = f"SELECT DISTINCT namespace FROM items WHERE {_LIVE}"  # noqa: S608
            rows = connection.execute(query, (self.owner, self._clock())).fetchall()
        try:
            return sorted(tuple(json.loads(row[0])) for row in rows)
        except (ValueError, TypeError, RecursionError) as error:
            raise CorruptRecordError(
                f"a namespace of the items cannot be read ({error}); restore catalogue.sqlite from a backup"
            ) from error

    def write(self, changes: Iterable[tuple[Namespace, str, ItemDraft | None]]) -> None:
        """Put items, or delete them where the draft is None, in one durable transaction.

        An item that is there keeps its place and when it was created.

        Raises:
            InputError: a value that JSON cannot hold. SettingError: a ``ttl`` that is not above 0.
        """
        now = self._clock()
        ready = [(_text(ns), json.dumps(key), draft and _checked(draft)) for ns, key, draft in changes]
        with self._db.write() as connection:
            if not has_table(connection, "items"):
                for statement in ITEMS:
                    connection.execute(statement)
            erased = self._erase_expired(connection, now)
            for namespace, key, draft in ready:
                place = (self.owner, namespace, key)
                old = connection.execute(f"SELECT created FROM items WHERE {_ONE}", place).fetchone()  # noqa: S608
                erased += old is not None
                if draft is None:
                    connection.execute(f"DELETE FROM items WHERE {_ONE}", place)  # noqa: S608
                elif old is None:
                    insert(connection, "items", _values(place, draft, _moment(now), now))
                else:
                    _update(connection, _values(place, draft, str(old[0]), now))
            if erased:
                mark_traces(connection)

    def refresh(self, items: Sequence[Item]) -> None:
        """Let the time of items that expire start again; those that have gone meanwhile stay gone."""
        places = [(_text(i.namespace), json.dumps(i.key)) for i in items if i.draft.ttl is not None]
        if not places or self._db.read_only:
            return
        now = self._clock()
        with self._db.write() as connection:
            for place in places:
                where = f"{_LIVE} AND namespace = ? AND key = ?"
                for row in select(connection, "items", where, (self.owner, now, *place)):
                    _update(connection, [*row[:8], None if row[7] is None else now + row[7], *row[9:]])

    def sweep(self) -> int:
        """Erase the items that have expired; returns how many."""
        with self._db.write() as connection:
            if not has_table(connection, "items"):
                return 0
            erased = self._erase_expired(connection, self._clock())
            if erased:
                mark_traces(connection)
            return erased

    def tidy(self) -> None:
        """Write the file anew if deleted bytes may be left in it.

        Raises:
            StoreError: no room, or another process is reading; opening the home later tries again.
        """
        if not self._db.read_only:
            tidy(self._db)

    def _select(self, where: str, values: Row) -> list[Item]:
        with self._db.read() as connection:
            if not has_table(connection, "items"):
                return []
            rows = select(connection, "items", where, (self.owner, self._clock(), *values))
        return [_item(row) for row in rows]

    def _erase_expired(self, connection: sqlite3.Connection, now: float) -> int:
        gone = "DELETE FROM items WHERE owner = ? AND expires <= ?"
        return connection.execute(gone, (self.owner, now)).rowcount


def _text(namespace: Namespace) -> str:
    # In ASCII, so that half of a surrogate pair has a form too; no two namespaces share one.
    return json.dumps(list(namespace), separators=(",", ":"))


def _moment(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).isoformat(timespec="microseconds")


def _checked(draft: ItemDraft) -> ItemDraft:
    if draft.ttl is not None and not (math.isfinite(draft.ttl) and draft.ttl > 0):
        raise SettingError(f"a time to live must be above 0, got {draft.ttl}; leave it out for never")
    return draft


def _json(value: dict[str, Any]) -> str:
    try:
        return json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(
            f"the value of an item cannot be written as JSON ({error}); use texts, finite numbers, booleans, "
            "None, lists and mappings, and dates as ISO 8601 text"
        ) from error


def _values(place: tuple[str, str, str], draft: ItemDraft, created: str, now: float) -> Row:
    """A row's columns up to its digest."""
    ttl = None if draft.ttl is None else float(draft.ttl)
    vectors = np.zeros((0, 0), np.float32) if draft.vectors is None else draft.vectors
    return (
        *(*place, _json(draft.value), json.dumps(draft.fields), created, _moment(now)),
        *(
            ttl,
            None if ttl is None else now + ttl,
            draft.encoder,
            draft.kinds,
            vectors.astype("<f4").tobytes(),
        ),
    )


def _update(connection: sqlite3.Connection, values: Row) -> None:
    names = columns("items")
    marks = ", ".join(f"{name} = ?" for name in names)
    statement = f"UPDATE items SET {marks} WHERE {_ONE}"  # noqa: S608
    connection.execute(statement, (*values, seal("items", values), *values[:3]))


def _item(row: Row) -> Item:
    """A row as a value; its digest tells rot, but not who has written it.

    Raises:
        CorruptRecordError: no program of ours has.
    """
    _, namespace, key, value, fields, created, updated, ttl, _, encoder, kinds, vectors = row
    try:
        wanted = json.loads(fields)
        matrix = np.frombuffer(vectors, dtype="<f4").reshape(len(kinds), -1) if kinds else None
        chosen: Fields = tuple(wanted) if isinstance(wanted, list) else wanted
        return Item(
            tuple(json.loads(namespace)),
            json.loads(key),
            ItemDraft(json.loads(value), ttl, chosen, encoder, kinds, matrix),
            datetime.fromisoformat(created),
            datetime.fromisoformat(updated),
        )
    except (ValueError, TypeError, RecursionError) as error:
        raise CorruptRecordError(
            f"an item cannot be read ({error}); restore catalogue.sqlite from a backup, or delete the item"
        ) from error
