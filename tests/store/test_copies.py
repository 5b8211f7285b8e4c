"""Copies of blobs on a local disk: what is kept, what goes, and what a broken disk costs."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections import OrderedDict
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from jarvis_memory.store import BlobRef, BlobStore
from jarvis_memory.store.cached_blobs import CachedBlobStore
from jarvis_memory.store.copies import DAY, Copies
from jarvis_memory.store.objects import ObjectBlobStore
from jarvis_retrievers.errors import CorruptRecordError, SettingError, StoreError
from tests.store.buckets import blobs_in, memory_bucket
from tests.store.conformance_bytes import BlobConformance
from tests.store.locked import encrypted_blobs, encrypted_catalogue


class Clock:
    """A second later whenever it is asked, so that no two times are one."""

    def __init__(self) -> None:
        self.now = 1e9

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def cached(folder: Path, max_bytes: int = 1 << 20, **options: Any) -> CachedBlobStore:
    return CachedBlobStore(blobs_in(memory_bucket()), Copies(folder, max_bytes, **options))


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file()}


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


class Machine(RuleBasedStateMachine):
    """Compared with a dict in the order of use, with the same quota."""

    quota = 1000

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.copies = Copies(self.folder, self.quota, longest=1e9, clock=Clock())
        self.model: OrderedDict[str, bytes] = OrderedDict()

    @rule(number=st.integers(0, 9), size=st.integers(0, 1100), other=st.binary(min_size=1, max_size=1))
    def put(self, number: int, size: int, other: bytes) -> None:
        key, data = f"{number:032x}", other * size
        kept = self.copies.put(key, data)
        assert kept == (size <= self.quota)
        if not kept:
            return
        if sum(map(len, self.model.values())) + size > self.quota:
            while self.model and sum(map(len, self.model.values())) + size > max(self.quota * 7 // 8, size):
                self.model.popitem(last=False)
        self.model[key] = data
        self.model.move_to_end(key)

    @rule(number=st.integers(0, 9), limit=st.integers(0, 1100))
    def get(self, number: int, limit: int) -> None:
        key = f"{number:032x}"
        wanted = self.model.get(key)
        if wanted is not None and len(wanted) > limit:
            wanted = None
        assert self.copies.get(key, limit) == wanted
        if wanted is not None:
            self.model.move_to_end(key)

    @rule(numbers=st.sets(st.integers(0, 9)))
    def drop(self, numbers: set[int]) -> None:
        keys = [f"{number:032x}" for number in numbers]
        self.copies.drop(keys)
        for key in keys:
            self.model.pop(key, None)

    @rule(numbers=st.sets(st.integers(0, 9)))
    def keep_only(self, numbers: set[int]) -> None:
        keys = {f"{number:032x}" for number in numbers}
        gone = set(self.model) - keys
        assert self.copies.keep_only(keys) == len(gone)
        for key in gone:
            del self.model[key]

    @rule()
    def open_again(self) -> None:
        self.copies = Copies(self.folder, self.quota, longest=1e9, clock=self.copies._clock)

    @invariant()
    def same(self) -> None:
        assert names_in(self.folder) == set(self.model)
        assert self.copies.nbytes == sum(map(len, self.model.values())) <= self.quota

    def teardown(self) -> None:
        shutil.rmtree(self.folder)


class TestMachine(Machine.TestCase):  # type: ignore[misc, valid-type]
    settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


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


def test_a_disk_that_fails_costs_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = list[str]()
    monkeypatch.setattr("jarvis_memory.store.copies.log", lambda event, **_: told.append(event))
    store = cached(tmp_path)
    refs = [store.put("ana", "photo", bytes([n])) for n in range(3)]

    def fails(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("jarvis_memory.store.copies.os.utime", fails)
    for n, ref in enumerate(refs):
        assert store.get("ana", ref) == bytes([n])
    # Nothing half written is left, and one line in the log.
    assert names_in(tmp_path) == set()
    assert told == ["copies.unkept"]


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


def test_what_a_killed_process_has_left_goes_after_an_hour(tmp_path: Path) -> None:
    folder = tmp_path / "copies" / "ab"
    folder.mkdir(parents=True)
    for age in (0, 7200):
        path = folder / f"tmp-{age:016x}"
        path.write_bytes(b"half")
        os.utime(path, (path.stat().st_mtime - age,) * 2)
    (tmp_path / "copies" / "a file of mine").write_text("x")
    Copies(tmp_path, 1000)
    assert names_in(tmp_path) == {f"tmp-{0:016x}", "a file of mine"}


def test_settings(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="at least one byte"):
        Copies(tmp_path, 0)
    with pytest.raises(SettingError, match="some time"):
        Copies(tmp_path, 10, longest=0)
    (tmp_path / "file").write_text("x")
    with pytest.raises(SettingError, match="got the file"):
        Copies(tmp_path / "file", 10)


_READER = """
import sys
from pathlib import Path
from jarvis_memory.store.copies import Copies
copies = Copies(sys.argv[1], 100_000)
for round in range(100):
    key = f"{(round * 7 + int(sys.argv[2])) % 60:032x}"
    found = copies.get(key, 5000)
    assert found is None or found == bytes.fromhex(key) * 250, key
    copies.put(key, bytes.fromhex(key) * 250)
"""


def test_processes_share_a_folder(tmp_path: Path) -> None:
    """No half copy is ever seen, and together they pass the quota by their sixteenths alone."""
    readers = [
        subprocess.Popen([sys.executable, "-c", _READER, str(tmp_path), str(n)], stderr=subprocess.PIPE)
        for n in range(3)
    ]
    for reader in readers:
        _, said = reader.communicate(timeout=60)
        assert reader.returncode == 0, said.decode()[-1000:]
    sizes = [path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()]
    assert set(sizes) == {4000}
    assert sum(sizes) <= 100_000 * (1 + 3 / 16) + 3 * 4000
    again = Copies(tmp_path, 100_000)
    again.put("f" * 32, b"x" * 50_000)
    assert again.nbytes <= 100_000


def test_an_unknown_id_is_no_path(tmp_path: Path) -> None:
    copies = Copies(tmp_path / "near", 1000)
    (tmp_path / "secret").write_text("secret")
    for blob_id in ("../../secret", "", "a/b", "G" * 32):
        assert copies.get(blob_id, 100) is None
        assert not copies.put(blob_id, b"x")
        copies.drop([blob_id])
    assert (tmp_path / "secret").read_text() == "secret"
    store = CachedBlobStore(blobs_in(memory_bucket()), copies)
    assert isinstance(store.inner, ObjectBlobStore)
    with pytest.raises(CorruptRecordError, match="32 hexadecimal"):
        store.get("ana", BlobRef("../../secret", 1, "0" * 64))
