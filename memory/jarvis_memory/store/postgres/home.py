"""What a cluster's catalogue holds and does for the whole home: settings, who is in it, its tables."""

from __future__ import annotations

from jarvis_retrievers.errors import CorruptRecordError

from ..rows import seal
from .cluster import Cluster
from .rows import select
from .schema import SCHEMA

__all__ = ["PostgresHome"]


class PostgresHome:
    """Part of `PostgresCatalogue`; its transactions are of no owner, and see what is of the whole home."""

    _cluster: Cluster

    def owners(self) -> tuple[str, ...]:
        """Everybody who has remembered something, sorted."""
        with self._cluster.read(None) as session:
            return tuple(row[0] for row in session.rows("SELECT owner FROM owners ORDER BY owner"))

    def setting(self, key: str) -> str | None:
        """See `Catalogue.setting`."""
        with self._cluster.read(None) as session:
            rows = select(session, "settings", "key = %s", (key,))
        return str(rows[0][1]) if rows else None

    def put_setting(self, key: str, value: str | None) -> None:
        """See `Catalogue.put_setting`."""
        with self._cluster.write(None) as session:
            session.run("DELETE FROM settings WHERE key = %s", (key,))
            if value is not None:
                session.insert("settings", [(key, value)])

    def encrypted(self) -> bool:
        """Whether its blobs are; see `ClusterRing`."""
        with self._cluster.read(None) as session:
            return session.row("SELECT 1 FROM lock") is not None

    def live_blobs(self) -> frozenset[str]:
        """See `Catalogue.live_blobs`."""
        with self._cluster.read(None) as session:
            tables = ("photos", "segments", "snapshots")
            query = " UNION ALL ".join(f"SELECT blob FROM {table}" for table in tables)  # noqa: S608
            return frozenset(row[0] for row in session.rows(query))

    def tidy(self) -> None:
        """Nothing: tables cannot be written anew whenever a concept is forgotten; see `compact`."""

    def compact(self) -> None:
        """Write all tables anew, so that no byte of what was erased is left in them.

        Each table is locked while that is done: a matter for the night. The server's log, its standbys and
        its backups keep what they have for as long as they are kept.

        Raises:
            StoreError: somebody kept a table in use for longer than the timeout.
        """
        leaves = (
            "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = %s AND c.relkind = 'r' ORDER BY 1"
        )
        with self._cluster.alone() as session:
            for (table,) in session.rows(leaves, (SCHEMA,)):
                session.run(f"VACUUM (FULL) {table}")

    def flaws(self, owner: str, repair: bool) -> tuple[str, ...]:
        """See `Catalogue.flaws`; the file is the server's to look after (data checksums, ``pg_amcheck``)."""
        if repair:
            with self._cluster.alone() as session:
                session.run(f"REINDEX SCHEMA {SCHEMA}")
        wrong: list[str] = []
        for table in ("items", "snapshots"):
            with self._cluster.read(owner) as session:
                try:
                    select(session, table, "owner = %s", (owner,))
                except CorruptRecordError as error:
                    wrong.append(str(error))
        return tuple(wrong)

    def destroy_key(self, owner: str) -> None:
        """See `Catalogue.destroy_key`; blobs are encrypted with it, rows are not.

        The server keeps what it has written over for a while, as it does of all rows (see the class).
        """
        with self._cluster.write(owner) as session:
            # Not checked: a damaged key must be possible to destroy.
            for key_id, wrapped in session.rows(
                "SELECT key_id, wrapped FROM data_keys WHERE owner = %s", (owner,)
            ):
                values = (owner, key_id, bytes(len(wrapped)))
                session.run(
                    "UPDATE data_keys SET wrapped = %s, digest = %s WHERE owner = %s",
                    (values[2], seal("data_keys", values), owner),
                )

    def key_destroyed(self, owner: str) -> bool:
        """See `Catalogue.key_destroyed`."""
        with self._cluster.read(owner) as session:
            try:
                rows = select(session, "data_keys", "owner = %s", (owner,))
            except CorruptRecordError:
                # Rot must not look like the wish to forget; whoever reads with this key reports it.
                return False
        return bool(rows) and not any(rows[0][2])

    def free_room(self) -> bool:
        """See `Catalogue.free_room`; nothing is set aside here."""
        return False
