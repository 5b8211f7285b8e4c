"""What is left of what was forgotten: no row at once, no byte in tables after `compact`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.postgres_server import Server
from jarvis_memory.store import OwnerStore
from jarvis_memory.store.items import ItemDraft
from jarvis_memory.store.places import items_of
from jarvis_memory.store.postgres import PostgresCatalogue, PostgresIndex
from tests.scale.conftest import admin
from tests.store.drafts import draft
from tests.store.test_forget import PIXELS, left, planted


@pytest.fixture
def store(database: str, tmp_path: Path) -> Iterator[OwnerStore]:
    with OwnerStore.open(database, "owner-ana", blobs=tmp_path) as store:
        yield store


def rows_with(server: Server, needle: str) -> list[str]:
    """Tables in which a superuser, for whom there are no walls, finds a text in any column."""
    with admin(server, "home") as connection:
        tables = [
            row[0]
            for row in connection.execute(
                "SELECT c.oid::regclass::text FROM pg_class c WHERE c.relkind = 'r' "
                "AND c.relnamespace IN ('jarvis'::regnamespace, 'pg_catalog'::regnamespace)"
            )
        ]
        query = "SELECT 1 FROM {} t WHERE t::text LIKE %s LIMIT 1"
        return [t for t in tables if connection.execute(query.format(t), (f"%{needle}%",)).fetchone()]


def bytes_in(folder: Path, needles: list[bytes]) -> set[bytes]:
    data = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    return {needle for needle in needles if any(needle in content for content in data)}


def test_no_row_and_no_blob_is_left_at_once(server: Server, store: OwnerStore, tmp_path: Path) -> None:
    value, needles = planted(1, 1)
    concept = store.add_concept(value)
    store.put_segment(concept.id, "f", PIXELS)
    store.put_snapshot("s", PIXELS)
    other = store.add_concept(draft())
    assert rows_with(server, value.name) != []
    assert left(tmp_path, [PIXELS]) != []
    store.forget(value.name)
    assert rows_with(server, value.name) == []
    assert rows_with(server, concept.id) == []
    assert left(tmp_path, needles) == []
    assert left(tmp_path, [PIXELS]) == []
    assert store.list() == [other]
    store.delete_owner()
    # Of the owner's name, too.
    assert rows_with(server, "owner-ana") == []


def test_no_byte_is_left_in_the_tables_after_compact(server: Server, store: OwnerStore) -> None:
    catalogue = store._catalogue
    assert isinstance(catalogue, PostgresCatalogue)
    value, needles = planted(2, 1)
    concept = store.add_concept(value)
    items = items_of(catalogue, store.owner)
    items.write([((value.name,), "k", ItemDraft({"x": value.name}))])
    assert PostgresIndex(catalogue.cluster, 8).build(store.owner, least=1)
    kept = store.add_concept(draft())
    with admin(server, "home") as connection:
        connection.execute("ANALYZE")
        connection.execute("CHECKPOINT")
    # Vectors of the concept, its name, its notes.
    inside = [needle for needle in needles if not needle.startswith(PIXELS)]
    assert bytes_in(server.data / "base", inside) == set(inside)
    store.forget(value.name)
    items.write([((value.name,), "k", None)])
    catalogue.compact()
    # The files of before are unlinked with the next checkpoint, which comes every five minutes by itself.
    with admin(server, "home") as connection:
        connection.execute("CHECKPOINT")
    assert bytes_in(server.data / "base", [*inside, concept.id.encode()]) == set()
    # What is promised ends here: the log keeps what it has until the server has written over it.
    assert bytes_in(server.data / "pg_wal", inside) != set()
    assert store.list() == [kept]
    assert list(store.verify()) == []


def test_what_was_hidden_is_erased_when_it_is_opened(server: Server, database: str, tmp_path: Path) -> None:
    value, _ = planted(3, 1)
    with OwnerStore.open(database, "ana", blobs=tmp_path) as store:
        concept = store.add_concept(value)
        store._catalogue.tombstone("ana", concept.id)
    assert rows_with(server, value.name) != []
    with OwnerStore.open(database, "ana", blobs=tmp_path) as store:
        assert store.list() == []
    assert rows_with(server, value.name) == []
