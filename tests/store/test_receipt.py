"""A receipt counts what was destroyed, and says nothing of what it was."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest

from jarvis_memory.store import Amount, AtHand, Holdings, OwnerStore, Quota
from jarvis_memory.store.receipt import Receipt, Receipts
from tests.store.portraits import portrait, put


def test_of_a_concept_and_of_an_owner(tmp_path: Path) -> None:
    given(OwnerStore.open(tmp_path, "ana"), OwnerStore.open(tmp_path, "ben"))


def given(ana: OwnerStore, ben: OwnerStore) -> None:
    with ana as store, ben as other:
        bo, mia = (store.add_concept(portrait(name, seed)) for seed, name in enumerate(("Bo", "Mia"), 1))
        other.add_concept(portrait("Bo"))
        for concept in (bo, mia):
            store.put_segment(concept.id, "f", b"segment")
        store.put_snapshot("e", b"snapshot")
        put(store, ("a",), "k", {"text": "words"})
        store.put_quota(Quota(concepts=9))
        held, whole = store._catalogue.holdings("ana", bo.id), store.holdings()
        assert store.forget("Bo") == bo
        (first,) = store.receipts
        assert (first.kind, first.owner, first.concepts) == ("concept", "ana", (bo.id,))
        assert first.destroyed == held
        assert held.segments == Amount(1, 7)
        assert first.destroyed.photos.count == len(bo.photos)
        assert first.destroyed.items == Amount()
        # The rest is what is left.
        left = store.holdings()
        for kind in ("concepts", "photos", "patches", "vectors", "segments"):
            counts = [getattr(one, kind) for one in (held, left, whole)]
            assert counts[0].count + counts[1].count == counts[2].count
            assert counts[0].nbytes + counts[1].nbytes == counts[2].nbytes
        second = store.delete_owner()
        assert second.kind == "owner"
        assert second.concepts == (mia.id,)
        assert replace(second.destroyed, sequence=0) == replace(left, sequence=0)
        assert second.sequence > first.sequence
        assert store.receipts == (first, second)
        assert store.holdings() == Holdings(sequence=store.holdings().sequence)
        assert other.receipts == ()
        assert other.holdings().concepts.count == 1


def test_of_what_is_not_there_it_is_empty(tmp_path: Path) -> None:
    with OwnerStore.open(tmp_path, "ana") as store:
        told = store.erase("0" * 32)
        assert replace(told.destroyed, sequence=0) == Holdings()
        assert store.delete_owner().concepts == ()


def test_of_what_is_hidden_and_damaged(tmp_path: Path) -> None:
    with OwnerStore.open(tmp_path, "ana") as store:
        concept = store.add_concept(portrait("Bo", 1))
        with store._catalogue._db.write() as connection:  # type: ignore[attr-defined]
            connection.execute("UPDATE concepts SET body = 'no JSON'")
            connection.execute("UPDATE photos SET length = 'x' WHERE position = 0")
        told = store.erase(concept.id)
        assert told.destroyed.concepts == Amount(1, len("no JSON"))
        assert told.destroyed.photos.count == 2
        assert store.list() == []


def test_it_holds_ids_and_numbers_and_is_sealed(tmp_path: Path) -> None:
    with OwnerStore.open(tmp_path, "ana") as store:
        concept = store.add_concept(portrait("Bo", 1))
        store.forget("Bo")
        (told,) = store.receipts
    text = json.dumps(told.as_json())
    for word in ("Bo", "shiba", "May", concept.photos[0].id, concept.photos[0].digest):
        assert word not in text
    assert json.loads(text)["digest"] == told.digest
    changed = [
        replace(told, owner="ben"),
        replace(told, sequence=told.sequence + 1),
        replace(told, at="2000-01-01T00:00:00+00:00"),
        replace(told, concepts=()),
        replace(told, kind="owner"),
        replace(told, destroyed=replace(told.destroyed, items=Amount(1, 1))),
        replace(told, at_hand=AtHand(ram=Amount(1, 2))),
    ]
    assert len({told.digest, *(one.digest for one in changed)}) == 1 + len(changed)
    with pytest.raises(FrozenInstanceError):
        told.owner = "ben"  # type: ignore[misc]


def test_the_last_ones_are_kept() -> None:
    kept = Receipts()
    for number in range(300):
        kept.add(Receipt.of("concept", "ana", (str(number),), Holdings()))
    assert [one.concepts for one in kept.list()] == [(str(number),) for number in range(44, 300)]
    amended = kept.amend(("299",), AtHand(ram=Amount(1, 2)))
    assert amended == kept.list()[-1]
    assert amended is not None
    assert amended.at_hand == AtHand(ram=Amount(1, 2))
    assert kept.amend(("7",), AtHand()) is None
