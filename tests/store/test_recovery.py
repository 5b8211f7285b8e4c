"""Files of writes that were cut short are deleted by themselves, once nobody can still be writing them."""

from __future__ import annotations

import logging
import os
import signal
import time
from pathlib import Path

import pytest

from jarvis_memory.store import OwnerStore
from tests.store.drafts import draft


def cut_short(home: Path) -> None:
    """A process dies between the blob and its row."""
    child = os.fork()
    if child == 0:
        store = OwnerStore.open(home, "ana")
        store.add_concept(draft("Bo", 1))
        store._blobs.put("ana", "photo", b"orphan")
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)


def files(home: Path) -> set[str]:
    return {path.name for part in ("blobs", "tmp") for path in (home / part).rglob("*") if path.is_file()}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_orphans_are_swept_after_the_grace_period(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    home = tmp_path / "home"
    cut_short(home)
    with OwnerStore.open(home, "ana") as store:
        live = store._catalogue.live_blobs()
        (orphan,) = {path.name for path in (home / "blobs").rglob("*") if path.is_file()} - live
    for _ in range(2):
        OwnerStore.open(home, "ana").close()
        assert orphan in files(home)
    for path in home.rglob("*"):
        if path.is_file():
            os.utime(path, (time.time() - 7200,) * 2)
    with caplog.at_level(logging.WARNING):
        OwnerStore.open(home, "ana").close()
    assert "files of writes that were cut short are deleted (files=1)" in caplog.text
    assert files(home) == live


def test_a_home_that_was_closed_is_not_searched(tmp_path: Path) -> None:
    with OwnerStore.open(tmp_path, "ana") as store:
        store.add_concept(draft("Bo", 1))
    OwnerStore.open(tmp_path, "ana").close()
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_write_that_is_finished_meanwhile_is_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    OwnerStore.open(tmp_path, "ana").close()
    # Listed just before it was renamed into its place.
    monkeypatch.setattr(Path, "iterdir", lambda folder: iter([folder / "gone"]))
    with OwnerStore.open(tmp_path, "ana") as store:
        store.add_concept(draft("Bo", 1))
