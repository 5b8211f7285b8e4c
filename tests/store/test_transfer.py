from __future__ import annotations

from pathlib import Path

import pytest

from jarvis_memory.store import BlobRef, FileBlobStore, OwnerStore
from jarvis_memory.store.cached_blobs import CachedBlobStore
from jarvis_memory.store.cipher import OwnerCipher
from jarvis_memory.store.copies import Copies
from jarvis_memory.store.importing import OwnerArchive
from jarvis_memory.store.items import ItemDraft, OwnerItems
from jarvis_memory.store.places import open_place
from jarvis_memory.store.transfer import Moved, Record, encrypted, owners_of, record_digest, transfer
from jarvis_retrievers.errors import CorruptRecordError, InputError, StoreError
from tests.store.drafts import draft
from tests.store.locked import KEY
from tests.store.portraits import portrait


def filled(record: Record) -> None:
    catalogue, blobs = record
    for owner, count in (("ana", 3), ("ben", 1)):
        store = OwnerStore(owner, catalogue, blobs)
        for number in range(count):
            concept = store.add_concept(draft(f"Bo {number}", number, aliases=(f"B{number}",)))
        store.put_segment(concept.id, "f", b"segment")
        store.replace_concept(concept.id, draft("Mia", 9, photos=1))


@pytest.fixture
def source(tmp_path: Path) -> Record:
    record = open_place(tmp_path / "from")
    filled(record)
    items = OwnerItems("ana", record[0].database, lambda: 1e9)  # type: ignore[attr-defined]
    items.write([(("a", "b"), f"k{n}", ItemDraft({"n": n}, 60.0 if n else None)) for n in range(3)])
    OwnerItems("eve", record[0].database).write([(("a",), "k", ItemDraft({}))])  # type: ignore[attr-defined]
    return record


def copied(source: Record, target: Record) -> None:
    assert owners_of(source[0]) == ("ana", "ben", "eve")
    assert transfer(source, target, "ana") == Moved(3, 0, 3)
    for owner in ("ben", "eve"):
        transfer(source, target, owner)
    assert owners_of(target[0]) == ("ana", "ben", "eve")
    for owner in ("ana", "ben", "eve"):
        assert record_digest(source, owner) == record_digest(target, owner)
        hers, his = OwnerStore(owner, *source), OwnerStore(owner, *target)
        assert [c.id for c in hers.list()] == [c.id for c in his.list()]
        for old, new in zip(hers.list(), his.list(), strict=True):
            assert (old.created_at, old.updated_at, old.profile) == (
                new.created_at,
                new.updated_at,
                new.profile,
            )
            assert [hers.photo(p.id) for p in old.photos] == [his.photo(p.id) for p in new.photos]
        assert (hers.vectors().matrix == his.vectors().matrix).all()
        assert list(his.verify()) == []
        assert his.sweep(0) == 0
    assert transfer(source, target, "ana") == Moved(0, 3, 3)


def goes_on(source: Record, target: Record) -> None:
    """What was copied before, was cut short, or was changed since, in one go."""
    store = OwnerStore("ana", *source)
    transfer(source, target, "ana")
    there = OwnerStore("ana", *target)
    there.erase(there.get("Bo 0").id)
    store.replace_concept(store.get("Bo 1").id, draft("Bo 1", 77))
    assert transfer(source, target, "ana") == Moved(2, 1, 3)
    assert record_digest(source, "ana") == record_digest(target, "ana")
    there.add_concept(draft("Zoe", 5))
    with pytest.raises(InputError, match="1 concepts of 'ana' that the source has not"):
        transfer(source, target, "ana")
    assert there.sweep(0) == 0


def test_to_another_folder(source: Record, tmp_path: Path) -> None:
    copied(source, open_place(tmp_path / "to"))


def test_it_goes_on_where_it_was(source: Record, tmp_path: Path) -> None:
    goes_on(source, open_place(tmp_path / "to"))


def test_a_damaged_source_is_not_copied(source: Record, tmp_path: Path) -> None:
    blobs = source[1]
    assert isinstance(blobs, FileBlobStore)
    concept = source[0].concepts("ana")[0]
    found = source[0].photo("ana", concept.photos[0].id)
    assert found is not None
    path = blobs.path(found[1])
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    target = open_place(tmp_path / "to")
    with pytest.raises(CorruptRecordError, match="digest"):
        transfer(source, target, "ana")
    assert target[0].concepts("ana") == ()


class Swept(FileBlobStore):
    """Somebody sweeps behind the first photo, for whom it is old enough."""

    def put(
        self, owner: str, kind: str, data: bytes, *, bound: str = "", cipher: OwnerCipher | None = None
    ) -> BlobRef:
        ref = super().put(owner, kind, data, bound=bound, cipher=cipher)
        self.sweep((), 0)
        return ref


def test_photos_that_were_swept_meanwhile(source: Record, tmp_path: Path) -> None:
    catalogue, _ = open_place(tmp_path / "to")
    with pytest.raises(StoreError, match=r"photos were swept, or .* while they were being written"):
        transfer(source, (catalogue, Swept(tmp_path / "to")), "ana")
    assert catalogue.ids("ana") == ()
    with OwnerStore.open(tmp_path / "painted", "ana") as store:
        store.add_concept(portrait("Bo", 1))
        store.export(tmp_path / "archive")
    there = OwnerStore("cleo", catalogue, Swept(tmp_path / "to"))
    with (
        OwnerArchive(tmp_path / "archive") as archive,
        pytest.raises(StoreError, match=r"photos were swept, or .* while they were being written"),
    ):
        there.import_from(archive)
    assert there.holdings().record == 0


def test_between_an_encrypted_home_and_another(source: Record, tmp_path: Path) -> None:
    locked = open_place(tmp_path / "locked", key=KEY)
    assert (encrypted(source[0]), encrypted(locked[0])) == (False, True)
    copied(source, locked)
    copied(locked, open_place(tmp_path / "plain"))
    assert b"Bo 0" not in (tmp_path / "locked" / "catalogue.sqlite").read_bytes()


def test_what_only_a_copy_near_has_is_not_there(source: Record, tmp_path: Path) -> None:
    catalogue, inner = open_place(tmp_path / "to")
    assert isinstance(inner, FileBlobStore)
    blobs = CachedBlobStore(inner, Copies(tmp_path / "near", 1 << 20))
    target: Record = catalogue, blobs
    assert transfer(source, target, "ana") == Moved(3, 0, 3)
    his = OwnerStore("ana", *target)
    photo = his.get("Mia").photos[0]
    data, found = his.photo(photo.id), catalogue.photo("ana", photo.id)
    assert found is not None
    assert inner.delete("ana", [found[1]]) == 1
    assert his.photo(photo.id) == data
    with pytest.raises(CorruptRecordError, match="missing"):
        transfer(source, target, "ana")
