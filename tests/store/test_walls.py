"""No owner, no data: every door asks whose, and nothing of two owners can be compared."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import jarvis_memory.store as package
from jarvis_memory.store import (
    BlobStore,
    CachedBlobStore,
    Catalogue,
    FileBlobStore,
    FileSegmentCache,
    MemoryBlobStore,
    MemoryCatalogue,
    MemorySegmentCache,
    OwnerStore,
    SegmentCache,
    SegmentRow,
    SQLiteCatalogue,
    TieredSegmentCache,
)
from jarvis_memory.store.items import OwnerItems
from jarvis_memory.store.keys import keyed
from jarvis_memory.store.postgres import PostgresCatalogue
from jarvis_retrievers.errors import CorruptRecordError, SettingError, UnknownConceptError
from tests.store.portraits import portrait

OF_THE_HOME: dict[Any, dict[str, str]] = {
    Catalogue: {
        "read_only": "whether writes are refused",
        "setting": "how the home works, and quotas by owner",
        "put_setting": "the same",
        "live_blobs": "random ids alone, for sweeping",
        "tidy": "finishes erasing; gives nothing",
        "free_room": "gives nothing",
        "close": "gives nothing",
        "reading": "a block; gives nothing",
        "writing": "a block; gives nothing",
    },
    BlobStore: {"sweep": "deletes what no row of any owner points to; gives a count"},
    SegmentCache: {},
}
MADE: dict[Any, tuple[type, ...]] = {
    Catalogue: (SQLiteCatalogue, MemoryCatalogue, PostgresCatalogue),
    BlobStore: (FileBlobStore, MemoryBlobStore, CachedBlobStore),
    SegmentCache: (FileSegmentCache, MemorySegmentCache, TieredSegmentCache),
}
# Beside the contracts: the file or the connections themselves, where a blob lies, counts of files that are
# swept, who is there, whether blobs are encrypted, and writing tables anew.
MORE = {
    SQLiteCatalogue: {"database"},
    PostgresCatalogue: {"cluster", "owners", "compact", "encrypted"},
    FileBlobStore: {"check", "path", "sweep_keys", "sweep_plain", "expect_orphans"},
}
# These ask for the owner, too.
ITEMS: dict[type, set[str]] = {
    PostgresCatalogue: {"items", "item_rows", "put_item_rows"},
    FileBlobStore: {"frame", "opened"},
}


def public(kind: type) -> dict[str, object]:
    return {name: getattr(kind, name) for name in dir(kind) if not name.startswith("_")}


def first_parameter(function: Callable[..., object]) -> str:
    names = list(inspect.signature(function).parameters)
    return names[1] if len(names) > 1 else ""


@pytest.mark.parametrize("contract", OF_THE_HOME, ids=lambda contract: contract.__name__)
def test_every_method_asks_for_the_owner_first(contract: type) -> None:
    for kind in (contract, *MADE[contract]):
        asked = set()
        for name, value in public(kind).items():
            if name in OF_THE_HOME[contract] or name in MORE.get(kind, set()):
                continue
            assert callable(value), f"{kind.__name__}.{name} gives something without being asked whose"
            parameter = inspect.signature(value).parameters["owner"]
            assert first_parameter(value) == "owner", f"{kind.__name__}.{name}"
            assert parameter.default is inspect.Parameter.empty, f"{kind.__name__}.{name}"
            asked.add(name)
        # The contract has no more doors than its implementations, and they no more than it.
        assert asked - ITEMS.get(kind, set()) == {
            name for name in public(contract) if name not in OF_THE_HOME[contract]
        }
        assert "delete_owner" in asked


def test_what_the_package_exports_is_for_one_owner_or_holds_no_data() -> None:
    values = {"Amount", "AtHand", "BlobRef", "ConceptDraft", "ConceptRows", "DraftPatch", "DraftPhoto"}
    values |= {"Holdings", "Manifest", "Quota", "Receipt", "SegmentRow", "Usage", "VectorRows", "check_owner"}
    contracts = {kind.__name__ for contract in MADE for kind in (contract, *MADE[contract])}
    contracts.remove("PostgresCatalogue")  # needs an extra, so it is exported by its own package
    # They need the master key, and give no data.
    keys = {"MasterKey", "Secured", "change_master", "change_owner", "secure", "secured", "unsecure"}
    # `Tiers` keep what they keep under names and keys that only a catalogue gives, by owner.
    # `Copies` are as unreadable as what they are copies of, which `FramedBlobStore` gives by owner.
    more = {"Copies", "FramedBlobStore", "OwnerArchive", "OwnerStore", "Tiers", "import_owner"}
    assert set(package.__all__) == values | contracts | keys | more
    for door in (OwnerStore, OwnerStore.open, OwnerItems, package.import_owner):
        assert "owner" in inspect.signature(door).parameters


@pytest.mark.parametrize("owner", ["", "a/b", "..\\x", "a b", "x" * 129, "*", "%", None, 7])
def test_no_owner_is_no_owner(owner: object, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="an owner must be"):
        OwnerStore.open(tmp_path, owner)  # type: ignore[arg-type]


def rows(home: Path, owner: str) -> set[object]:
    """Every text and number of some length in an owner's rows."""
    catalogue = SQLiteCatalogue(home / "catalogue.sqlite")
    found: set[object] = set()
    with catalogue.database.read() as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            if "owner" in names:
                kept = [name for name in names if name not in ("pixels", "body", "name_key", "fingerprint")]
                query = "SELECT {} FROM {}".format(", ".join(f'"{n}"' for n in kept), table)
                for row in connection.execute(f"{query} WHERE owner = ?", (owner,)):
                    found |= {value for value in row if isinstance(value, (str, bytes)) and len(value) > 15}
    catalogue.close()
    return found


def test_equal_photos_of_two_owners_have_nothing_in_common(tmp_path: Path) -> None:
    nothing_in_common(
        lambda owner: OwnerStore.open(tmp_path, owner), lambda owner: rows(tmp_path, owner), tmp_path
    )


def nothing_in_common(
    opened: Callable[[str], OwnerStore], rows: Callable[[str], set[object]], folder: Path
) -> None:
    """Photos, segments and snapshots of the same bytes: other ids, digests and keys.

    Of the photos rows hold the digest of the pixels, which only who reads the file can compare; it has the
    photos beside it. Vectors are the same where the encoder is.
    """
    for owner in ("ana", "ben"):
        with opened(owner) as store:
            concept = store.add_concept(portrait("Bo", 1))
            store.put_segment(concept.id, "f", b"the same segment")
            store.put_snapshot("e", b"the same snapshot")
            vectors = {row.tobytes() for row in store.vectors().matrix.astype("<f2")}
    mine, theirs = rows("ana"), rows("ben")
    shared = {
        value
        for value in mine & theirs
        if not (isinstance(value, bytes) and any(v in value for v in vectors))
    }
    assert shared == set()
    assert len(mine) > 10
    with opened("ana") as ana, opened("ben") as ben:
        assert {b.name for b in (folder / "blobs").rglob("*") if b.is_file()} == ana._catalogue.live_blobs()
        assert len(ana._catalogue.live_blobs()) == 2 * (2 + 1 + 1)
        one, two = (s._catalogue.photo(s.owner, s.list()[0].photos[0].id) for s in (ana, ben))
        assert one is not None
        assert two is not None
        assert one[1].length == two[1].length
        assert (one[1].id, one[1].digest) != (two[1].id, two[1].digest)
        assert one[1].digest != two[1].digest
        # The reference of one opens nothing for the other, though the bytes are the same.
        with pytest.raises(CorruptRecordError):
            ana._blobs.get("ana", two[1])
        assert not ana._blobs.exists("ana", two[1])
        with pytest.raises(UnknownConceptError):
            ana.photo(ben.list()[0].photos[0].id)
        with pytest.raises(UnknownConceptError):
            ana.find(ben.list()[0].id)


def test_keys_of_segments_are_under_the_owners_key(tmp_path: Path) -> None:
    keys = []
    for owner in ("ana", "ben"):
        catalogue = SQLiteCatalogue(tmp_path / "catalogue.sqlite")
        store = OwnerStore(owner, catalogue, FileBlobStore(tmp_path))
        concept = store.add_concept(portrait("Bo", 1))
        ref = store._blobs.put(owner, "segment", b"x")
        catalogue.put_segment(owner, SegmentRow(concept.id, "f", concept.updated, 1, ref))
        secret = catalogue.owner_key(owner)
        assert secret is not None
        with catalogue.database.read() as connection:
            (row,) = connection.execute("SELECT key FROM segments WHERE owner = ?", (owner,)).fetchall()
        assert row[0] == keyed(secret, "jarvis/segment", concept.id, "f")
        keys.append((secret, keyed(secret, "jarvis/segment", "the same", "f")))
        store.close()
    assert keys[0][0] != keys[1][0]
    assert keys[0][1] != keys[1][1]
