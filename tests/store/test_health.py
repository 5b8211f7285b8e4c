"""After the medium has failed once, nothing more is written into an open home; reading goes on."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from jarvis_memory.store import OwnerStore
from jarvis_retrievers.errors import StoreError
from tests.store.drafts import draft


def broken(monkeypatch: pytest.MonkeyPatch, folders: bool, code: int = errno.EIO) -> None:
    """Let fsync fail, of folders or of files; the data may or may not be on the disk."""
    sync = os.fsync

    def fail(handle: int) -> None:
        sync(handle)
        if stat.S_ISDIR(os.fstat(handle).st_mode) == folders:
            raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", fail)


@pytest.mark.parametrize("folders", [False, True])
def test_nothing_is_written_after_a_failed_sync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folders: bool
) -> None:
    with OwnerStore.open(tmp_path, "ana") as store:
        store.add_concept(draft("Bo"))
        with monkeypatch.context() as patch:
            broken(patch, folders)
            with pytest.raises(StoreError, match="Input/output error"):
                store.add_concept(draft("Mia", 2))
        for write in (
            lambda: store.add_concept(draft("Pip", 3)),
            lambda: store.put_setting("key", "value"),
            lambda: store.forget("Bo"),
        ):
            with pytest.raises(StoreError, match="open the home again"):
                write()
        assert [concept.name for concept in store.list()] == ["Bo"]
    with OwnerStore.open(tmp_path, "ana") as store:
        store.add_concept(draft("Pip", 3))
        assert [concept.name for concept in store.list()] == ["Bo", "Pip"]


def test_a_full_disk_is_no_broken_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with OwnerStore.open(tmp_path, "ana") as store:
        with monkeypatch.context() as patch:
            broken(patch, folders=False, code=errno.ENOSPC)
            with pytest.raises(StoreError, match="No space left"):
                store.add_concept(draft("Mia", 2))
        store.add_concept(draft("Mia", 2))


def test_the_folder_of_a_new_log_must_be_durable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite does not look whether it could sync the folder in which it has made the -wal file."""
    OwnerStore.open(tmp_path, "ana").close()
    with OwnerStore.open(tmp_path, "ana") as store:
        with monkeypatch.context() as patch:
            broken(patch, folders=True)
            with pytest.raises(StoreError, match="Input/output error"):
                store.put_setting("key", "value")
        assert store.setting("key") is None
