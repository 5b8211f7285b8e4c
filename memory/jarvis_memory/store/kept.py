"""Reading a catalogue as the file it is, without taking from this process its locks on it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["chunks"]

_CHUNK = 1 << 24


@dataclass(slots=True)
class _Kept:
    handle: int
    readers: int = 0


# By device and inode: what was opened stays open as long as the file has a name.
_KEPT: dict[tuple[int, int], _Kept] = {}
_LOCK = threading.Lock()


def chunks(path: Path) -> Iterator[bytes]:
    """All bytes of a file, in order.

    Through a descriptor that stays open, one for each file that was ever read so and is still there: closing
    any would take from this process all locks on the file, those of SQLite's connections as well, and another
    process would take the log away from them (sqlite.org/howtocorrupt.html, section 2.2).

    Raises:
        OSError: it cannot be read.
    """
    with _opened(path) as handle:
        at = 0
        while data := os.pread(handle, _CHUNK, at):
            yield data
            at += len(data)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    with _LOCK:
        kept = _kept(path)
        kept.readers += 1
    try:
        yield kept.handle
    finally:
        with _LOCK:
            kept.readers -= 1
            _close_deleted()


def _kept(path: Path) -> _Kept:
    _close_deleted()
    found = path.stat()
    if (found.st_dev, found.st_ino) in _KEPT:
        return _KEPT[found.st_dev, found.st_ino]
    handle = os.open(path, os.O_RDONLY)
    found = os.fstat(handle)
    # The path may name another file by now; if that was opened before, both descriptors stay open.
    return _KEPT.setdefault((found.st_dev, found.st_ino), _Kept(handle))


def _close_deleted() -> None:
    """Nobody can open them any more, so nobody needs locks on them."""
    for file, kept in list(_KEPT.items()):
        if not kept.readers and _deleted(kept.handle):
            os.close(_KEPT.pop(file).handle)


def _deleted(handle: int) -> bool:
    try:
        return os.fstat(handle).st_nlink == 0
    except OSError:
        # Of a network disk that has forgotten it.
        return True
