"""The tests of agents' items, as they are, on a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.postgres_server import Server
from jarvis_memory.store.items import ItemDraft
from jarvis_memory.store.places import items_of
from jarvis_memory.store.postgres import Cluster, PostgresCatalogue, PostgresItems
from jarvis_plugins.langchain import PersonalStore
from jarvis_retrievers.errors import CorruptRecordError
from tests.scale.conftest import admin
from tests.store import test_items
from tests.store.test_items import (  # noqa: F401  (pytest runs them here, with the fixture below)
    test_a_batch_is_written_whole_or_not_at_all,
    test_an_item_is_kept_whole,
    test_prefixes_are_of_labels_not_of_letters,
    test_threads_share_it,
)

NS = ("notes", "bo")


@pytest.fixture
def catalogue(database: str) -> Iterator[PostgresCatalogue]:
    catalogue = PostgresCatalogue(Cluster(database))
    yield catalogue
    catalogue.close()


@pytest.fixture(autouse=True)
def in_a_cluster(catalogue: PostgresCatalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    def items(home: Path, owner: str = "ana", clock: Any = None) -> PostgresItems:
        return catalogue.items(owner, clock or test_items.Clock())

    monkeypatch.setattr(test_items, "items", items)


def test_time_to_live(catalogue: PostgresCatalogue) -> None:
    clock = test_items.Clock()
    table = items_of(catalogue, "ana", clock)
    table.write([(NS, "short", ItemDraft({}, 10)), (NS, "long", ItemDraft({}))])
    clock.now += 9
    table.refresh(table.under(NS))
    clock.now += 9
    assert [item.key for item in table.under(())] == ["short", "long"]
    clock.now += 1
    assert [item.key for item in table.under(())] == ["long"]
    assert table.get(NS, "short") is None
    assert (table.sweep(), table.sweep()) == (1, 0)


def test_owners_are_walls_and_leaving_erases(catalogue: PostgresCatalogue) -> None:
    ana, ben = (catalogue.items(owner, test_items.Clock()) for owner in ("ana", "ben"))
    for table in (ana, ben):
        table.write([(NS, "k", ItemDraft({"who": table.owner}))])
    catalogue.tombstone("ana", None)
    assert (ana.get(NS, "k"), ana.namespaces(), ana.under(())) == (None, [], [])
    found = ben.get(NS, "k")
    assert found is not None
    assert found.draft.value == {"who": "ben"}


@pytest.mark.parametrize(
    "change", ["value = '{}'", "ttl = 60.0", "expires = NULL", "kinds = 'i'", "key = '\"x\"'"]
)
def test_damage_is_noticed(catalogue: PostgresCatalogue, server: Server, change: str) -> None:
    table = catalogue.items("ana", test_items.Clock())
    table.write([(NS, "k", ItemDraft({"n": 1}, 50.0))])
    with admin(server, "home") as connection:
        connection.execute(f"UPDATE jarvis.items SET {change}")
    with pytest.raises(CorruptRecordError, match="items"):
        table.under(())
    assert len(catalogue.flaws("ana", False)) == 1
    # Indexes are made anew, which is not what was wrong.
    assert len(catalogue.flaws("ana", True)) == 1


def test_long_term_memory_of_agents(database: str, tmp_path: Path) -> None:
    with (
        PersonalStore(database, "ana", blobs=tmp_path) as store,
        PersonalStore(database, "ben", blobs=tmp_path) as other,
    ):
        store.put(NS, "tea", {"kind": "green"})
        found = store.get(NS, "tea")
        assert found is not None
        assert found.value == {"kind": "green"}
        assert [item.key for item in store.search(("notes",), filter={"kind": "green"})] == ["tea"]
        assert other.search(()) == []
        store.delete(NS, "tea")
        assert store.list_namespaces() == []
