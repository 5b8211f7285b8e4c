"""Vectors of texts and snapshots of indexes: caches that go with what they were made of."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from jarvis_memory.store import BlobRef, Catalogue, MemoryCatalogue, OwnerStore, SQLiteCatalogue
from jarvis_retrievers.errors import CorruptRecordError, InputError
from tests.store.conformance import blob, rows
from tests.store.drafts import draft
from tests.store.locked import encrypted_catalogue
from tests.store.test_forget import left


def texts(count: int, dim: int, seed: int = 0) -> NDArray[np.float16]:
    return np.random.default_rng(seed).standard_normal((count, dim)).astype(np.float16)


@pytest.fixture(params=["memory", "sqlite", "encrypted"])
def catalogue(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Catalogue]:
    made: Catalogue = MemoryCatalogue()
    if request.param == "sqlite":
        made = SQLiteCatalogue(tmp_path / "catalogue.sqlite")
    elif request.param == "encrypted":
        made = encrypted_catalogue(tmp_path)
    yield made
    made.close()


class TestTexts:
    """What every catalogue must do."""

    def test_their_width_is_their_own(self, catalogue: Catalogue) -> None:
        one, two = catalogue.add("ana", rows("ana", 1)), catalogue.add("ana", rows("ana", 2))
        before = catalogue.vectors("ana")
        size = catalogue.usage("ana").vectors
        assert catalogue.put_texts("ana", one.id, one.updated, "e", texts(3, 5))
        assert catalogue.put_texts("ana", two.id, two.updated, "e", texts(1, 5, 1))
        found = catalogue.texts("ana", "e")
        assert set(found) == {one.id, two.id}
        assert found[one.id].dtype == np.float32
        np.testing.assert_array_equal(found[one.id], texts(3, 5).astype(np.float32))
        np.testing.assert_array_equal(found[two.id], texts(1, 5, 1).astype(np.float32))
        # Nothing else has changed, and a new concept has to fit those of its own kind alone.
        np.testing.assert_array_equal(catalogue.vectors("ana").matrix, before.matrix)
        assert catalogue.vectors("ana").ids.tolist() == before.ids.tolist()
        assert catalogue.concepts("ana") == (one, two)
        assert catalogue.usage("ana").vectors == size + 2 * 4 * 5
        third = catalogue.add("ana", rows("ana", 3))
        assert catalogue.put_texts("ana", third.id, third.updated, "wide", texts(2, 9))
        with pytest.raises(InputError, match="8 numbers, got 5"):
            catalogue.add("ana", rows("ana", 4, dim=5))

    def test_of_some_and_of_one_encoder(self, catalogue: Catalogue) -> None:
        ids = [catalogue.add("ana", rows("ana", number)).id for number in range(1, 4)]
        for number, concept_id in enumerate(ids):
            concept = catalogue.concept("ana", concept_id)
            assert concept is not None
            encoder = "other" if number == 2 else "e"
            assert catalogue.put_texts("ana", concept_id, concept.updated, encoder, texts(1, 4 + number))
        assert set(catalogue.texts("ana", "e")) == set(ids[:2])
        assert set(catalogue.texts("ana", "e", ids[1:])) == {ids[1]}
        assert set(catalogue.texts("ana", "e", [])) == set()
        assert set(catalogue.texts("ana", None, ids)) == set(ids)
        many = [*ids, *(f"{number:032x}" for number in range(1000, 1400))]
        assert set(catalogue.texts("ana", "e", many)) == set(ids[:2])
        assert catalogue.texts("ben", None) == {}

    def test_new_ones_take_the_place_of_old_ones(self, catalogue: Catalogue) -> None:
        concept = catalogue.add("ana", rows("ana", 1))
        for encoder, dim in (("e", 5), ("f", 7)):
            assert catalogue.put_texts("ana", concept.id, concept.updated, encoder, texts(2, dim))
        assert catalogue.texts("ana", "e") == {}
        assert catalogue.texts("ana", "f")[concept.id].shape == (2, 7)
        assert catalogue.put_texts("ana", concept.id, concept.updated, "f", texts(0, 7))
        assert catalogue.texts("ana", None) == {}

    def test_they_go_with_what_they_were_made_of(self, catalogue: Catalogue) -> None:
        concept = catalogue.add("ana", rows("ana", 1))
        assert catalogue.put_texts("ana", concept.id, concept.updated, "e", texts(2, 5))
        now, _ = catalogue.replace("ana", rows("ana", 1, seed=4))
        assert catalogue.texts("ana", None) == {}
        assert not catalogue.put_texts("ana", concept.id, concept.updated, "e", texts(2, 5))
        assert not catalogue.put_texts("ben", concept.id, now.updated, "e", texts(2, 5))
        assert catalogue.put_texts("ana", concept.id, now.updated, "e", texts(2, 5))
        catalogue.tombstone("ana", concept.id)
        assert not catalogue.put_texts("ana", concept.id, now.updated, "e", texts(2, 5))
        catalogue.erase("ana", [concept.id])
        assert catalogue.texts("ana", None) == {}
        assert catalogue.usage("ana").vectors == 0


class TestSnapshots:
    """What every catalogue must do."""

    def test_round_trip(self, catalogue: Catalogue) -> None:
        assert catalogue.put_snapshot("ana", "e", blob(1)) == (blob(1),)  # nobody of this name is here
        catalogue.add("ana", rows("ana", 1))
        catalogue.add("ben", rows("ben", 2))
        assert catalogue.snapshots("ana") == {}
        assert catalogue.drop_snapshots("ana") == ()
        assert catalogue.put_snapshot("ana", "e", blob(1)) == ()
        assert catalogue.put_snapshot("ana", "f", blob(2)) == ()
        assert catalogue.put_snapshot("ben", "e", blob(3)) == ()
        assert catalogue.put_snapshot("ana", "e", blob(4)) == (blob(1),)
        assert catalogue.snapshots("ana") == {"e": blob(4), "f": blob(2)}
        assert {blob(number).id for number in (2, 3, 4)} <= catalogue.live_blobs()
        assert set(catalogue.drop_snapshots("ana")) == {blob(2), blob(4)}
        assert catalogue.snapshots("ana") == {}
        catalogue.delete_owner("ben")
        assert catalogue.snapshots("ben") == {}
        assert catalogue.live_blobs().isdisjoint({blob(number).id for number in (2, 3, 4)})


MARK = b"what-an-index-has-learned"


def files(home: Path) -> set[str]:
    return {path.name for path in (home / "blobs").rglob("*") if path.is_file()}


def test_a_snapshot_in_a_home(tmp_path: Path) -> None:
    with OwnerStore.open(tmp_path, "ana") as store, OwnerStore.open(tmp_path, "ben") as other:
        store.add_concept(draft())
        other.add_concept(draft())
        before = files(tmp_path)
        store.put_snapshot("e", b"older")
        store.put_snapshot("e", MARK)
        assert len(files(tmp_path) - before) == 1
        assert (store.snapshot("e"), store.snapshot("f"), other.snapshot("e")) == (MARK, None, None)
        assert store.sweep(0) == 0
        assert store.snapshot("e") == MARK
    with OwnerStore.open(tmp_path, "ana") as store:
        assert store.snapshot("e") == MARK
        (path,) = (p for p in (tmp_path / "blobs").rglob("*") if p.is_file() and MARK in p.read_bytes())
        assert path.stat().st_mode & 0o777 == 0o600
        path.write_bytes(path.read_bytes()[:-1] + b"?")
        with pytest.raises(CorruptRecordError, match="digest"):
            store.snapshot("e")
        path.unlink()
        with pytest.raises(CorruptRecordError, match="missing"):
            store.snapshot("e")
        store.put_snapshot("e", MARK)
        assert store.snapshot("e") == MARK


@pytest.mark.parametrize("how", ["forget", "erase", "delete_owner", "cut short"])
def test_nothing_of_a_snapshot_is_left(tmp_path: Path, how: str) -> None:
    with OwnerStore.open(tmp_path, "ana") as store, OwnerStore.open(tmp_path, "ben") as other:
        concept = store.add_concept(draft())
        other.add_concept(draft())
        store.put_snapshot("e", MARK)
        other.put_snapshot("e", b"his own")
        assert left(tmp_path, [MARK]) != []
        if how == "forget":
            store.forget("Bo")
        elif how == "erase":
            store.erase(concept.id)
        elif how == "delete_owner":
            store.delete_owner()
        else:
            store._catalogue.tombstone("ana", concept.id)
    with OwnerStore.open(tmp_path, "ana") as store, OwnerStore.open(tmp_path, "ben") as other:
        assert left(tmp_path, [MARK]) == []
        assert store.snapshot("e") is None
        assert other.snapshot("e") == b"his own"


def test_a_damaged_row_of_a_snapshot_does_not_keep_an_owner(tmp_path: Path) -> None:
    with OwnerStore.open(tmp_path, "ana") as store:
        concept = store.add_concept(draft())
        store.put_snapshot("e", MARK)
        connection = sqlite3.connect(tmp_path / "catalogue.sqlite", isolation_level=None)
        connection.execute("UPDATE snapshots SET length = length + 1")
        connection.close()
        with pytest.raises(CorruptRecordError, match="snapshots"):
            store.snapshot("e")
        store.erase(concept.id)
        assert left(tmp_path, [MARK]) == []


def test_forgetting_takes_the_vectors_of_texts(tmp_path: Path) -> None:
    with OwnerStore.open(tmp_path, "ana") as store:
        concept = store.add_concept(draft())
        needle = texts(3, 40).tobytes()
        store.put_texts(concept.id, concept.updated, "e", texts(3, 40))
        store.put_texts(concept.id, concept.updated, "f", texts(3, 40, 1))
        store.forget("Bo")
        assert left(tmp_path, [needle, texts(3, 40, 1).tobytes()]) == []


def spoiled(home: Path, change: str) -> None:
    connection = sqlite3.connect(home / "catalogue.sqlite", isolation_level=None)
    assert connection.execute(f"UPDATE vectors SET {change} WHERE kind LIKE 'texts/%'").rowcount == 1
    connection.close()


@pytest.mark.parametrize("change", ["data = zeroblob(30)", "kind = 'texts/6/e'", "digest = zeroblob(32)"])
def test_damaged_vectors_of_texts_are_told_and_dropped(tmp_path: Path, change: str) -> None:
    with OwnerStore.open(tmp_path, "ana") as store:
        concept = store.add_concept(draft())
        store.put_texts(concept.id, concept.updated, "e", texts(3, 5))
        assert list(store.verify()) == []
        spoiled(tmp_path, change)
        with pytest.raises(CorruptRecordError, match="vectors"):
            store.texts("e")
        assert len(store.vectors().ids) == 4  # the others are sound
        assert [(f.kind, f.concept, f.repaired) for f in store.verify(repair=True)] == [("texts", "Bo", True)]
        assert list(store.verify()) == []
        assert store.texts("e") == {}


def test_homes_from_before_are_whole(tmp_path: Path, opened_old: Callable[[Path], None]) -> None:
    """A home without the table of snapshots and without vectors of texts, read-only and for writing."""
    with OwnerStore.open(tmp_path, "ana") as store:
        concept = store.add_concept(draft())
    opened_old(tmp_path)
    with OwnerStore.open(tmp_path, "ana", read_only=True) as store:
        assert (store.texts("e"), store.snapshot("e")) == ({}, None)
        assert list(store.verify()) == []
    with OwnerStore.open(tmp_path, "ana") as store:
        assert store.list() == [concept]
        assert (store.texts("e"), store.snapshot("e")) == ({}, None)
        store.drop_snapshots()
        assert store.put_texts(concept.id, concept.updated, "e", texts(3, 5))
        store.put_snapshot("e", MARK)
    with OwnerStore.open(tmp_path, "ana") as store:
        assert store.texts("e")[concept.id].shape == (3, 5)
        assert store.snapshot("e") == MARK
        assert len(store.vectors().ids) == 4


@pytest.fixture(params=[1, 3])
def opened_old(request: pytest.FixtureRequest) -> Callable[[Path], None]:
    from tests.store.test_formats import aged

    def make(home: Path) -> None:
        if request.param == 1:
            aged(home)
        connection = sqlite3.connect(home / "catalogue.sqlite")
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        kinds = {row[0] for row in connection.execute("SELECT kind FROM vectors")}
        connection.close()
        assert "snapshots" not in tables
        assert kinds == ({"patch", "profile"} if request.param == 1 else {"patches", "profiles"})

    return make


@pytest.mark.parametrize("replaced", [True, False])
def test_a_snapshot_that_goes_while_it_is_read_is_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, replaced: bool
) -> None:
    with OwnerStore.open(tmp_path / "home", "ana") as store:
        store.add_concept(draft("Bo", 1))
        store.put_snapshot("e", b"old")
        get = store._blobs.get

        def late(owner: str, ref: BlobRef, *, bound: str) -> bytes:
            monkeypatch.undo()
            if replaced:
                store.put_snapshot("e", b"new")
            else:
                store.drop_snapshots()
            return get(owner, ref, bound=bound)

        monkeypatch.setattr(store._blobs, "get", late)
        assert store.snapshot("e") == (b"new" if replaced else None)


@pytest.mark.parametrize("before", [True, False])
def test_a_snapshot_that_is_put_while_they_are_dropped_goes_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: bool
) -> None:
    with OwnerStore.open(tmp_path, "ana") as store:
        store.add_concept(draft("Bo", 1))
        if before:
            store.put_snapshot("e", b"old")
        look = store._catalogue.snapshots

        def late(owner: str) -> dict[str, BlobRef]:
            found = look(owner)
            monkeypatch.undo()
            store.put_snapshot("e", MARK)
            return found

        monkeypatch.setattr(store._catalogue, "snapshots", late)
        store.drop_snapshots()
        assert store.snapshot("e") is None
        assert not [path for path in tmp_path.rglob("*") if path.is_file() and MARK in path.read_bytes()]
