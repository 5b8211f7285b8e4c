"""Items: JSON values under a namespace and a key, which agents keep in an owner's part of the home."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence

from jarvis_retrievers.errors import CorruptRecordError

from .cipher import OwnerCipher
from .connection import Database
from .hidden import blinded, hide, reveal
from .home import check_owner
from .item import (
    Fields,
    Item,
    ItemDraft,
    Namespace,
    bounds,
    checked,
    is_under,
    item_of,
    moment,
    text_of,
    values_of,
)
from .queries import has_table, mark_traces, tidy
from .quota import Quota, within_quota
from .rolls import Rolls, called
from .rows import Row, insert, seal, select
from .schema import ITEMS, columns

__all__ = ["Fields", "Item", "ItemDraft", "Namespace", "OwnerItems"]

_HERE = "namespace = ? AND key = ?"
_ONE = f"owner = ? AND {_HERE}"
_LIVE = "owner = ? AND (expires IS NULL OR expires > ?)"
_UNDER = " AND namespace > ? AND namespace < ?"
_NOT_UNDER = " AND NOT (namespace > ? AND namespace < ?)"


class OwnerItems:
    """The items of one owner in a catalogue's file. Threads and processes may share it.

    Items that have expired are never returned; the next write erases them. Each row is checked against its
    digest when it is read.

    Args:
        owner: see `check_owner`.
        database: the catalogue's file. Its table ``items`` is made when the first item is written.
        clock: seconds since 1970.
        quota: limits what is written here, besides those that are stored.

    Raises (any method): CorruptRecordError for a row that does not match its digest, HomeReadOnlyError for a
    write to a home that cannot be written, StoreError if the medium fails.
    """

    def __init__(
        self,
        owner: str,
        database: Database,
        clock: Callable[[], float] = time.time,
        quota: Quota | None = None,
    ) -> None:
        self.owner = check_owner(owner)
        self._db, self._clock, self._quota = database, clock, quota or Quota()
        self._rolls = Rolls()

    def get(self, namespace: Namespace, key: str) -> Item | None:
        """The item, or None."""
        where = f"{_LIVE} AND namespace = ? AND key = ?"
        with self._db.read() as connection:
            cipher = self._db.keys.of(connection, self.owner)
            place = _place(self.owner, text_of(namespace), json.dumps(key), cipher)[1:]
            found = self._select(connection, where, place, cipher)
        return found[0] if found else None

    def under(
        self,
        prefix: Namespace,
        limit: int | None = None,
        offset: int = 0,
        *,
        without: Namespace | None = None,
    ) -> list[Item]:
        """See `ItemStore.under`."""
        with self._db.read() as connection:
            cipher = self._db.keys.of(connection, self.owner)
            if cipher.key_id:
                # Not blinded prefix by prefix: equal ones would show the tree, and an owner's items are few.
                found = self._select(connection, f"{_LIVE} ORDER BY row", (), cipher)
                found = [item for item in found if is_under(item.namespace, prefix)]
                if without is not None:
                    found = [item for item in found if not is_under(item.namespace, without)]
                return found[offset : None if limit is None else offset + limit]
            where, values = f"{_LIVE}{_UNDER}", bounds(prefix)
            if without is not None:
                where, values = where + _NOT_UNDER, values + bounds(without)
            page = (-1 if limit is None else limit, offset)
            return self._select(
                connection, f"{where} ORDER BY row LIMIT ? OFFSET ?", (*values, *page), cipher
            )

    def namespaces(self) -> list[Namespace]:
        """Namespaces that hold something, sorted."""
        with self._db.read() as connection:
            cipher = self._db.keys.of(connection, self.owner)
            if not has_table(connection, "items"):
                return []
            if cipher.key_id:
                return sorted({item.namespace for item in self._select(connection, _LIVE, (), cipher)})
            self._rolls.call(connection, self.owner, "items")
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
            QuotaError: there would be more than is allowed.
        """
        now = self._clock()
        ready = [(text_of(ns), json.dumps(key), draft and checked(draft)) for ns, key, draft in changes]
        with self._db.write() as connection, within_quota(connection, self.owner, self._quota):
            _make_table(connection)
            erased = self._erase_expired(connection, now)
            cipher = self._db.keys.of(connection, self.owner, make=True)
            for namespace, key, draft in ready:
                place = (self.owner, namespace, key)
                kept = _place(*place, cipher)
                old = connection.execute(f"SELECT created FROM items WHERE {_ONE}", kept).fetchone()  # noqa: S608
                erased += old is not None
                with called(connection, self.owner, "items", _HERE, kept[1:]):
                    if draft is None:
                        connection.execute(f"DELETE FROM items WHERE {_ONE}", kept)  # noqa: S608
                    elif old is None:
                        insert(connection, "items", values_of(place, draft, moment(now), now), cipher)
                    else:
                        _update(connection, values_of(place, draft, str(old[0]), now), cipher)
            if erased:
                mark_traces(connection)

    def put_back(self, items: Iterable[Item]) -> None:
        """Write items as they were, in one durable transaction; none may be there.

        Raises:
            InputError, SettingError, QuotaError: as for `write`.
        """
        with self._db.write() as connection, within_quota(connection, self.owner, self._quota):
            _make_table(connection)
            cipher = self._db.keys.of(connection, self.owner, make=True)
            for item in items:
                place = (self.owner, text_of(item.namespace), json.dumps(item.key))
                created, updated = item.created.timestamp(), item.updated.timestamp()
                row = [*values_of(place, checked(item.draft), moment(created), updated)]
                row[columns("items").index("expires")] = None if item.expires is None else float(item.expires)
                with called(connection, self.owner, "items", _HERE, _place(*place, cipher)[1:]):
                    insert(connection, "items", row, cipher)

    def refresh(self, items: Sequence[Item]) -> None:
        """Let the time of items that expire start again; those that have gone meanwhile stay gone."""
        places = [(text_of(i.namespace), json.dumps(i.key)) for i in items if i.draft.ttl is not None]
        if not places or self._db.read_only:
            return
        now = self._clock()
        with self._db.write() as connection:
            cipher = self._db.keys.of(connection, self.owner)
            for place in places:
                where = f"{_LIVE} AND namespace = ? AND key = ?"
                owner, *kept = _place(self.owner, *place, cipher)
                with called(connection, owner, "items", _HERE, kept):
                    for stored in select(connection, "items", where, (owner, now, *kept)):
                        row = reveal("items", stored, cipher)
                        later = None if row[7] is None else now + row[7]
                        _update(connection, [*row[:8], later, *row[9:]], cipher)

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

    def _select(
        self, connection: sqlite3.Connection, where: str, values: Row, cipher: OwnerCipher
    ) -> list[Item]:
        if not has_table(connection, "items"):
            return []
        rows = select(connection, "items", where, (self.owner, self._clock(), *values))
        found = [item_of(reveal("items", row, cipher)) for row in rows]
        # A row that is damaged says more of itself.
        self._rolls.call(connection, self.owner, "items")
        return found

    def _erase_expired(self, connection: sqlite3.Connection, now: float) -> int:
        # Read first: an index that is damaged must not say what has expired.
        gone = select(connection, "items", "owner = ? AND expires <= ?", (self.owner, now))
        for row in gone:
            with called(connection, self.owner, "items", _HERE, row[1:3]):
                connection.execute(f"DELETE FROM items WHERE {_ONE} AND expires <= ?", (*row[:3], now))  # noqa: S608
        return len(gone)


def _make_table(connection: sqlite3.Connection) -> None:
    if not has_table(connection, "items"):
        for statement in ITEMS:
            connection.execute(statement)


def _place(owner: str, namespace: str, key: str, cipher: OwnerCipher) -> tuple[str, str, str]:
    """What an item is found by."""
    kept = (("namespace", namespace), ("key", key))
    one, two = (blinded("items", column, text, cipher) for column, text in kept)
    return owner, one, two


def _update(connection: sqlite3.Connection, values: Row, cipher: OwnerCipher) -> None:
    names, values = columns("items"), hide("items", values, cipher)
    marks = ", ".join(f"{name} = ?" for name in names)
    statement = f"UPDATE items SET {marks} WHERE {_ONE}"  # noqa: S608
    connection.execute(statement, (*values, seal("items", values), *values[:3]))
