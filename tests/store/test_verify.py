"""What is damaged is told, with what to do; what can be mended is; and a sound home is left alone."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from jarvis_memory.store import MemoryCatalogue, OwnerStore, SQLiteCatalogue
from jarvis_memory.store.items import ItemDraft, OwnerItems
from jarvis_memory.store.rows import seal
from jarvis_retrievers.errors import CorruptRecordError
from tests.plugins.homes import fill, snapshot
from tests.store.drafts import draft
from tests.store.near import cached, names_in


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Two concepts with real photos; the first has a segment."""
    home = fill(tmp_path / "home", "Bo")
    fill(home, "Mia")
    with OwnerStore.open(home, "me") as store:
        store.put_segment(store.get("Bo").id, "f", b"segment")
    return home


def kinds(home: Path, *, deep: bool = False, repair: bool = False) -> list[tuple[str, str, bool]]:
    with OwnerStore.open(home, "me") as store:
        return [(f.kind, f.concept, f.repaired) for f in store.verify(deep=deep, repair=repair)]


def change(home: Path, statement: str, *values: object) -> None:
    connection = sqlite3.connect(home / "catalogue.sqlite", isolation_level=None)
    assert connection.execute(statement, values).rowcount >= 1
    connection.close()


def concept_id(home: Path, name: str) -> str:
    with OwnerStore.open(home, "me") as store:
        return store.get(name).id


def spoil(home: Path, kind: bytes) -> None:
    """Flip a bit of one blob of a kind."""
    files = [path for path in sorted((home / "blobs").rglob("*")) if path.is_file()]
    path = next(path for path in files if path.read_bytes()[8:16].strip(b"\0") == kind)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("deep", [False, True])
def test_a_sound_home_is_sound_and_stays_as_it_is(home: Path, deep: bool) -> None:
    with OwnerStore.open(home, "me") as store:
        before = snapshot(home)
        assert list(store.verify(deep=deep, repair=True)) == []
        assert snapshot(home) == before
    with OwnerStore.open(home, "nobody") as store:
        assert list(store.verify()) == []


def test_a_damaged_segment_is_dropped(home: Path) -> None:
    spoil(home, b"segment")
    assert kinds(home) == [("segment", "Bo", False)]
    assert kinds(home, repair=True) == [("segment", "Bo", True)]
    assert kinds(home) == []
    with OwnerStore.open(home, "me") as store:
        assert store.get_segment(store.get("Bo").id, "f") is None


def test_a_damaged_photo_is_named(home: Path) -> None:
    spoil(home, b"photo")
    (found,) = kinds(home, repair=True)
    assert found[0] == "photo"
    assert not found[2]
    with OwnerStore.open(home, "me") as store:
        assert "photo" in next(iter(store.verify())).what


def test_other_pixels_are_found_by_looking_deep(home: Path) -> None:
    """The digest of the row is right, that of the pixels is another's."""
    connection = sqlite3.connect(home / "catalogue.sqlite", isolation_level=None)
    connection.row_factory = sqlite3.Row
    row = dict(connection.execute("SELECT * FROM photos LIMIT 1").fetchone())
    number = row.pop("row")
    row.pop("digest")
    row["pixels"] = "0" * 64
    connection.execute(
        "UPDATE photos SET pixels = ?, digest = ? WHERE row = ?",
        (row["pixels"], seal("photos", tuple(row.values())), number),
    )
    connection.close()
    assert kinds(home) == []
    assert kinds(home, deep=True) == [("photo", "Bo", False)]


def test_lost_vectors_are_found(home: Path) -> None:
    change(
        home, "DELETE FROM vectors WHERE concept = (SELECT concept FROM concepts ORDER BY created LIMIT 1)"
    )
    assert kinds(home, repair=True) == [("vectors", "Bo", False)]


def test_a_record_that_cannot_be_read_does_not_hide_the_others(home: Path) -> None:
    spoil(home, b"segment")
    change(home, "UPDATE concepts SET body = '{}' WHERE concept = ?", concept_id(home, "Mia"))
    found = kinds(home)
    assert [one[0] for one in found] == ["segment", "record"]
    with OwnerStore.open(home, "me") as store, pytest.raises(CorruptRecordError):
        store.list()


def test_owners_are_verified_apart(tmp_path: Path) -> None:
    for owner in ("ana", "ben"):
        with OwnerStore.open(tmp_path, owner) as store:
            concept = store.add_concept(draft())
            store.put_segment(concept.id, "f", owner.encode() * 9)
    path = next(p for p in (tmp_path / "blobs").rglob("*") if p.is_file() and b"benben" in p.read_bytes())
    path.unlink()
    for owner, expected in (("ana", []), ("ben", ["segment"])):
        with OwnerStore.open(tmp_path, owner) as store:
            assert [finding.kind for finding in store.verify()] == expected


def test_a_damaged_index_is_told_and_made_anew(home: Path) -> None:
    """A photo that an index has lost is damaged, not forgotten."""
    with OwnerStore.open(home, "me") as store:
        (photo, *_) = store.get("Bo").photos
    connection = sqlite3.connect(home / "catalogue.sqlite", isolation_level=None)
    (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'photos_id'").fetchone()
    connection.close()
    file = home / "catalogue.sqlite"
    data = bytearray(file.read_bytes())
    place = data.index(photo.id.encode(), (page - 1) * 16384, page * 16384)
    data[place] ^= 1
    file.write_bytes(data)
    with OwnerStore.open(home, "me") as store, pytest.raises(CorruptRecordError, match="verify --repair"):
        store.photo(photo.id)
    assert ("record", "", False) in kinds(home)
    assert ("record", "", True) in kinds(home, repair=True)
    assert kinds(home) == []
    with OwnerStore.open(home, "me") as store:
        assert store.photo(photo.id)


def test_a_schema_that_cannot_be_decoded_is_damage(home: Path) -> None:
    file = home / "catalogue.sqlite"
    data = bytearray(file.read_bytes())
    data[data.index(b"CREATE TABLE photos")] ^= 0x80
    file.write_bytes(data)
    with pytest.raises(CorruptRecordError, match="damaged"):
        OwnerStore.open(home, "me")


def test_a_damaged_item_is_found(tmp_path: Path) -> None:
    with OwnerStore.open(tmp_path / "home", "ana") as store:
        catalogue = store._catalogue
        assert isinstance(catalogue, SQLiteCatalogue)
        OwnerItems("ana", catalogue.database).write([(("a",), "b", ItemDraft({"c": 1}))])
        assert list(store.verify()) == []
        with catalogue.database.write() as connection:
            connection.execute("UPDATE items SET value = '{}'")
        (found,) = store.verify()
        assert (found.kind, found.repaired) == ("record", False)
        assert "of items" in found.what


def test_a_copy_near_does_not_make_up_for_a_lost_object(tmp_path: Path) -> None:
    catalogue, blobs = MemoryCatalogue(), cached(tmp_path)
    store = OwnerStore("ana", catalogue, blobs)
    concept = store.add_concept(draft(photos=1))
    store.put_segment(concept.id, "f", b"segment")
    photo = catalogue.photo("ana", concept.photos[0].id)
    assert photo is not None
    (segment,) = catalogue.segments("ana", concept.id)

    def read() -> tuple[bytes, bytes | None]:
        return store.photo(concept.photos[0].id), store.get_segment(concept.id, "f")

    found = read()
    assert list(store.verify()) == []
    blobs.inner.delete("ana", [photo[1], segment.blob])
    assert read() == found
    assert names_in(tmp_path) == {photo[1].id, segment.blob.id}
    assert [(f.kind, f.repaired) for f in store.verify(repair=True)] == [("photo", False), ("segment", True)]
    assert names_in(tmp_path) == {photo[1].id}
    assert [f.kind for f in store.verify()] == ["photo"]
