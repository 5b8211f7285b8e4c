"""Items of agents in a cluster."""

# ruff: noqa: S608  (statements hold names of tables and columns; values are bound)
from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from jarvis_retrievers.errors import CorruptRecordError

from ..home import check_owner
from ..item import Item, ItemDraft, Namespace, bounds, checked, item_of, moment, text_of, values_of
from ..quota import Quota
from ..rows import seal
from ..schema import columns
from .cluster import Cluster
from .holdings import within_quota
from .rows import enter, select
from .session import Row, Session

__all__ = ["PostgresItems"]

_HERE = "namespace = %s AND key = %s"
_ONE = f"owner = %s AND {_HERE}"
_LIVE = "owner = %s AND (expires IS NULL OR expires > %s)"


class PostgresItems:
    """`ItemStore` in a cluster, which `PostgresCatalogue.close` closes. Threads may share it.

    Args:
        owner: whose; see `check_owner`.
        cluster: with the table ``items``.
        clock: seconds since 1970.
        quota: limits what is written here, besides those that are stored.
    """

    def __init__(
        self,
        owner: str,
        cluster: Cluster,
        clock: Callable[[], float] = time.time,
        *,
        quota: Quota | None = None,
    ) -> None:
        self.owner = check_owner(owner)
        self._cluster, self._clock, self._quota = cluster, clock, quota or Quota()

    def get(self, namespace: Namespace, key: str) -> Item | None:
        """See `ItemStore.get`."""
        found = self._select(f" AND {_HERE}", (text_of(namespace), json.dumps(key)))
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
        where, values = " AND namespace > %s AND namespace < %s", bounds(prefix)
        if without is not None:
            where += " AND NOT (namespace > %s AND namespace < %s)"
            values += bounds(without)
        return self._select(f"{where} ORDER BY row LIMIT %s OFFSET %s", (*values, limit, offset))

    def namespaces(self) -> list[Namespace]:
        """See `ItemStore.namespaces`."""
        with self._cluster.read(self.owner) as session:
            query = f"SELECT DISTINCT namespace FROM items WHERE {_LIVE}"
            rows = session.rows(query, (self.owner, self._clock()))
        try:
            return sorted(tuple(json.loads(row[0])) for row in rows)
        except (ValueError, TypeError, RecursionError) as error:
            raise CorruptRecordError(
                f"a namespace of the items cannot be read ({error}); restore the database from a backup"
            ) from error

    def write(self, changes: Iterable[tuple[Namespace, str, ItemDraft | None]]) -> None:
        """See `ItemStore.write`."""
        now = self._clock()
        ready = [(text_of(ns), json.dumps(key), draft and checked(draft)) for ns, key, draft in changes]
        with self._written() as session:
            enter(session, self.owner)
            self._erase_expired(session, now)
            for namespace, key, draft in ready:
                place = (self.owner, namespace, key)
                old = session.row(f"SELECT created FROM items WHERE {_ONE}", place)
                if draft is None:
                    session.run(f"DELETE FROM items WHERE {_ONE}", place)
                elif old is None:
                    session.insert("items", [values_of(place, draft, moment(now), now)])
                else:
                    _update(session, tuple(values_of(place, draft, str(old[0]), now)))

    def put_back(self, items: Iterable[Item]) -> None:
        """See `ItemStore.put_back`."""
        with self._written() as session:
            enter(session, self.owner)
            for item in items:
                place = (self.owner, text_of(item.namespace), json.dumps(item.key))
                created, updated = item.created.timestamp(), item.updated.timestamp()
                row = [*values_of(place, checked(item.draft), moment(created), updated)]
                row[columns("items").index("expires")] = item.expires
                session.insert("items", [row])

    def refresh(self, items: Sequence[Item]) -> None:
        """See `ItemStore.refresh`."""
        places = [(text_of(i.namespace), json.dumps(i.key)) for i in items if i.draft.ttl is not None]
        if not places or self._cluster.read_only:
            return
        now = self._clock()
        with self._cluster.write(self.owner) as session:
            for place in places:
                for row in select(session, "items", f"{_LIVE} AND {_HERE}", (self.owner, now, *place)):
                    _update(session, (*row[:8], None if row[7] is None else now + row[7], *row[9:]))

    def sweep(self) -> int:
        """See `ItemStore.sweep`."""
        with self._cluster.write(self.owner) as session:
            return self._erase_expired(session, self._clock())

    def tidy(self) -> None:
        """See `ItemStore.tidy`; `PostgresCatalogue.compact` does it, for all owners."""

    @contextmanager
    def _written(self) -> Iterator[Session]:
        cluster, owner = self._cluster, self.owner
        with cluster.write(owner) as session, within_quota(cluster, session, owner, self._quota):
            yield session

    def _select(self, where: str, values: tuple[object, ...]) -> list[Item]:
        with self._cluster.read(self.owner) as session:
            rows = select(session, "items", f"{_LIVE}{where}", (self.owner, self._clock(), *values))
        return [item_of(row) for row in rows]

    def _erase_expired(self, session: Session, now: float) -> int:
        # Read first: a row that is damaged must not say that it has expired.
        gone = select(session, "items", "owner = %s AND expires <= %s", (self.owner, now))
        return sum(
            session.run(f"DELETE FROM items WHERE {_ONE} AND expires <= %s", (*row[:3], now)) for row in gone
        )


def _update(session: Session, values: Row) -> None:
    marks = ", ".join(f"{name} = %s" for name in columns("items"))
    session.run(f"UPDATE items SET {marks} WHERE {_ONE}", (*values, seal("items", values), *values[:3]))
