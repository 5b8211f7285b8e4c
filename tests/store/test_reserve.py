"""On a full disk a home can be read, and concepts can be forgotten."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from jarvis_memory.store import OwnerStore
from jarvis_memory.store.reserve import RESERVE
from jarvis_retrievers.errors import NoRoomError
from tests.store.drafts import draft


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MiB."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", tmp_path], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.decode().strip()}")
    yield tmp_path
    subprocess.run(["umount", "-l", tmp_path], check=True)


def fill(folder: Path) -> None:
    with (folder / "filler").open("wb", buffering=0) as file:
        for size in (1 << 14, 1):
            with contextlib.suppress(OSError):
                while file.write(bytes(size)):
                    pass
    assert os.statvfs(folder).f_bavail == 0


def names(home: Path) -> list[str]:
    with OwnerStore.open(home, "ana") as store:
        return [concept.name for concept in store.list() if all(store.photo(p.id) for p in concept.photos)]


def test_a_full_disk_is_read_and_forgotten_on(small: Path) -> None:
    home = small / "home"
    with OwnerStore.open(home, "ana") as store:
        for number, name in enumerate(("Bo", "Mia", "Pip")):
            store.add_concept(draft(name, number, notes=(f"Note of {name}.",)))
        fill(small)
        with pytest.raises(NoRoomError, match="free some"):
            store.add_concept(draft("Zoe", 9, photo_bytes=100_000))
        store.forget("Mia")
    assert names(home) == ["Bo", "Pip"]
    with OwnerStore.open(home, "ana") as store:
        store.forget("Pip")
    assert names(home) == ["Bo"]
    left = [path for path in home.rglob("*") if path.is_file() and b"Note of Mia" in path.read_bytes()]
    assert left == []
    (small / "filler").unlink()
    with OwnerStore.open(home, "ana") as store:
        store.add_concept(draft("Mia", 4))
    assert (home / "reserve").stat().st_blocks * 512 >= RESERVE


def test_the_delete_of_a_full_disk(small: Path) -> None:
    home = small / "home"
    with OwnerStore.open(home, "ana") as store:
        store.add_concept(draft("Bo", 1))
    fill(small)
    with OwnerStore.open(home, "ana") as store:
        store.delete_owner()
    assert names(home) == []


def test_what_is_set_aside_is_set_aside_again(tmp_path: Path) -> None:
    reserve = tmp_path / "reserve"
    for lost in (None, 0, 5):
        if lost is not None:
            os.truncate(reserve, lost)
        OwnerStore.open(tmp_path, "ana").close()
        assert reserve.stat().st_size == RESERVE
    before = reserve.stat()
    OwnerStore.open(tmp_path, "ana", read_only=True).close()
    assert reserve.stat() == before
