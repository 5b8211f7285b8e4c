"""Segments in a folder of a local disk: quota, damage, and what is left."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from jarvis_memory.store import (
    FileSegmentCache,
    MemoryBlobStore,
    MemoryCatalogue,
    Tiers,
)
from jarvis_memory.store.tiers import DiskTier, SegmentTier
from jarvis_retrievers.errors import HomeReadOnlyError, SettingError
from tests.store.conformance_tiers import TierConformance, label
from tests.store.test_segments import adder


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.name != "segments"]


class TestDiskTier(TierConformance):
    @pytest.fixture
    def tier(self, tmp_path: Path) -> SegmentTier:
        return DiskTier(tmp_path / "tier", 10_000)


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "swap", "link"])
def test_damage_on_the_disk_costs_time_alone(tmp_path: Path, damage: str) -> None:
    catalogue = MemoryCatalogue()
    tiers = Tiers(disk=tmp_path / "tier")
    segments = tiers.over(catalogue, FileSegmentCache(catalogue, MemoryBlobStore()))
    one, two = (adder(catalogue)("ana", number) for number in (1, 2))
    for concept, data in ((one, b"first" * 100), (two, b"other" * 100)):
        assert segments.put("ana", concept, "f", data)
    paths = files(tmp_path / "tier")
    assert len(paths) == 2
    contents = [path.read_bytes() for path in paths]
    assert not any(b"first" in data or b"other" in data for data in contents)
    for path, data, theirs in zip(paths, contents, reversed(contents), strict=True):
        if damage == "link":
            path.rename(path.with_suffix(".away"))
            path.symlink_to(path.with_suffix(".away"))
        else:
            flipped = bytes([data[0] ^ 1]) + data[1:]
            path.write_bytes({"flip": flipped, "cut": data[:-1], "empty": b"", "swap": theirs}[damage])
    for concept, data in ((one, b"first" * 100), (two, b"other" * 100)):
        assert segments.get("ana", concept, "f") == data
    hits = tiers.reports()[0].hits
    # Found in the store, and kept here again.
    assert segments.get("ana", one, "f") == b"first" * 100
    assert tiers.reports()[0].hits == hits + 1


def test_a_file_that_is_left_is_worth_nothing_without_the_owners_key(tmp_path: Path) -> None:
    """A copy of the folder, from before the owner left."""
    catalogue = MemoryCatalogue()
    stored = FileSegmentCache(catalogue, MemoryBlobStore())
    segments = Tiers(disk=tmp_path / "tier").over(catalogue, stored)
    concept = adder(catalogue)("ana", 1)
    segments.put("ana", concept, "f", b"secret")
    (path,) = files(tmp_path / "tier")
    data = path.read_bytes()
    segments.delete_owner("ana")
    catalogue.tombstone("ana", None)
    catalogue.delete_owner("ana")
    assert adder(catalogue)("ana", 1) == concept
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    assert segments.get("ana", concept, "f") is None
    for name in (path.name, path.parent.name, path.parent.parent.name):
        assert concept not in name
        assert "ana" not in name


def test_the_quota_of_the_disk(tmp_path: Path) -> None:
    tier = DiskTier(tmp_path / "tier", 1000)
    for number in range(20):
        tier.put(label(number), bytes(300), 1.0, 1.0 + number)
    assert sum(path.stat().st_size for path in files(tmp_path / "tier")) == 900 == tier.report().nbytes
    assert not tier.put(label(99), bytes(1001), 1.0, 100.0)
    # The next process finds what is there, and less room.
    again = DiskTier(tmp_path / "tier", 700)
    assert again.report().nbytes == 600
    assert sum(path.stat().st_size for path in files(tmp_path / "tier")) == 600
    assert sum(again.get(label(number), 1.0) == bytes(300) for number in range(20)) == 2


def test_old_files_and_traces_go(tmp_path: Path) -> None:
    tier = DiskTier(tmp_path / "tier", 1000)
    for number in range(2):
        tier.put(label(number), bytes(10), 1.0, 1.0)
    (cut := tmp_path / "tier" / "tmp" / "cut").write_bytes(b"x")
    for path in (cut, *[path for path in files(tmp_path / "tier") if path.name == label(1).name]):
        os.utime(path, (time.time() - 2000, time.time() - 2000))
    assert DiskTier(tmp_path / "tier", 1000, oldest=1000).get(label(0), 1.0) == bytes(10)
    assert [path.name for path in files(tmp_path / "tier")] == [label(0).name]


def test_folders_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "bo.png").write_bytes(b"x")
    with pytest.raises(SettingError, match="folder of their own"):
        Tiers(disk=tmp_path / "photos")
    with pytest.raises(SettingError, match="got the file"):
        Tiers(disk=tmp_path / "photos" / "bo.png")
    with pytest.raises(SettingError, match="more than 0 bytes"):
        Tiers(disk=tmp_path / "tier", disk_bytes=0)
    with pytest.raises(SettingError, match="ram_bytes"):
        Tiers(ram_bytes=-1)
    assert (tmp_path / "photos" / "bo.png").read_bytes() == b"x"


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(HomeReadOnlyError):
        Tiers(disk=tmp_path / "tier")


def test_a_disk_that_is_gone_costs_no_answer(tmp_path: Path) -> None:
    catalogue = MemoryCatalogue()
    tiers = Tiers(disk=tmp_path / "tier")
    segments = tiers.over(catalogue, FileSegmentCache(catalogue, MemoryBlobStore()))
    concept = adder(catalogue)("ana", 1)
    (tmp_path / "tier").rename(tmp_path / "away")
    (tmp_path / "tier").write_text("no folder any more")
    disk = tiers._tiers[0]
    assert isinstance(disk, DiskTier)
    disk._looked = -1e9  # long ago
    assert segments.put("ana", concept, "f", b"1")
    assert segments.get("ana", concept, "f") == b"1"
    assert tiers.reports()[0].failed > 0
