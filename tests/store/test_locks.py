"""Whatever a process does with a home that it has open, it keeps its locks on the catalogue.

Closing any descriptor of a file takes all locks of the process on it (sqlite.org/howtocorrupt.html, section
2.2). The next process that closes the catalogue would then take itself for the last one, and delete the log
in which acknowledged writes stand.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jarvis_memory.checkup import checkup
from jarvis_memory.store import OwnerStore
from jarvis_memory.store.backup import backup, restore
from jarvis_memory.store.kept import _KEPT, chunks
from jarvis_memory.store.keyless import check_bytes
from jarvis_memory.store.securing import secured
from jarvis_retrievers.errors import CorruptRecordError
from tests.store.drafts import draft

_VISIT = """
import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as visitor:
    print(visitor.execute("SELECT count(*) FROM concepts").fetchone()[0])
visitor.close()
"""


def visit(home: Path) -> int:
    """Another process opens the catalogue, counts concepts, and closes it."""
    command = [sys.executable, "-c", _VISIT, str(home / "catalogue.sqlite")]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def other_owner(home: Path) -> None:
    with OwnerStore.open(home, "ben") as store:
        store.add_concept(draft("Mug"))


def reader(home: Path) -> None:
    with OwnerStore.open(home, "ben", read_only=True) as store:
        assert store.list() == []


def verified(home: Path) -> None:
    with OwnerStore.open(home, "ana") as store:
        assert list(store.verify()) == []


def exported(home: Path) -> None:
    with OwnerStore.open(home, "ana") as store:
        store.export(home.with_name("archive"))


def swept(home: Path) -> None:
    with OwnerStore.open(home, "ana") as store:
        store.forget("Bo")
        store.sweep(0)


def copied(home: Path) -> None:
    backup(home, home.with_name("copy"))


def restored(home: Path) -> None:
    """A backup that is in use as a home, and so no longer what was backed up."""
    backup(home, home.with_name("copy"))
    (home / "manifest.json").write_bytes((home.with_name("copy") / "manifest.json").read_bytes())
    with pytest.raises(CorruptRecordError, match="damaged"):
        restore(home, home.with_name("again"))


def looked_at(home: Path) -> None:
    assert not any(check.state == "wrong" for check in checkup(home))


def compared(home: Path) -> None:
    assert list(check_bytes(home)) == []


def asked(home: Path) -> None:
    assert secured(home).source is None


@pytest.fixture
def store(tmp_path: Path) -> Iterator[OwnerStore]:
    with OwnerStore.open(tmp_path / "home", "ana") as store:
        store.add_concept(draft())
        yield store


@pytest.mark.parametrize(
    "deed", [other_owner, reader, verified, exported, swept, copied, restored, looked_at, compared, asked]
)
def test_a_process_keeps_its_locks(store: OwnerStore, tmp_path: Path, deed: Callable[[Path], None]) -> None:
    home = tmp_path / "home"
    deed(home)
    before = visit(home)
    assert (home / "catalogue.sqlite-wal").exists()
    store.add_concept(draft("Late"))
    assert visit(home) == before + 1
    assert store.get("Late").name == "Late"


def test_what_was_read_as_a_file_and_deleted_is_closed(tmp_path: Path) -> None:
    """Else a process that restores much would run out of descriptors, and the disk would stay full."""
    inodes = set[int]()
    for n in range(5):
        file = tmp_path / f"{n}"
        file.write_bytes(bytes([n]) * 100)
        assert b"".join(chunks(file)) == bytes([n]) * 100
        inodes.add(file.stat().st_ino)
        file.unlink()
    # The last one, until another is read.
    assert len(inodes & {inode for _, inode in _KEPT}) == 1


def test_several_read_one_file_as_they_like(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"a" * 100)
    first, second = chunks(file), chunks(file)
    # Neither waits for the other, and neither loses it when its name is gone.
    assert (next(first), next(second)) == (b"a" * 100, b"a" * 100)
    file.unlink()
    with pytest.raises(FileNotFoundError):
        next(chunks(file))
    assert (next(first, b""), next(second, b"")) == (b"", b"")
