"""Row-level security: what a statement that forgot its owner sees."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.postgres_server import Server
from jarvis_memory.store import OwnerStore
from jarvis_memory.store.items import ItemDraft
from jarvis_memory.store.keys import keyed
from jarvis_memory.store.postgres import Cluster, PostgresCatalogue
from jarvis_memory.store.postgres.schema import OWNED, PARTITIONS
from jarvis_retrievers.errors import HomeReadOnlyError
from tests.scale.conftest import admin
from tests.store.conformance import blob, rows
from tests.store.test_items import Clock
from tests.store.test_receipt import given
from tests.store.test_walls import nothing_in_common


@pytest.fixture
def cluster(database: str) -> Iterator[Cluster]:
    cluster = Cluster(database)
    catalogue = PostgresCatalogue(cluster)
    for owner, number in (("ana", 1), ("ben", 2)):
        concept = catalogue.add(owner, rows(owner, number))
        catalogue.items(owner, Clock()).write([(("a",), "b", ItemDraft({}))])
        catalogue.put_snapshot(owner, "s", blob(70 + number))
        with cluster.write(owner) as session:
            session.insert("data_keys", [(owner, number, b"wrapped")])
        from jarvis_memory.store import SegmentRow

        catalogue.put_segment(owner, SegmentRow(concept.id, "f", concept.updated, 1, blob(80 + number)))
    catalogue.put_setting("kv", "int8")
    yield cluster
    cluster.close()


@pytest.mark.parametrize("table", OWNED)
def test_a_statement_sees_the_owner_of_its_transaction_alone(cluster: Cluster, table: str) -> None:
    query = f"SELECT DISTINCT owner FROM jarvis.{table}"
    for owner in ("ana", "ben"):
        with cluster.read(owner) as session:
            assert session.rows(query) == [(owner,)]
            assert session.rows(f"{query} WHERE owner = %s", ("ben" if owner == "ana" else "ana",)) == []
    with cluster.read("nobody") as session:
        assert session.rows(query) == []
    # A connection that forgot to say for whom.
    with cluster.alone() as session:
        assert session.rows(query) == []
        assert session.rows("SELECT * FROM jarvis.settings") == []
        assert session.run(f"DELETE FROM jarvis.{table}") == 0
    # The partitions by their own names, with an owner set.
    with cluster.read("ana") as session:
        for number in range(PARTITIONS):
            assert session.rows(f"SELECT 1 FROM jarvis.{table}_{number}") == []
        assert session.rows(query) == [("ana",)]


def test_the_next_transaction_of_a_connection_starts_without_an_owner(database: str) -> None:
    cluster = Cluster(database, connections=1)
    try:
        with cluster.read("ana") as session:
            assert session.row("SELECT current_setting('jarvis.owner', true)") == ("ana",)
        with cluster.read(None) as session:
            assert session.row("SELECT current_setting('jarvis.owner', true)") in ((None,), ("",))
        with pytest.raises(ZeroDivisionError), cluster.write("ana") as session:
            raise ZeroDivisionError
        with cluster.read(None) as session:
            assert session.row("SELECT current_setting('jarvis.owner', true)") in ((None,), ("",))
    finally:
        cluster.close()


def test_nothing_is_written_for_another_owner(cluster: Cluster) -> None:
    with pytest.raises(HomeReadOnlyError, match="row-level security"), cluster.write("ana") as session:
        session.run("INSERT INTO owners (owner, key) VALUES ('eve', 'x')")
    with cluster.write("ana") as session:
        assert session.run("DELETE FROM concepts WHERE owner = 'ben'") == 0
        assert session.run("UPDATE owners SET key = 'x' WHERE owner = 'ben'") == 0
    with pytest.raises(HomeReadOnlyError, match="row-level security"), cluster.write("ana") as session:
        session.run("UPDATE owners SET owner = 'ben'")


def test_what_the_home_is_asked_for_shows_no_concept(cluster: Cluster) -> None:
    with cluster.read(None) as session:
        assert session.rows("SELECT owner FROM owners ORDER BY 1") == [("ana",), ("ben",)]
        for table in ("concepts", "patches", "lots", "vectors", "items"):
            assert session.rows(f"SELECT 1 FROM {table}") == []
    with cluster.write(None) as session:
        for table in OWNED:
            assert session.run(f"DELETE FROM {table}") == 0


@pytest.mark.parametrize(
    "owner", ["a'b", "'; DROP TABLE jarvis.owners; --", "{}", "%s", "\\", "ana' OR '1'='1"]
)
def test_an_owner_is_never_a_statement(cluster: Cluster, owner: str) -> None:
    for way in (cluster.read, cluster.write):
        with way(owner) as session:
            assert session.row("SELECT current_setting('jarvis.owner')") == (owner,)
            assert session.rows("SELECT 1 FROM concepts") == []


def test_equal_photos_of_two_owners_have_nothing_in_common(
    server: Server, database: str, tmp_path: Path
) -> None:
    readable = {"pixels", "body", "name_key", "fingerprint"}

    def rows_of(owner: str) -> set[object]:
        found: set[object] = set()
        with admin(server, "home") as connection:
            # Their vectors are the same, as the encoder is.
            for table in set(OWNED) - {"vectors"}:
                cursor = connection.execute(f"SELECT * FROM jarvis.{table} WHERE owner = %s", (owner,))
                names = [column.name for column in cursor.description]
                for row in cursor.fetchall():
                    kept = [value for name, value in zip(names, row, strict=True) if name not in readable]
                    found |= {value for value in kept if isinstance(value, (str, bytes)) and len(value) > 15}
        return found

    nothing_in_common(lambda owner: OwnerStore.open(database, owner, blobs=tmp_path), rows_of, tmp_path)


def test_keys_of_segments_are_under_the_owners_key(server: Server, cluster: Cluster) -> None:
    catalogue = PostgresCatalogue(cluster)
    keys = []
    for owner in ("ana", "ben"):
        secret, (concept,) = catalogue.owner_key(owner), catalogue.ids(owner)
        assert secret is not None
        with admin(server, "home") as connection:
            query = "SELECT key FROM jarvis.segments WHERE owner = %s"
            assert connection.execute(query, (owner,)).fetchall() == [
                (keyed(secret, "jarvis/segment", concept, "f"),)
            ]
        keys.append(secret)
    assert keys[0] != keys[1]


def test_receipts(database: str, tmp_path: Path) -> None:
    given(*(OwnerStore.open(database, owner, blobs=tmp_path) for owner in ("ana", "ben")))
