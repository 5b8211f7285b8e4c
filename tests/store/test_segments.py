from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jarvis_memory.store import (
    BlobRef,
    Catalogue,
    FileBlobStore,
    FileSegmentCache,
    MemoryBlobStore,
    MemoryCatalogue,
    MemorySegmentCache,
    SegmentCache,
    SQLiteCatalogue,
)
from jarvis_retrievers.errors import CorruptRecordError
from tests.store.conformance import rows
from tests.store.conformance_bytes import SegmentConformance
from tests.store.locked import encrypted_blobs, encrypted_catalogue

Concepts = Callable[[str, int], str]


def adder(catalogue: Catalogue) -> Concepts:
    return lambda owner, number: catalogue.add(owner, rows(owner, number)).id


class TestMemory(SegmentConformance):
    @pytest.fixture
    def segments(self) -> SegmentCache:
        return MemorySegmentCache()

    @pytest.fixture
    def concepts(self) -> Concepts:
        return lambda owner, number: f"{number:032x}"


class Stored(SegmentConformance):
    @pytest.fixture
    def catalogue(self) -> Catalogue:
        raise NotImplementedError

    @pytest.fixture
    def concepts(self, catalogue: Catalogue) -> Concepts:
        return adder(catalogue)

    def test_none_of_an_unknown_concept_is_kept(self, segments: SegmentCache) -> None:
        assert not segments.put("ana", "0" * 32, "f", b"1")
        assert segments.nbytes("ana") == 0

    @pytest.mark.parametrize("replaced", [True, False])
    def test_one_that_goes_while_it_is_read_is_no_damage(
        self,
        segments: SegmentCache,
        concepts: Concepts,
        monkeypatch: pytest.MonkeyPatch,
        replaced: bool,
    ) -> None:
        concept = concepts("ana", 1)
        segments.put("ana", concept, "f", b"old")
        assert isinstance(segments, FileSegmentCache)
        blobs, get = segments._blobs, segments._blobs.get

        def late(owner: str, ref: BlobRef, *, bound: str) -> bytes:
            monkeypatch.undo()
            # What another process does between the look at the row and the look at the file.
            if replaced:
                segments.put("ana", concept, "f", b"new")
            else:
                segments.delete("ana", concept)
            return get(owner, ref, bound=bound)

        monkeypatch.setattr(blobs, "get", late)
        assert segments.get("ana", concept, "f") == (b"new" if replaced else None)

    def test_one_made_too_late_is_not_kept(
        self, segments: SegmentCache, concepts: Concepts, catalogue: Catalogue
    ) -> None:
        concept = catalogue.concept("ana", concepts("ana", 1))
        assert concept is not None
        catalogue.replace("ana", rows("ana", 1, seed=5))
        assert not segments.put("ana", concept.id, "f", b"old", updated=concept.updated)
        assert segments.get("ana", concept.id, "f") is None
        assert segments.put("ana", concept.id, "f", b"new")
        assert segments.get("ana", concept.id, "f") == b"new"


class TestMemoryCatalogue(Stored):
    @pytest.fixture
    def catalogue(self) -> Catalogue:
        return MemoryCatalogue()

    @pytest.fixture
    def segments(self, catalogue: Catalogue) -> SegmentCache:
        return FileSegmentCache(catalogue, MemoryBlobStore())


class TestEncrypted(Stored):
    @pytest.fixture
    def catalogue(self, tmp_path: Path) -> Iterator[Catalogue]:
        catalogue = encrypted_catalogue(tmp_path)
        yield catalogue
        catalogue.close()

    @pytest.fixture
    def segments(self, catalogue: SQLiteCatalogue, tmp_path: Path) -> SegmentCache:
        return FileSegmentCache(catalogue, encrypted_blobs(tmp_path, catalogue))


class TestFiles(Stored):
    @pytest.fixture
    def catalogue(self, tmp_path: Path) -> Iterator[Catalogue]:
        catalogue = SQLiteCatalogue(tmp_path / "catalogue.sqlite")
        yield catalogue
        catalogue.close()

    @pytest.fixture
    def segments(self, catalogue: Catalogue, tmp_path: Path) -> SegmentCache:
        return FileSegmentCache(catalogue, FileBlobStore(tmp_path))

    def test_no_file_is_left_of_what_is_not_kept(
        self, segments: SegmentCache, concepts: Concepts, catalogue: Catalogue, tmp_path: Path
    ) -> None:
        concept = concepts("ana", 1)
        for data in (b"1", b"2"):
            assert segments.put("ana", concept, "f", data)
        assert not segments.put("ana", concept, "f", b"3", updated=0)
        assert len([path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]) == 1

    @pytest.mark.parametrize("damage", ["flip", "cut", "remove"])
    def test_damage_is_told_and_can_be_healed(
        self, segments: SegmentCache, concepts: Concepts, tmp_path: Path, damage: str
    ) -> None:
        concept = concepts("ana", 1)
        segments.put("ana", concept, "f", b"0123456789")
        (path,) = (path for path in (tmp_path / "blobs").rglob("*") if path.is_file())
        if damage == "remove":
            path.unlink()
        else:
            data = bytearray(path.read_bytes())
            data[-1] ^= 1
            path.write_bytes(data if damage == "flip" else data[:-1])
        with pytest.raises(CorruptRecordError):
            segments.get("ana", concept, "f")
        assert segments.put("ana", concept, "f", b"again")
        assert segments.get("ana", concept, "f") == b"again"

    def test_a_changed_row_is_found(
        self, segments: SegmentCache, concepts: Concepts, catalogue: SQLiteCatalogue
    ) -> None:
        concept = concepts("ana", 1)
        segments.put("ana", concept, "f", b"0123456789", tokens=4)
        catalogue._db._conn.execute("UPDATE segments SET tokens = 5")
        with pytest.raises(CorruptRecordError, match=concept):
            segments.get("ana", concept, "f")
        segments.put("ana", concept, "f", b"again")
        assert segments.get("ana", concept, "f") == b"again"
