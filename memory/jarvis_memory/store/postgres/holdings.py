"""What rows of a cluster take up, counted by the server, and blocks that are one transaction."""

# ruff: noqa: S608  (statements hold names of tables and columns; values are bound)
from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from ..holdings import PATCH_BYTES, Amount, Holdings
from ..quota import HOME_QUOTA, Quota, quota_key
from ..schema import OF_PHOTOS
from .cluster import Cluster
from .rows import select
from .session import Session

__all__ = ["PostgresHoldings", "within_quota"]

_TEXTS = f"kind NOT IN ({OF_PHOTOS})"
_SIZES: tuple[tuple[str, str, str, str], ...] = (
    # of Holdings, table, bytes, which rows
    ("concepts", "concepts", "octet_length(body)", ""),
    ("photos", "photos", "length", ""),
    ("patches", "patches", str(PATCH_BYTES), ""),
    ("vectors", "lots", "2 * count * width", f" AND kind IN ({OF_PHOTOS})"),
    ("texts", "lots", "2 * count * width", f" AND {_TEXTS}"),
    ("segments", "segments", "length", ""),
)
_ITEM = " + ".join(f"octet_length({name})" for name in ("namespace", "key", "value", "vectors"))
_SEQUENCE = "SELECT 'sequence', CASE WHEN is_called THEN last_value ELSE 0 END, 0 FROM changes"


class PostgresHoldings:
    """Part of `PostgresCatalogue`."""

    _cluster: Cluster

    def reading(self) -> AbstractContextManager[None]:
        """See `Holding.reading`."""
        return self._cluster.reading()

    def writing(self) -> AbstractContextManager[None]:
        """See `Holding.writing`; of each owner, from the first look at what is theirs on."""
        return self._cluster.writing()

    def holdings(self, owner: str, concept_id: str | None = None) -> Holdings:
        """See `Holding.holdings`."""
        with self._cluster.read(owner) as session:
            return holdings_of(session, owner, concept_id)

    def text_encoders(self, owner: str) -> dict[str, str]:
        """See `Holding.text_encoders`."""
        with self._cluster.read(owner) as session:
            query = f"SELECT concept, kind FROM lots WHERE owner = %s AND {_TEXTS}"
            return {row[0]: row[1].split("/", 2)[-1] for row in session.rows(query, (owner,))}


def holdings_of(session: Session, owner: str, concept_id: str | None = None) -> Holdings:
    """See `Holding.holdings`, inside somebody else's transaction."""
    only, one = ("", ()) if concept_id is None else (" AND concept = %s", (concept_id,))
    parts = [(name, table, size, only + which, one) for name, table, size, which in _SIZES]
    parts.append(("snapshots", "snapshots", "length", "", ()))
    if concept_id is None:
        parts.append(("items", "items", _ITEM, "", ()))
    counts = [
        f"SELECT '{name}', COUNT(*), COALESCE(SUM({size}), 0) FROM {table} WHERE owner = %s{where}"
        for name, table, size, where, _ in parts
    ]
    values = [value for part in parts for value in (owner, *part[4])]
    found = {
        name: Amount(int(count), int(nbytes))
        for name, count, nbytes in session.rows(" UNION ALL ".join([*counts, _SEQUENCE]), values)
    }
    sequence = found.pop("sequence").count
    return Holdings(**found, sequence=sequence)


@contextmanager
def within_quota(cluster: Cluster, session: Session, owner: str, also: Quota | None = None) -> Iterator[None]:
    """A part of a transaction that an owner's stored quota may refuse, or another one.

    Args:
        cluster: whose settings hold it.
        session: that writes for this owner, so that nobody else does.
        owner: whose.
        also: the other one.

    Raises:
        QuotaError: it is too much; the transaction has to be undone.
    """
    keys = (quota_key(owner), HOME_QUOTA)
    with cluster.read(None) as home:
        found = {row[0]: str(row[1]) for row in select(home, "settings", "key = ANY(%s)", ([*keys],))}
    own, general = (Quota.from_json(found.get(key)) for key in keys)
    quota = own.over(general).least(also or Quota())
    if not quota.limits:
        yield
        return
    before = holdings_of(session, owner)
    yield
    quota.check(before, holdings_of(session, owner))
