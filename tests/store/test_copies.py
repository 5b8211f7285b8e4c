"""Copies of blobs on a local disk: what is kept, what goes, and what a broken disk costs."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import tempfile
from collections import OrderedDict
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from jarvis_memory.store import BlobRef
from jarvis_memory.store.cached_blobs import CachedBlobStore
from jarvis_memory.store.copies import Copies
from jarvis_memory.store.objects import ObjectBlobStore
from jarvis_memory.store.tiers import DiskTier
from jarvis_retrievers.errors import CorruptRecordError, SettingError
from tests.store.buckets import blobs_in, memory_bucket
from tests.store.near import cached, names_in


class Clock:
    """A second later whenever it is asked, so that no two times are one."""

    def __init__(self) -> None:
        self.now = 1e9

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


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


@pytest.mark.parametrize("first", ["copies", "tier"])
def test_a_tier_of_segments_and_copies_do_not_share_a_folder(tmp_path: Path, first: str) -> None:
    if first == "tier":
        DiskTier(tmp_path, 1000)
        with pytest.raises(SettingError, match="is a tier of segments"):
            Copies(tmp_path, 1000)
    else:
        Copies(tmp_path, 1000)
        with pytest.raises(SettingError, match="holds other things"):
            DiskTier(tmp_path, 1000)


def test_what_lies_where_no_copy_would_is_left_alone(tmp_path: Path) -> None:
    mine = [
        tmp_path / "copies" / place
        for place in ("a" * 32, "b/" + "c" * 32, "ab/tmp-mine", "d/e/tmp-" + "0" * 16)
    ]
    for path in mine:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"mine")
        os.utime(path, (1.0, 1.0))
    copies = Copies(tmp_path, 10)
    assert copies.nbytes == 0
    copies.put("f" * 32, b"x" * 10)
    assert copies.keep_only(()) == 1
    assert all(path.read_bytes() == b"mine" for path in mine)
