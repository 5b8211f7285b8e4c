"""Blobs with copies near: what is read from where, and what is left of what was deleted."""

from __future__ import annotations

import errno
import shutil
import threading
from functools import partial
from pathlib import Path

import pytest

from jarvis_memory.store import BlobStore
from jarvis_memory.store.cached_blobs import CachedBlobStore
from jarvis_memory.store.copies import DAY, Copies
from jarvis_retrievers.errors import CorruptRecordError, StoreError
from tests.store.buckets import blobs_in, memory_bucket
from tests.store.conformance_bytes import BlobConformance
from tests.store.locked import encrypted_blobs, encrypted_catalogue
from tests.store.near import cached, names_in


class TestCached(BlobConformance):
    @pytest.fixture
    def blobs(self, tmp_path: Path) -> BlobStore:
        return cached(tmp_path)


class TestTooSmall(BlobConformance):
    @pytest.fixture
    def blobs(self, tmp_path: Path) -> BlobStore:
        return cached(tmp_path, 40)


class TestBroken(BlobConformance):
    """The folder cannot be made."""

    @pytest.fixture
    def blobs(self, tmp_path: Path) -> BlobStore:
        store = cached(tmp_path / "near")
        shutil.rmtree(tmp_path / "near", ignore_errors=True)
        (tmp_path / "near").write_text("a file")
        return store


def test_a_copy_is_read_in_place_of_the_blob_and_only_if_it_is_sound(tmp_path: Path) -> None:
    store = cached(tmp_path)
    ref = store.put("ana", "photo", b"payload")
    assert names_in(tmp_path) == set()
    assert store.get("ana", ref) == b"payload"
    (path,) = (path for path in tmp_path.rglob("*") if path.is_file())
    assert path.name == ref.id
    assert path.stat().st_mode & 0o077 == 0
    # Not from the blob: that is gone.
    store.inner.delete("ana", [ref])
    assert store.get("ana", ref) == b"payload"
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    with pytest.raises(CorruptRecordError, match="missing"):
        store.get("ana", ref)
    assert names_in(tmp_path) == set()


def test_another_owner_gets_no_copy(tmp_path: Path) -> None:
    store = cached(tmp_path)
    ref = store.put("ana", "photo", b"payload")
    store.get("ana", ref)
    with pytest.raises(CorruptRecordError, match="missing"):
        store.get("ben", ref)
    assert store.get("ana", ref) == b"payload"


@pytest.mark.parametrize("damage", [b"", b"short", b"x" * 5000])
def test_a_damaged_copy_is_made_again(tmp_path: Path, damage: bytes) -> None:
    store = cached(tmp_path)
    ref = store.put("ana", "photo", b"payload")
    store.get("ana", ref)
    (path,) = (path for path in tmp_path.rglob("*") if path.is_file())
    sound = path.read_bytes()
    path.write_bytes(damage)
    assert store.get("ana", ref) == b"payload"
    assert path.read_bytes() == sound


def test_copies_of_an_encrypted_store_are_encrypted(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    catalogue = encrypted_catalogue(tmp_path / "home")
    inner = encrypted_blobs(tmp_path / "home", catalogue)
    store = CachedBlobStore(inner, Copies(tmp_path / "near", 10_000))
    ref = store.put("ana", "photo", b"a readable payload", bound="here")
    for _ in range(2):
        assert store.get("ana", ref, bound="here") == b"a readable payload"
    (path,) = (path for path in (tmp_path / "near").rglob("*") if path.is_file())
    assert path.read_bytes() == inner.path(ref).read_bytes()
    assert b"readable" not in path.read_bytes()
    with pytest.raises(CorruptRecordError):
        store.get("ana", ref, bound="elsewhere")
    catalogue.close()


def test_what_is_deleted_is_gone_here_at_once(tmp_path: Path) -> None:
    store = cached(tmp_path)
    hers, his = store.put("ana", "photo", b"1"), store.put("ben", "photo", b"2")
    more = [store.put("ana", "photo", bytes([n])) for n in range(3)]
    for owner, ref in (("ana", hers), ("ben", his), *(("ana", ref) for ref in more)):
        store.get(owner, ref)
    assert store.delete("ana", [hers]) == 1
    assert names_in(tmp_path) == {his.id, *(ref.id for ref in more)}
    assert store.sweep({his.id, more[0].id}, 3600) == 0
    assert names_in(tmp_path) == {his.id, more[0].id}
    assert store.delete_owner("ana") == 3
    assert names_in(tmp_path) == {his.id}


def test_a_reader_who_is_late_leaves_no_copy(tmp_path: Path) -> None:
    """Read before it is deleted, kept after: the copy is dropped again."""
    store = cached(tmp_path)
    ref = store.put("ana", "photo", b"1")
    keep, met = store.copies.put, threading.Event()

    def late(blob_id: str, data: bytes) -> bool:
        store.delete("ana", [ref])
        met.set()
        return keep(blob_id, data)

    store.copies.put = late  # type: ignore[method-assign]
    assert store.get("ana", ref) == b"1"
    assert met.is_set()
    assert names_in(tmp_path) == set()


def test_another_machine_drops_its_copy_when_it_sweeps_or_after_a_day(tmp_path: Path) -> None:
    inner = blobs_in(memory_bucket())
    now = [1e9]
    here = CachedBlobStore(inner, Copies(tmp_path / "here", 10_000))
    there = CachedBlobStore(inner, Copies(tmp_path / "there", 10_000, clock=lambda: now[0]))
    refs = [inner.put("ana", "photo", bytes([n])) for n in range(3)]
    for ref in refs:
        here.get("ana", ref)
        there.get("ana", ref)
    assert here.delete("ana", refs[:2]) == 2
    assert names_in(tmp_path / "here") == {refs[2].id}
    # What is promised of other machines ends here.
    assert names_in(tmp_path / "there") == {ref.id for ref in refs}
    there.sweep({refs[1].id, refs[2].id}, 3600)
    assert names_in(tmp_path / "there") == {refs[1].id, refs[2].id}
    now[0] += DAY / 2
    there.get("ana", refs[2])
    assert names_in(tmp_path / "there") == {refs[1].id, refs[2].id}
    # Read again and again, it gets no older; it is made anew.
    now[0] += DAY / 2 + 1
    assert there.get("ana", refs[2]) == bytes([2])
    assert names_in(tmp_path / "there") == {refs[2].id}
    with pytest.raises(CorruptRecordError, match="missing"):
        there.get("ana", refs[1])


def test_forgetting_fails_if_a_copy_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = cached(tmp_path)
    ref = store.put("ana", "photo", b"1")
    store.get("ana", ref)

    def fails(self: Path, missing_ok: bool = False) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", fails)
        for forget in (partial(store.delete, "ana", [ref]), partial(store.delete_owner, "ana")):
            with pytest.raises(StoreError, match=r"could not be deleted .* forget again"):
                forget()
    # The blob itself is gone, and doing it again finishes.
    assert not store.exists("ana", ref)
    assert store.delete_owner("ana") == 0
    assert names_in(tmp_path) == set()
