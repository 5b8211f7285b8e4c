"""Blobs as objects, without a server; with one they are in tests/scale."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jarvis_memory.store import BlobStore, FileBlobStore
from jarvis_memory.store.blobs import HEADER_SIZE
from jarvis_memory.store.objects import Bucket, ObjectBlobStore, Patience
from jarvis_memory.store.ring import DatabaseRing
from jarvis_retrievers.errors import CorruptRecordError, HomeReadOnlyError, SettingError, StoreError
from tests.store.buckets import SECRET, blobs_in, folder_bucket, memory_bucket, quick
from tests.store.conformance_bytes import BlobConformance
from tests.store.locked import encrypted_catalogue


class TestMemory(BlobConformance):
    @pytest.fixture
    def blobs(self) -> BlobStore:
        return blobs_in(memory_bucket())


class TestFolder(BlobConformance):
    @pytest.fixture
    def blobs(self, tmp_path: Path) -> BlobStore:
        return blobs_in(folder_bucket(tmp_path))


class TestInParts(BlobConformance):
    """Read in ranges of a few bytes."""

    @pytest.fixture
    def blobs(self) -> BlobStore:
        return blobs_in(memory_bucket(part=1000))


class TestEncrypted(BlobConformance):
    repeats = False

    @pytest.fixture
    def blobs(self, tmp_path: Path) -> Iterator[BlobStore]:
        catalogue = encrypted_catalogue(tmp_path)
        yield blobs_in(memory_bucket(), DatabaseRing(catalogue.database))
        catalogue.close()


def only_file(folder: Path) -> Path:
    (path,) = (path for path in folder.rglob("*") if path.is_file())
    return path


def test_the_bytes_are_those_of_files_and_names_tell_no_owner(tmp_path: Path) -> None:
    blobs = blobs_in(folder_bucket(tmp_path / "objects"))
    ref = blobs.put("ana", "photo", b"payload")
    path = only_file(tmp_path / "objects")
    blobs_of_files = FileBlobStore(tmp_path / "files")
    place = blobs_of_files.path(ref)
    place.parent.mkdir(parents=True)
    place.write_bytes(path.read_bytes())
    assert blobs_of_files.get("ana", ref) == b"payload"
    # An owner's folder is a matter of the cluster's secret.
    folders = list[str]()
    for secret, owner in ((SECRET, "ana"), (SECRET, "ben"), (b"another", "ana")):
        ObjectBlobStore(folder_bucket(tmp_path / f"{len(folders)}"), secret).put(owner, "photo", b"")
        found = only_file(tmp_path / f"{len(folders)}")
        folders.append(found.parent.name)
        assert found.parent.parent.name == found.parent.name[:2]
        assert found.parent.parent.parent.name == "blobs"
    assert path.parent.name == folders[0]
    assert len(set(folders)) == 3
    assert all(len(folder) == 32 and owner not in folder for folder in folders for owner in ("ana", "ben"))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), payload=st.binary(max_size=200))
def test_every_flipped_bit_and_every_other_length_is_found(
    tmp_path: Path, data: st.DataObject, payload: bytes
) -> None:
    folder = tmp_path / os.urandom(8).hex()
    blobs = blobs_in(folder_bucket(folder))
    ref = blobs.put("ana", "segment", payload)
    path = only_file(folder)
    whole = bytearray(path.read_bytes())
    if data.draw(st.booleans()):
        bit = data.draw(st.integers(0, len(whole) * 8 - 1))
        whole[bit // 8] ^= 1 << bit % 8
    else:
        size = HEADER_SIZE + len(payload)
        length = data.draw(st.integers(0, size + 200).filter(lambda n: n != size))
        whole = (whole + bytes(length))[:length]
    path.write_bytes(whole)
    with pytest.raises(CorruptRecordError, match=ref.id):
        blobs.get("ana", ref)


@pytest.mark.parametrize("size", [0, 1, 999, 1000, 1001, 2000, 2001, 12345])
def test_parts_are_put_together(tmp_path: Path, size: int) -> None:
    bucket = folder_bucket(tmp_path, part=1000)
    data = os.urandom(size)
    assert bucket.put("a/b", data)
    for limit in (1, 999, 1000, 1001, 2500, 20000):
        assert bucket.get("a/b", limit) == data[:limit]
    assert bucket.get("a/c", 10) is None


def test_an_object_is_never_written_over() -> None:
    bucket = memory_bucket()
    assert bucket.put("a/b", b"one")
    assert not bucket.put("a/b", b"two")
    # Of a try whose answer was lost there may be the object itself.
    assert bucket.put("a/b", b"one")
    assert bucket.get("a/b", 10) == b"one"


def test_what_is_read_only_stays_so() -> None:
    bucket = memory_bucket()
    ref = blobs_in(bucket).put("ana", "photo", b"x")
    blobs = ObjectBlobStore(bucket, SECRET, read_only=True)
    assert blobs.get("ana", ref) == b"x"
    actions: tuple[Callable[[], object], ...] = (
        lambda: blobs.put("ana", "photo", b"y"),
        lambda: blobs.delete("ana", [ref]),
        lambda: blobs.delete_owner("ana"),
        lambda: blobs.sweep([], 0),
    )
    for action in actions:
        with pytest.raises(HomeReadOnlyError, match="opened to be read"):
            action()
    assert blobs.exists("ana", ref)


class Flaky:
    """A file system whose next calls of some methods fail."""

    def __init__(self, inner: Any) -> None:
        self.inner, self.failing, self.calls = inner, list[Exception](), 0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.inner, name)
        if not callable(found) or name == "makedirs":
            return found

        def called(*arguments: Any, **options: Any) -> Any:
            self.calls += 1
            if self.failing:
                raise self.failing.pop(0)
            return found(*arguments, **options)

        return called


@pytest.fixture
def flaky() -> tuple[Flaky, Bucket]:
    from fsspec.implementations.memory import MemoryFileSystem

    system = Flaky(MemoryFileSystem())
    return system, Bucket(
        f"/flaky-{os.urandom(8).hex()}", lambda: system, shown="s3://b", patience=quick(0.5)
    )


def test_what_passes_is_tried_again(flaky: tuple[Flaky, Bucket]) -> None:
    system, bucket = flaky
    system.failing = [TimeoutError("slow"), ConnectionResetError("cut"), OSError(16, "SlowDown")]
    assert bucket.put("a", b"data")
    assert bucket.get("a", 10) == b"data"


def test_what_stays_is_told_with_what_to_do(flaky: tuple[Flaky, Bucket]) -> None:
    system, bucket = flaky
    cases: tuple[tuple[Exception, type[Exception], str], ...] = (
        (PermissionError("Access Denied"), HomeReadOnlyError, "these credentials may not"),
        (FileNotFoundError("The specified bucket does not exist"), SettingError, "make it or name another"),
        (
            ValueError("Must provide a connection_string or account_name"),
            SettingError,
            "credentials are missing",
        ),
        (ValueError("unknown"), SettingError, "check the URL and the settings"),
    )
    for error, kind, match in cases:
        system.failing, before = [error], system.calls
        with pytest.raises(kind, match=match) as caught:
            bucket.put("a", b"x")
        assert system.calls == before + 1
        assert "\n" not in str(caught.value)
        assert "s3://b" in str(caught.value)
    system.failing = [ConnectionRefusedError("refused")] * 1000
    with pytest.raises(StoreError, match="check the network and the endpoint"):
        bucket.get("a", 1)
    system.failing = []
    assert bucket.get("a", 1) is None


def test_storage_that_keeps_something_else_is_not_acknowledged(flaky: tuple[Flaky, Bucket]) -> None:
    system, bucket = flaky
    write = system.inner.pipe_file
    system.pipe_file = lambda path, data, **options: write(path, data[:-1], **options)  # type: ignore[attr-defined]
    with pytest.raises(StoreError, match="4 bytes were written and 3 bytes found"):
        bucket.put("a", b"data")


def test_an_object_that_stays_is_not_told_to_be_gone(flaky: tuple[Flaky, Bucket]) -> None:
    system, bucket = flaky
    blobs = blobs_in(bucket)
    refs = [blobs.put("ana", "photo", bytes([n])) for n in range(6)]
    system.rm = lambda paths: None  # type: ignore[attr-defined]
    for some in (refs[:2], refs):
        with pytest.raises(HomeReadOnlyError, match=f"{len(some)} of {len(some)} objects are still there"):
            blobs.delete("ana", some)
    with pytest.raises(HomeReadOnlyError, match="still there"):
        blobs.delete_owner("ana")


@settings(max_examples=50, deadline=None)
@given(
    failures=st.integers(0, 30),
    deadline=st.floats(0, 20),
    first=st.floats(0.01, 1),
    longest=st.floats(0.01, 5),
)
def test_waits_grow_and_end(failures: int, deadline: float, first: float, longest: float) -> None:
    now, waits, tries = [0.0], list[float](), [0]

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        now[0] += seconds

    def action() -> str:
        tries[0] += 1
        if tries[0] <= failures:
            raise TimeoutError
        return "done"

    patience = Patience(deadline, first, longest)
    try:
        said = patience.run(action, lambda error: True, clock=lambda: now[0], sleep=sleep)
        assert said == "done"
        assert tries[0] == failures + 1
    except TimeoutError:
        assert tries[0] <= failures
    assert now[0] <= deadline
    assert all(0 <= wait <= max(longest, first) for wait in waits)
    assert all(wait <= first * 2**n for n, wait in enumerate(waits))
