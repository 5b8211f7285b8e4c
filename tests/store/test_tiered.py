"""Segments in tiers: RAM and a local disk over the store's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jarvis_memory.cost_model import Keeping, Place, Prices
from jarvis_memory.store import (
    Catalogue,
    FileBlobStore,
    FileSegmentCache,
    MemoryBlobStore,
    MemoryCatalogue,
    OwnerStore,
    SegmentCache,
    SQLiteCatalogue,
    Tiers,
)
from jarvis_memory.store.tiers import Label, RamTier, SegmentTier
from jarvis_memory.store.tiers.use_counts import UseCounts
from tests.store.conformance import rows
from tests.store.conformance_bytes import SegmentConformance
from tests.store.conformance_tiers import Concepts, TierConformance, walk
from tests.store.drafts import draft
from tests.store.locked import encrypted_blobs, encrypted_catalogue
from tests.store.test_disk_tier import files
from tests.store.test_segments import adder


class TestRamTier(TierConformance):
    @pytest.fixture
    def tier(self) -> SegmentTier:
        return RamTier(10_000)


class Tiered(SegmentConformance):
    @pytest.fixture
    def catalogue(self) -> Catalogue:
        raise NotImplementedError

    @pytest.fixture
    def concepts(self, catalogue: Catalogue) -> Concepts:
        return adder(catalogue)

    @pytest.fixture
    def tiers(self, tmp_path: Path) -> Iterator[Tiers]:
        with Tiers(ram_bytes=10_000, disk=tmp_path / "tier", disk_bytes=50_000) as tiers:
            yield tiers

    def test_none_of_an_unknown_concept_is_kept(self, segments: SegmentCache, tiers: Tiers) -> None:
        assert not segments.put("ana", "0" * 32, "f", b"1")
        assert [report.kept for report in tiers.reports()] == [0, 0]

    def test_one_made_too_late_is_not_kept(
        self, segments: SegmentCache, concepts: Concepts, catalogue: Catalogue
    ) -> None:
        concept = catalogue.concept("ana", concepts("ana", 1))
        assert concept is not None
        assert segments.put("ana", concept.id, "f", b"old", updated=concept.updated)
        catalogue.replace("ana", rows("ana", 1, seed=5))
        assert segments.get("ana", concept.id, "f") is None
        assert not segments.put("ana", concept.id, "f", b"old", updated=concept.updated)
        assert segments.get("ana", concept.id, "f") is None
        assert segments.put("ana", concept.id, "f", b"new")
        assert segments.get("ana", concept.id, "f") == b"new"

    def test_a_walk_of_two_owners_in_two_processes(
        self, catalogue: Catalogue, segments: SegmentCache, tiers: Tiers, tmp_path: Path
    ) -> None:
        assert hasattr(segments, "_stored")
        other = Tiers(ram_bytes=700, disk=tmp_path / "tier", disk_bytes=900)
        processes: list[SegmentCache] = [segments, other.over(catalogue, segments._stored)]
        assert walk(catalogue, processes, 300, 1) > 50
        assert sum(report.hits for report in (*tiers.reports(), *other.reports())) > 20


class TestOverMemory(Tiered):
    @pytest.fixture
    def catalogue(self) -> Catalogue:
        return MemoryCatalogue()

    @pytest.fixture
    def segments(self, catalogue: Catalogue, tiers: Tiers) -> SegmentCache:
        return tiers.over(catalogue, FileSegmentCache(catalogue, MemoryBlobStore()))


class TestOverFiles(Tiered):
    @pytest.fixture
    def catalogue(self, tmp_path: Path) -> Iterator[Catalogue]:
        catalogue = SQLiteCatalogue(tmp_path / "catalogue.sqlite")
        yield catalogue
        catalogue.close()

    @pytest.fixture
    def segments(self, catalogue: Catalogue, tiers: Tiers, tmp_path: Path) -> SegmentCache:
        return tiers.over(catalogue, FileSegmentCache(catalogue, FileBlobStore(tmp_path)))


class TestOverAnEncryptedHome(Tiered):
    @pytest.fixture
    def catalogue(self, tmp_path: Path) -> Iterator[Catalogue]:
        catalogue = encrypted_catalogue(tmp_path)
        yield catalogue
        catalogue.close()

    @pytest.fixture
    def segments(self, catalogue: SQLiteCatalogue, tiers: Tiers, tmp_path: Path) -> SegmentCache:
        return tiers.over(catalogue, FileSegmentCache(catalogue, encrypted_blobs(tmp_path, catalogue)))


@pytest.mark.parametrize("seed", range(6))
def test_walks(tmp_path: Path, seed: int) -> None:
    catalogue = MemoryCatalogue()
    stored = FileSegmentCache(catalogue, MemoryBlobStore())
    processes: list[SegmentCache] = [
        Tiers(ram_bytes=600 + 300 * n, disk=tmp_path / "tier", disk_bytes=1200).over(catalogue, stored)
        for n in range(3)
    ]
    assert walk(catalogue, processes, 400, seed) > 100


def test_nothing_is_left_on_the_disk_of_what_was_forgotten(tmp_path: Path) -> None:
    tiers = Tiers(ram_bytes=10_000, disk=tmp_path / "tier")
    elsewhere = Tiers(ram_bytes=10_000, disk=tmp_path / "elsewhere")
    with OwnerStore.open(tmp_path / "home", "ana", segments=tiers) as store:
        names = {name: store.add_concept(draft(name, seed)) for seed, name in enumerate(("Bo", "Mia"))}
        for concept in names.values():
            assert store.put_segment(concept.id, "f", b"segment", updated=concept.updated, seconds=0.1)
        with OwnerStore.open(tmp_path / "home", "ana", segments=elsewhere) as other:
            assert all(other.get_segment(one.id, "f") == b"segment" for one in names.values())
            assert [len(files(tmp_path / place)) for place in ("tier", "elsewhere")] == [2, 2]
            store.forget("Bo")
            assert store.get_segment(names["Bo"].id, "f") is None
            assert [len(files(tmp_path / place)) for place in ("tier", "elsewhere")] == [1, 2]
            # The other machine was not told; it learns of it when it is asked for it, or opened again.
            assert other.get_segment(names["Bo"].id, "f") is None
            assert len(files(tmp_path / "elsewhere")) == 1
            store.forget("Mia")
        with OwnerStore.open(tmp_path / "home", "ana", segments=elsewhere):
            assert files(tmp_path / "elsewhere") == []
        assert files(tmp_path / "tier") == []
        assert not list((tmp_path / "tier").glob("*/*"))


def test_what_is_forgotten_while_it_is_read_is_not_kept_above(tmp_path: Path) -> None:
    catalogue = MemoryCatalogue()
    tiers = Tiers(ram_bytes=10_000, disk=tmp_path / "tier")
    segments = tiers.over(catalogue, FileSegmentCache(catalogue, MemoryBlobStore()))
    concept = adder(catalogue)("ana", 1)
    assert segments.put("ana", concept, "f", b"segment")
    ram, disk = tiers._tiers
    spot = segments._spot("ana", concept, "f")
    assert spot is not None
    assert ram.delete(*spot.key) == 1
    read = disk.get

    def late(label: Label, uses: float) -> bytes | None:
        found = read(label, uses)
        catalogue.tombstone("ana", concept)
        segments.delete("ana", concept)
        catalogue.erase("ana", [concept])
        return found

    disk.get = late  # type: ignore[method-assign]
    assert segments.get("ana", concept, "f") == b"segment"
    assert [report.nbytes for report in tiers.reports()] == [0, 0]
    assert files(tmp_path / "tier") == []


def test_when_an_owner_leaves_nothing_is_left(tmp_path: Path) -> None:
    tiers = Tiers(ram_bytes=10_000, disk=tmp_path / "tier")
    for owner in ("ana", "ben"):
        with OwnerStore.open(tmp_path / "home", owner, segments=tiers) as store:
            concept = store.add_concept(draft())
            store.put_segment(concept.id, "f", owner.encode())
    assert len(files(tmp_path / "tier")) == 2
    with OwnerStore.open(tmp_path / "home", "ana", segments=tiers) as store:
        store.delete_owner()
    assert len(files(tmp_path / "tier")) == 1
    assert tiers.reports()[0].nbytes == len("ben")
    with OwnerStore.open(tmp_path / "home", "ben", segments=tiers) as store:
        assert store.get_segment(store.get("Bo").id, "f") == b"ben"


def test_the_store_keeps_what_pays() -> None:
    """10^9 bytes cost a dollar a month, an hour of the device 3600 dollars: a second saved for each use."""
    place = Place("store", gb_month=1.0, bandwidth=1e12)
    now = [0.0]

    def cache(expected: float) -> tuple[SegmentCache, Catalogue]:
        catalogue = MemoryCatalogue()
        keeping = Keeping(place, Prices(device_hour=3600), uses=expected, weight=0.1)
        tiers = Tiers(ram_bytes=10**6, keeping=keeping)
        tiers._measures.uses = UseCounts(3600.0 * 24 * 7, clock=lambda: now[0])
        return tiers.over(catalogue, FileSegmentCache(catalogue, MemoryBlobStore())), catalogue

    data = bytes(100_000)
    # It costs 1e-4 dollars a month, and saves 1e-5 of them for each use: ten uses are what it takes.
    for expected, pays in ((5.0, False), (9.9, False), (10.1, True), (100.0, True)):
        segments, catalogue = cache(expected)
        concept = adder(catalogue)("ana", 1)
        assert segments.put("ana", concept, "f", data, seconds=1e-5)
        assert segments.nbytes("ana") == (len(data) if pays else 0)
        assert segments.get("ana", concept, "f") == data  # of the tier, where room costs nothing
    # Nobody uses it: by and by it is worth its room no more.
    segments, catalogue = cache(20.0)
    concept = adder(catalogue)("ana", 1)
    segments.put("ana", concept, "f", data, seconds=1e-5)
    assert segments.tidy("ana") == 0
    now[0] += 3600 * 24 * 90
    assert segments.tidy("ana") == 1
    assert segments.nbytes("ana") == 0
    # But what is used stays.
    for _ in range(20):
        segments.get("ana", concept, "f")
    assert segments.put("ana", concept, "f", data, seconds=1e-5)
    assert segments.nbytes("ana") == len(data)
    assert segments.tidy("ana") == 0
