"""Durable files: what a call here has done is still done after a power cut."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jarvis_retrievers.errors import HomeReadOnlyError, NoRoomError, StoreError

__all__ = ["SEGMENTS_MARK", "make_folder", "sync_folder", "translated", "writable", "write_file"]

SEGMENTS_MARK = "segments"
"""A file that says that everything in its folder is a tier's, which may delete it."""

_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def translated(what: str, path: Path) -> Iterator[None]:
    """Turn an OSError into HomeReadOnlyError (not allowed), NoRoomError or StoreError; ``what`` is a verb."""
    try:
        yield
    except OSError as error:
        if error.errno in _DENIED:
            raise HomeReadOnlyError(
                f"cannot {what} {path} ({error.strerror}); check the home's permissions"
            ) from error
        if error.errno in _FULL:
            raise NoRoomError(
                f"no room left to {what} {path} ({error.strerror}); free some and try again"
            ) from error
        raise StoreError(f"cannot {what} {path} ({error.strerror}); check the disk") from error


def sync_folder(folder: Path) -> None:
    """Make renames and unlinks in ``folder`` durable."""
    if os.name == "nt":  # Windows cannot open a folder, and orders its own metadata.
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """Make a folder that only its user may enter (0700), and its missing parents, durably."""
    missing = [folder]
    while not missing[-1].parent.exists():
        missing.append(missing[-1].parent)
    for path in reversed(missing):
        try:
            path.mkdir(mode=0o700)
        except FileExistsError:
            if not path.is_dir():
                raise
            continue
        sync_folder(path.parent)


def write_file(path: Path, temporary: Path, parts: tuple[bytes, ...]) -> None:
    """Write a new file: temporary file, fsync, rename, fsync of the folder. A failure leaves no file."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(temporary, flags, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        sync_folder(path.parent)
    except BaseException as error:
        for leftover in (temporary, path):
            try:
                leftover.unlink(missing_ok=True)
            except OSError as second:
                error.add_note(f"and {leftover} could not be removed: {second.strerror}")
        raise


def writable(folder: Path) -> bool:
    """Whether this process may write into ``folder``; also False on a file system mounted read-only."""
    return os.access(folder, os.W_OK | os.X_OK)
