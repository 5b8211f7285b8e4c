"""A backup of a home in use is a home, and one that is damaged makes none."""

from __future__ import annotations

from pathlib import Path

import pytest

from jarvis_memory.store import OwnerStore
from jarvis_memory.store.backup import backup, restore
from jarvis_retrievers.errors import CorruptRecordError, SettingError
from tests.store.drafts import draft


def state(home: Path, owner: str = "ana") -> list[object]:
    with OwnerStore.open(home, owner) as store:
        assert list(store.verify()) == []
        return [
            (c.name, c.about, [store.photo(p.id) for p in c.photos], store.get_segment(c.id, "f"))
            for c in store.list()
        ] + [store.vectors().matrix.tolist(), store.setting("key")]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    with OwnerStore.open(home, "ana") as store:
        bo = store.add_concept(draft("Bo", 1))
        store.put_segment(bo.id, "f", b"segment")
        store.put_setting("key", "value")
        store.add_concept(draft("Mia", 2))
    with OwnerStore.open(home, "ben") as store:
        store.add_concept(draft("Bo", 3))
    return home


def test_there_and_back(home: Path, tmp_path: Path) -> None:
    before = state(home), state(home, "ben")
    with OwnerStore.open(home, "ana") as store:
        # In use, and with a -wal file that holds the newest write.
        store.put_setting("key", "newest")
        copied = backup(home, tmp_path / "a" / "copy")
        store.forget("Bo")
        store.replace_concept(store.get("Mia").id, draft("Mia", 9))
    assert copied.blobs == 7
    assert restore(tmp_path / "a" / "copy", tmp_path / "again").blobs == 7
    assert state(tmp_path / "again") == [*before[0][:-1], "newest"]
    assert state(tmp_path / "again", "ben")[:-1] == before[1][:-1]
    with OwnerStore.open(tmp_path / "again", "ana") as store:
        store.forget("Bo")
    assert restore(tmp_path / "a" / "copy", tmp_path / "third").blobs == 7


def test_what_nothing_points_to_is_not_copied(home: Path, tmp_path: Path) -> None:
    with OwnerStore.open(home, "ana") as store:
        orphan = store._blobs.put("ana", "photo", b"orphan")
    backup(home, tmp_path / "copy")
    assert not [path for path in (tmp_path / "copy").rglob("*") if path.name == orphan.id]


def test_refusals(home: Path, tmp_path: Path) -> None:
    backup(home, tmp_path / "copy")
    with pytest.raises(SettingError):
        backup(tmp_path / "none", tmp_path / "b")
    with pytest.raises(SettingError):
        backup(home, tmp_path / "copy")
    with pytest.raises(SettingError):
        restore(tmp_path / "copy", home)
    with pytest.raises(SettingError):
        restore(home, tmp_path / "b")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy", "home"]


@pytest.mark.parametrize("kind", ["catalogue.sqlite", "manifest.json", "blob"])
@pytest.mark.parametrize("harm", ["flip", "cut"])
def test_a_damaged_backup_makes_no_home(home: Path, tmp_path: Path, kind: str, harm: str) -> None:
    copy = tmp_path / "copy"
    backup(home, copy)
    path = (
        next(p for p in sorted((copy / "blobs").rglob("*")) if p.is_file()) if kind == "blob" else copy / kind
    )
    # The blob is linked: to write into it would damage the home as well.
    data = bytearray(path.read_bytes())
    path.unlink()
    if harm == "flip":
        data[len(data) // 2] ^= 1
    path.write_bytes(data if harm == "flip" else data[: len(data) // 2])
    with pytest.raises(CorruptRecordError):
        restore(copy, tmp_path / "again")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["copy", "home"]
    assert state(home)
