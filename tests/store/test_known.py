"""The list of concepts is read once, and is always that of the record."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jarvis_memory.concept import Concept
from jarvis_memory.store import MemoryBlobStore, MemoryCatalogue, OwnerStore
from jarvis_memory.store.catalogue import SQLiteCatalogue
from jarvis_memory.store.known import KnownConcepts
from jarvis_retrievers.errors import CorruptRecordError
from tests.store.drafts import draft


def test_what_was_read_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole: list[str] = []
    single: list[str] = []
    read_all, read_one = SQLiteCatalogue.concepts, SQLiteCatalogue.concept

    def concepts(self: SQLiteCatalogue, owner: str) -> tuple[Concept, ...]:
        whole.append(owner)
        return read_all(self, owner)

    def concept(self: SQLiteCatalogue, owner: str, concept_id: str) -> Concept | None:
        single.append(concept_id)
        return read_one(self, owner, concept_id)

    with (
        OwnerStore.open(tmp_path / "home", "ana") as store,
        OwnerStore.open(tmp_path / "home", "ana") as other,
    ):
        made = [store.add_concept(draft(f"Bo {n}", n)) for n in range(5)]
        assert store.list() == made
        monkeypatch.setattr(SQLiteCatalogue, "concepts", concepts)
        monkeypatch.setattr(SQLiteCatalogue, "concept", concept)
        assert store.list() == made
        assert (whole, single) == ([], [])
        made[2] = other.replace_concept(made[2].id, draft("Bo 2", 9, notes=("Likes plums.",)))
        assert store.list() == made
        assert (whole, single) == ([], [made[2].id])
        other.erase(made[1].id)
        assert store.list() == [made[0], *made[2:]]
        assert whole == ["ana"]
        store.list().clear()  # a list of its own each time
        assert len(store.list()) == 4


@given(st.lists(st.tuples(st.sampled_from("arf"), st.integers(0, 3)), max_size=14))
@settings(max_examples=25, deadline=None)
def test_after_any_changes_it_is_that_of_the_record(changes: list[tuple[str, int]]) -> None:
    catalogue = MemoryCatalogue()
    store = OwnerStore("ana", catalogue, MemoryBlobStore())
    for number, (change, which) in enumerate(changes):
        there = store.list()
        if change == "a" or not there:
            store.add_concept(draft(f"Bo {number}", number))
        elif change == "r":
            one = there[which % len(there)]
            store.replace_concept(one.id, draft(one.name, 50 + number))
        else:
            store.erase(there[which % len(there)].id)
        assert store.list() == [*catalogue.concepts("ana")]


def test_nothing_is_kept_of_what_was_forgotten() -> None:
    store = OwnerStore("ana", MemoryCatalogue(), MemoryBlobStore())
    made = store.add_concept(draft())
    assert store.list() == [made]
    store.erase(made.id)
    assert store._known._known == ()


@pytest.mark.parametrize("change", ["SET live = 0", "SET updated = updated + 1000"])
def test_a_row_that_was_tampered_with_is_told(tmp_path: Path, change: str) -> None:
    with OwnerStore.open(tmp_path / "home", "ana") as store:
        made = [store.add_concept(draft(f"Bo {n}", n)) for n in range(4)]
        assert store.list() == made
        with sqlite3.connect(tmp_path / "home" / "catalogue.sqlite") as connection:
            connection.execute(f"UPDATE concepts {change} WHERE concept = ?", (made[1].id,))
        connection.close()
        with pytest.raises(CorruptRecordError, match=made[1].id):
            store.list()


def test_a_concept_that_goes_between_two_reads() -> None:
    """Another process may forget a concept after the versions were read."""
    catalogue = MemoryCatalogue()
    store = OwnerStore("ana", catalogue, MemoryBlobStore())
    made = [store.add_concept(draft(f"Bo {n}", n)) for n in range(5)]
    known = KnownConcepts(catalogue, "ana")
    assert known.list() == made
    store.replace_concept(made[3].id, draft("Bo 3", 30))
    versions = catalogue.versions("ana")
    store.erase(made[3].id)
    found = known._read(versions, {one.id: one for one in made})
    assert [*found] == [*made[:3], made[4]]
