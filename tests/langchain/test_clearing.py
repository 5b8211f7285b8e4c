"""What of an owner goes when a `HostedIndex` clears: all, also what cannot be listed at once."""

from __future__ import annotations

import pytest

from jarvis_plugins.langchain import RowEmbeddings
from jarvis_retrievers.errors import StoreError
from tests.langchain.test_vector_index import Faulty, again, unit


@pytest.fixture
def store() -> Faulty:
    return Faulty(RowEmbeddings(8))


def damage(store: Faulty, owner: str, number: int) -> None:
    row = store.store[again(store)._seal.key(owner, number)]
    row["text"] = row["text"][:40] + ("A" if row["text"][40] != "A" else "B") + row["text"][41:]


@pytest.mark.parametrize("left", [0, 3, 12])
def test_a_rebuild_leaves_nothing_that_the_record_has_not(store: Faulty, left: int) -> None:
    rows = unit(30)
    again(store, most=5).add("ben", [3], rows[:1])
    again(store, most=5).add("ana", range(30), rows)
    fresh = again(store, most=5)
    done = fresh.rebuild("ana", range(left), rows[:left])
    assert (done.kept, done.added) == (0, left)
    assert 30 - left <= done.removed <= 30
    assert len(store.store) == left + 1
    for query in rows[25:]:
        found = fresh.search("ana", query[None], 4)[1]
        assert set(found[0].tolist()) <= {*range(left), -1}
    assert again(store, most=5).count("ben") == 1


def test_a_damaged_row_does_not_hide_that_a_list_was_cut(store: Faulty) -> None:
    rows = unit(12)
    again(store).add("ana", range(12), rows)
    first = int(rows[:, 0].argmax())  # of every list
    damage(store, "ana", first)
    fresh = again(store, most=5)
    fresh.rebuild("ana", [first], rows[[first]])
    assert len(store.store) == 1
    assert fresh.search("ana", rows[:1], 2)[1].tolist() == [[first, -1]]


def test_a_rebuild_says_if_the_store_keeps_what_it_cannot_list(store: Faulty) -> None:
    rows = unit(30)
    again(store).add("ana", range(30), rows)
    store.faults = {"keeps"}
    with pytest.raises(StoreError, match="goes on giving"):
        again(store, most=5).rebuild("ana", range(3), rows[:3])


def test_an_owner_whose_damaged_rows_cannot_be_deleted_is_not_said_to_be_gone(store: Faulty) -> None:
    rows = unit(9)
    index = again(store)
    index.add("ana", range(9), rows)
    for number in (2, 5, 7):
        damage(store, "ana", number)
    with pytest.raises(StoreError, match=f"damaged.*tag {index._seal.tag('ana')}"):
        again(store).delete_owner("ana")
    assert len(store.store) == 3
    # Whoever knows their ids can.
    index.delete_owner("ana")
    assert store.store == {}
    again(store).delete_owner("ana")
