from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jarvis_memory.store import BlobRef, BlobStore, FileBlobStore, MemoryBlobStore
from jarvis_memory.store.blobs import HEADER_SIZE
from jarvis_retrievers.errors import CorruptRecordError, HomeReadOnlyError, StoreError
from tests.store.conformance_bytes import BlobConformance
from tests.store.locked import encrypted_blobs, encrypted_catalogue


class TestMemory(BlobConformance):
    @pytest.fixture
    def blobs(self) -> BlobStore:
        return MemoryBlobStore()


class TestFile(BlobConformance):
    @pytest.fixture
    def blobs(self, tmp_path: Path) -> BlobStore:
        return FileBlobStore(tmp_path)


class TestEncryptedFile(BlobConformance):
    repeats = False

    @pytest.fixture
    def blobs(self, tmp_path: Path) -> Iterator[BlobStore]:
        catalogue = encrypted_catalogue(tmp_path)
        yield encrypted_blobs(tmp_path, catalogue)
        catalogue.close()


def test_layout(tmp_path: Path) -> None:
    blobs = FileBlobStore(tmp_path / "home")
    ref = blobs.put("ana", "photo", b"payload")
    path = tmp_path / "home" / "blobs" / ref.id[:2] / ref.id[2:4] / ref.id
    assert path == blobs.path(ref)
    data = path.read_bytes()
    assert data[:16] == b"JRVSBLB1photo\0\0\0"
    assert data[HEADER_SIZE:] == b"payload"
    assert b"ana" not in data
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert os.listdir(tmp_path / "home" / "tmp") == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), payload=st.binary(max_size=200))
def test_every_flipped_bit_is_found(tmp_path: Path, data: st.DataObject, payload: bytes) -> None:
    blobs = FileBlobStore(tmp_path)
    ref = blobs.put("ana", "segment", payload)
    path = blobs.path(ref)
    whole = bytearray(path.read_bytes())
    bit = data.draw(st.integers(0, len(whole) * 8 - 1))
    whole[bit // 8] ^= 1 << bit % 8
    path.write_bytes(whole)
    with pytest.raises(CorruptRecordError, match=ref.id):
        blobs.get("ana", ref)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_every_other_length_is_found(tmp_path: Path, data: st.DataObject) -> None:
    blobs = FileBlobStore(tmp_path)
    ref = blobs.put("ana", "segment", b"0123456789" * 10)
    size = HEADER_SIZE + 100
    os.truncate(blobs.path(ref), data.draw(st.integers(0, size + 50).filter(lambda n: n != size)))
    with pytest.raises(CorruptRecordError, match="should have 132 bytes"):
        blobs.get("ana", ref)


def test_a_file_of_another_owner_or_kind_is_refused(tmp_path: Path) -> None:
    blobs = FileBlobStore(tmp_path)
    hers, his = blobs.put("ana", "photo", b"same"), blobs.put("ben", "photo", b"same")
    blobs.path(hers).write_bytes(blobs.path(his).read_bytes())
    with pytest.raises(CorruptRecordError, match="digest"):
        blobs.get("ana", hers)
    other = blobs.put("ana", "segment", b"same")
    blobs.path(hers).write_bytes(blobs.path(other).read_bytes())
    with pytest.raises(CorruptRecordError, match="digest"):
        blobs.get("ana", hers)


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "0" * 31, "0" * 33, "A" * 32, "0" * 31 + "\n", "0" * 31 + "/", ""]
)
def test_an_id_never_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    blobs = FileBlobStore(tmp_path / "home")
    wrong = BlobRef(name, 1, "0" * 64)
    with pytest.raises(CorruptRecordError, match="32 hexadecimal"):
        blobs.get("ana", wrong)
    assert blobs.delete("ana", [wrong]) == 0


def test_links_and_pipes_are_not_followed(tmp_path: Path) -> None:
    blobs = FileBlobStore(tmp_path / "home")
    ref = blobs.put("ana", "photo", b"payload")
    outside = tmp_path / "outside"
    os.replace(blobs.path(ref), outside)
    blobs.path(ref).symlink_to(outside)
    with pytest.raises(CorruptRecordError, match="link"):
        blobs.get("ana", ref)
    blobs.path(ref).unlink()
    os.mkfifo(blobs.path(ref))
    with pytest.raises(CorruptRecordError, match="should have"):
        blobs.get("ana", ref)


def test_sweep_takes_unfinished_writes_by_age(tmp_path: Path) -> None:
    blobs = FileBlobStore(tmp_path)
    ref = blobs.put("ana", "photo", b"1")
    left = tmp_path / "tmp" / ("0" * 32)
    left.write_bytes(b"half a photo")
    assert blobs.sweep({ref.id}, 3600) == 0
    os.utime(left, (1, 1))
    assert blobs.sweep({ref.id}, 3600) == 1
    assert not left.exists()
    os.utime(blobs.path(ref), (1, 1))
    assert blobs.sweep({ref.id}, 3600) == 0
    assert blobs.sweep(set(), 3600) == 1


def test_delete_owner_finds_unfinished_writes(tmp_path: Path) -> None:
    blobs = FileBlobStore(tmp_path)
    ref = blobs.put("ana", "photo", b"1")
    (tmp_path / "tmp" / ref.id).write_bytes(blobs.path(ref).read_bytes())
    assert blobs.delete_owner("ana") == 2


@pytest.mark.parametrize("point", ["fsync", "replace"])
def test_a_failed_write_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str) -> None:
    blobs = FileBlobStore(tmp_path)
    blobs.put("ana", "photo", b"1")
    before = sorted(p for p in tmp_path.rglob("*") if p.is_file())

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, point, fail)
        with pytest.raises(StoreError, match="No space left"):
            blobs.put("ana", "photo", b"2")
    assert sorted(p for p in tmp_path.rglob("*") if p.is_file()) == before


def test_read_only(tmp_path: Path) -> None:
    ref = FileBlobStore(tmp_path).put("ana", "photo", b"1")
    blobs = FileBlobStore(tmp_path, read_only=True)
    assert blobs.get("ana", ref) == b"1"
    for write in (
        lambda: blobs.put("ana", "photo", b"2"),
        lambda: blobs.delete("ana", [ref]),
        lambda: blobs.sweep((), 0),
        lambda: blobs.delete_owner("ana"),
    ):
        with pytest.raises(HomeReadOnlyError, match="cannot be written"):
            write()
    assert blobs.get("ana", ref) == b"1"
