"""A catalogue read into memory with its log: SQLite itself would write beside the file to read it."""

from __future__ import annotations

import sqlite3
import struct
from pathlib import Path
from typing import Final

from jarvis_retrievers.errors import CorruptRecordError, StoreError

from ..store.disk import translated
from ..store.kept import chunks

__all__ = ["MOST", "in_memory"]

MOST: Final = 512 * 2**20
"""Bytes of a catalogue and its log that are read; a larger catalogue is looked at without its log."""

_TRIES = 5
_FRAME, _HEAD = 24, 32


def in_memory(path: Path) -> tuple[sqlite3.Connection, bool]:
    """A connection to what a catalogue holds now, and whether its log is in it. No byte on disk is changed.

    Raises:
        CorruptRecordError: it is no catalogue. StoreError: it cannot be read, or changes too fast.
    """
    log = Path(f"{path}-wal")
    for _ in range(_TRIES):
        before = _stamps(path, log)
        if sum(size for size, _ in before) > MOST:
            # ``immutable``: no lock is taken and no file made; the log is left out.
            uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
            return sqlite3.connect(uri, uri=True), before[1][0] == 0
        with translated("read", path):
            frames = log.read_bytes() if log.exists() else b""
            data = bytearray().join(chunks(path))
        if _stamps(path, log) == before:
            break
    else:
        raise StoreError(f"{path} changes too fast to be looked at; try again when less is written")
    if len(data) < 100 or not data.startswith(b"SQLite format 3\0"):
        raise CorruptRecordError(f"{path} is not a catalogue (no SQLite header); restore it from a backup")
    _replay(data, frames)
    data[18:20] = b"\1\1"  # a file without a log
    connection = sqlite3.connect(":memory:")
    try:
        connection.deserialize(bytes(data))
    except sqlite3.Error as error:
        connection.close()
        raise CorruptRecordError(f"{path} is damaged ({error}); restore it from a backup") from error
    return connection, True


def _replay(data: bytearray, log: bytes) -> None:
    """Write the committed frames of a log into a file (sqlite.org/fileformat2.html, section 4)."""
    if len(log) < _HEAD:
        return
    magic, _, size, _, *salts, first, second = struct.unpack(">8I", log[:_HEAD])
    if magic not in (0x377F0682, 0x377F0683) or size < 512:
        return
    order = ">" if magic & 1 else "<"
    sums = _summed(log[: _HEAD - 8], (0, 0), order)
    if sums != (first, second):
        return
    pages: dict[int, int] = {}
    at = _HEAD
    while at + _FRAME + size <= len(log):
        number, whole, *own, a, b = struct.unpack(">6I", log[at : at + _FRAME])
        if own != salts:
            return
        sums = _summed(log[at : at + 8], sums, order)
        sums = _summed(log[at + _FRAME : at + _FRAME + size], sums, order)
        if sums != (a, b) or number == 0:
            return
        pages[number] = at + _FRAME
        if whole:  # a commit: the file has so many pages from now on
            wanted = whole * size
            data.extend(bytes(max(0, wanted - len(data))))
            del data[wanted:]
            for page, start in pages.items():
                if page <= whole:
                    data[(page - 1) * size : page * size] = log[start : start + size]
            pages.clear()
        at += _FRAME + size


def _summed(data: bytes, sums: tuple[int, int], order: str) -> tuple[int, int]:
    a, b = sums
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        a = (a + even + b) & 0xFFFFFFFF
        b = (b + odd + a) & 0xFFFFFFFF
    return a, b


def _stamps(*paths: Path) -> list[tuple[int, int]]:
    found = []
    for path in paths:
        try:
            status = path.stat()
        except FileNotFoundError:
            found.append((0, 0))
        else:
            found.append((status.st_size, status.st_mtime_ns))
    return found
