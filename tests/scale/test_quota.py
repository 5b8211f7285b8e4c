"""The tests of holdings, blocks and quotas, as they are, on a cluster; and several processes at one quota."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from jarvis_memory.store import OwnerStore, Quota
from jarvis_memory.store.items import ItemDraft
from jarvis_memory.store.postgres import PostgresCatalogue
from jarvis_memory.store.transfer import transfer
from jarvis_retrievers.errors import QuotaError, StoreError
from tests.store.drafts import draft
from tests.store.portraits import items_of, put
from tests.store.test_quota import TestHoldings, TestQuota

__all__ = ["TestHoldings", "TestQuota"]

ROOT = Path(__file__).parents[2]


@pytest.fixture
def store(database: str, tmp_path: Path) -> Iterator[OwnerStore]:
    with OwnerStore.open(database, "ana", blobs=tmp_path / "blobs") as store:
        yield store


@pytest.fixture
def catalogue(store: OwnerStore) -> PostgresCatalogue:
    assert isinstance(store._catalogue, PostgresCatalogue)
    return store._catalogue


def test_items_count_too(store: OwnerStore, catalogue: PostgresCatalogue, tmp_path: Path) -> None:
    store.put_quota(Quota(nbytes=1000))
    put(store, ("a",), "k", {"text": "x" * 400})
    assert store.holdings().items.nbytes == len('["a"]') + len('"k"') + len('{"text": ""}') + 400
    with pytest.raises(QuotaError, match="1000 bytes, there are 420, and it would be"):
        put(store, ("a",), "l", {"text": "y" * 700})
    with pytest.raises(QuotaError):
        store.add_concept(draft())
    put(store, ("a",), "k", {"text": "short"})
    put(store, ("a",), "l", {"text": "y" * 700})
    assert [item.key for item in items_of(store)] == ["k", "l"]
    assert store.sweep(0) == 0
    catalogue.items("ben", lambda: 0.0).write([(("a",), "k", ItemDraft({"text": "y" * 2000}))])
    # What is copied counts as what is written.
    store.put_quota(Quota(concepts=1))
    with OwnerStore.open(tmp_path / "home", "ana") as home:
        for number in range(2):
            home.add_concept(draft(f"Bo {number}", number))
        store.delete_owner()
        store.put_quota(Quota(concepts=1))
        with pytest.raises(QuotaError, match="1 concepts"):
            transfer((home._catalogue, home._blobs), (catalogue, store._blobs), "ana")
    assert len(store.list()) == 1
    assert store.sweep(0) == 0


def test_several_processes_do_not_pass_it_together(database: str, tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from jarvis_memory.store import OwnerStore\n"
        "from jarvis_retrievers.errors import QuotaError\n"
        "from tests.store.drafts import draft\n"
        "done = 0\n"
        "with OwnerStore.open(sys.argv[1], 'ana', blobs=sys.argv[2]) as store:\n"
        "    for number in range(8):\n"
        "        try:\n"
        "            store.add_concept(draft(f'{sys.argv[3]} {number}', number, photos=1))\n"
        "            done += 1\n"
        "        except QuotaError:\n"
        "            pass\n"
        "print(done)\n"
    )
    with OwnerStore.open(database, "ana", blobs=tmp_path) as store:
        store.put_quota(Quota(concepts=13))
        several = [
            subprocess.Popen(
                [sys.executable, "-c", script, database, str(tmp_path), name],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                text=True,
            )
            for name in ("one", "two", "three")
        ]
        counts = [int(process.communicate()[0]) for process in several]
        assert sum(counts) == len(store.list()) == 13
        assert store.sweep(0) == 0
        assert list(store.verify()) == []


def test_nobody_else_writes_for_an_owner_meanwhile(store: OwnerStore, catalogue: PostgresCatalogue) -> None:
    """Between what is read in a block and what is written there; others go on, and so do settings."""
    done: list[str] = []

    def another(owner: str) -> None:
        OwnerStore(owner, catalogue, store._blobs).add_concept(draft(f"{owner}'s"))
        done.append(owner)

    with catalogue.writing():
        assert store.quota == Quota()
        before = catalogue.holdings("ana")
        others = {owner: threading.Thread(target=another, args=(owner,)) for owner in ("ana", "ben")}
        for other in others.values():
            other.start()
        others["ben"].join(30)
        assert done == ["ben"]
        store.add_concept(draft())
        assert catalogue.holdings("ana").concepts.count == before.concepts.count + 1
    others["ana"].join(30)
    assert done == ["ben", "ana"]
    assert [concept.name for concept in store.list()] == ["Bo", "ana's"]


def test_a_block_that_reads_sees_one_moment(store: OwnerStore, catalogue: PostgresCatalogue) -> None:
    with catalogue.reading():
        before = catalogue.versions("ana")
        other = threading.Thread(target=store.add_concept, args=(draft(),))
        other.start()
        other.join(30)
        assert catalogue.versions("ana") == before == ()
        assert catalogue.setting("kv") is None
        assert items_of(store) == []
        with pytest.raises(StoreError, match="in a block that reads"):
            catalogue.put_setting("kv", "int8")
    assert len(catalogue.versions("ana")) == 1


def test_an_error_that_is_swallowed_is_told_at_the_end(
    store: OwnerStore, catalogue: PostgresCatalogue
) -> None:
    def careless() -> None:
        with catalogue.writing():
            store.add_concept(draft())
            with pytest.raises(StoreError), catalogue.cluster.write("ana") as session:
                session.run("SELECT 1 / 0 FROM nothing")
            with pytest.raises(StoreError):
                store.list()

    with pytest.raises(StoreError, match="nothing was changed"):
        careless()
    assert store.list() == []
    # The next one has a connection that works.
    store.add_concept(draft())


def test_each_part_of_a_block_sees_its_owner_alone(catalogue: PostgresCatalogue) -> None:
    query = "SELECT current_setting('jarvis.owner', true), current_setting('jarvis.home', true)"
    with catalogue.writing(), catalogue.cluster.write("ana") as ana:
        with catalogue.cluster.read("ben") as ben:
            assert ben.row(query) == ("ben", "")
            with catalogue.cluster.write(None) as home:
                assert home.row(query) == ("", "on")
            assert ben.row(query) == ("ben", "")
        assert ana.row(query) == ("ana", "")
    with catalogue.reading(), catalogue.cluster.read(None) as home:
        assert home.row(query) == ("", "on")
