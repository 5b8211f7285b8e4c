"""Blobs: immutable files under random names, checked whenever they are read."""

from __future__ import annotations

import os
import re
import secrets
import stat
import time
from collections.abc import Collection, Iterator
from pathlib import Path

from jarvis_retrievers.errors import CorruptRecordError, HomeReadOnlyError

from .blob_frames import (
    HEADER_SIZE,
    PLAIN_MAGIC,
    check_frame,
    header_of,
    key_id_of,
    opened_frame,
    packed,
    payload_of,
    size_of,
    tag_of,
    unusable,
    whose_key,
)
from .cipher import KeyRing, OwnerCipher, PlainRing
from .contracts import BlobRef
from .disk import make_folder, sync_folder, translated, write_file
from .health import Health

__all__ = ["HEADER_SIZE", "UNCLEAN", "FileBlobStore", "modified", "unusable"]

UNCLEAN = "unclean"
"""Name of a file in ``tmp`` that says that a process was cut short; see `recover`."""

_ID = re.compile(r"[0-9a-f]{32}\Z")


class FileBlobStore:
    """``<root>/blobs/ab/cd/<id>``, written through ``<root>/tmp/<id>``.

    A file starts with a frame that says what it is and whose, so that an owner's blobs can be found and
    deleted without the catalogue; the digest covers owner, kind and payload, so that one owner's file is
    never taken for another's.

    Args:
        root: the home.
        read_only: refuse writes.
        health: shared with what else writes there.
        keys: who encrypts; nobody by default.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        *,
        read_only: bool = False,
        health: Health | None = None,
        keys: KeyRing | None = None,
    ) -> None:
        self._root = Path(root)
        self._health = health or Health()
        self._blobs = self._root / "blobs"
        self._tmp = self._root / "tmp"
        self._read_only = read_only
        self._keys: KeyRing = keys or PlainRing()
        if not read_only:
            for folder in (self._blobs, self._tmp):
                with translated("make", folder):
                    make_folder(folder)

    def put(
        self, owner: str, kind: str, data: bytes, *, bound: str = "", cipher: OwnerCipher | None = None
    ) -> BlobRef:
        """See `BlobStore.put`; ``cipher`` is by default the owner's own."""
        self._check_writable()
        header_of(owner, kind)
        cipher, blob_id = cipher or self._keys.current(owner), secrets.token_hex(16)
        parts, found = packed(owner, kind, blob_id, data, bound, cipher)
        ref = BlobRef(blob_id, len(data), found, cipher.key_id)
        path = self.path(ref)
        with self._health.watched("write", path):
            make_folder(path.parent)
            write_file(path, self._tmp / ref.id, parts)
        return ref

    def get(self, owner: str, ref: BlobRef, *, bound: str = "") -> bytes:
        """See `BlobStore.get`."""
        start, rest = self._read(ref)
        try:
            cipher = self._keys.by_id(owner, key_id_of(start, rest))
            return payload_of(owner, ref, start, rest, bound, cipher)
        except CorruptRecordError as error:
            raise unusable(self.path(ref), str(error)) from error

    def frame(self, owner: str, ref: BlobRef) -> bytes:
        """See `FramedBlobStore.frame`."""
        return b"".join(self._read(ref))

    def opened(self, owner: str, ref: BlobRef, frame: bytes, *, bound: str = "") -> bytes:
        """See `FramedBlobStore.opened`."""
        return opened_frame(self._keys, owner, ref, frame, bound)

    def check(self, owner: str, ref: BlobRef) -> None:
        """Compare a file with its row, without any key.

        Raises:
            CorruptRecordError: missing, of another length, changed, or another owner's.
        """
        start, rest = self._read(ref)
        try:
            check_frame(owner, ref, start, rest)
        except CorruptRecordError as error:
            raise unusable(self.path(ref), str(error)) from error

    def _read(self, ref: BlobRef) -> tuple[bytes, bytes]:
        """A file's header, and the rest."""
        path = self.path(ref)
        flags = (
            os.O_RDONLY
            | getattr(os, "O_NOFOLLOW", 0)
            | getattr(os, "O_NONBLOCK", 0)
            | getattr(os, "O_BINARY", 0)
        )
        with translated("read", path):
            try:
                handle = os.open(path, flags)
            except FileNotFoundError:
                raise unusable(path, "it is missing") from None
            except OSError as error:
                if path.is_symlink():
                    raise unusable(path, "it is a link, not a file") from error
                raise
            # Not buffered: joining a buffer with the rest would copy megabytes.
            with os.fdopen(handle, "rb", buffering=0) as file:
                status = os.fstat(file.fileno())
                start = file.read(HEADER_SIZE) if stat.S_ISREG(status.st_mode) else b""
                # Sizes first: a file that grew must not be read into memory to find that out.
                expected = size_of(start, ref.length)
                if not start or status.st_size != expected:
                    raise unusable(path, f"it should have {expected} bytes, got {status.st_size}")
                return start, file.readall()

    def exists(self, owner: str, ref: BlobRef) -> bool:
        """See `BlobStore.exists`."""
        return _owned(self.path(ref), tag_of(owner))

    def delete(self, owner: str, refs: Collection[BlobRef]) -> int:
        """See `BlobStore.delete`."""
        if not refs:
            return 0
        self._check_writable()
        # A rotten id names no file; the file that it once named is found by the next sweep.
        return self._unlink([self.path(ref) for ref in refs if _ID.match(ref.id)])

    def sweep(self, live: Collection[str], grace: float) -> int:
        """See `BlobStore.sweep`."""
        self._check_writable()
        oldest = time.time() - grace
        names = frozenset(live)
        # It stands for others, and is none that was cut short itself.
        self._unlink([p for p in (self._tmp / UNCLEAN,) if modified(p) <= oldest])
        return self._unlink(
            [p for p in self._files(self._tmp) if modified(p) <= oldest]
            + [p for p in self._files(self._blobs) if p.name not in names and modified(p) <= oldest]
        )

    def sweep_keys(self, retired: Collection[tuple[str, int]]) -> int:
        """Delete files, finished or not, that were written with keys that owners had before.

        Args:
            retired: owners and ids of keys; 0 for files that are not encrypted.

        Returns:
            How many.
        """
        self._check_writable()
        gone = frozenset((tag_of(owner), key_id) for owner, key_id in retired)
        return self._unlink(
            [
                path
                for folder in (self._blobs, self._tmp)
                for path in self._files(folder)
                if whose_key(_start(path)) in gone
            ]
        )

    def sweep_plain(self) -> int:
        """Delete all files, of whomever, that are not encrypted; returns how many."""
        self._check_writable()
        return self._unlink(
            [
                path
                for folder in (self._blobs, self._tmp)
                for path in self._files(folder)
                if _start(path).startswith(PLAIN_MAGIC)
            ]
        )

    def expect_orphans(self) -> None:
        """Note that files may be left that nothing points to; a grace period later they are swept."""
        path = self._tmp / UNCLEAN
        with self._health.watched("write", path):
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))

    def delete_owner(self, owner: str) -> int:
        """See `BlobStore.delete_owner`."""
        self._check_writable()
        tag = tag_of(owner)
        return self._unlink(
            [p for folder in (self._blobs, self._tmp) for p in self._files(folder) if _owned(p, tag)]
        )

    def path(self, ref: BlobRef) -> Path:
        """Where a blob's file is.

        Raises:
            CorruptRecordError: its id is not 32 hexadecimal digits.
        """
        if not _ID.match(ref.id):
            raise CorruptRecordError(
                f"a blob's id must be 32 hexadecimal digits, got {ascii(ref.id)[:60]}; the record is damaged"
            )
        return self._blobs / ref.id[:2] / ref.id[2:4] / ref.id

    def _files(self, folder: Path) -> Iterator[Path]:
        with translated("list", folder):
            for root, _, names in os.walk(folder, onerror=_raise):
                yield from (Path(root) / name for name in names)

    def _unlink(self, paths: list[Path]) -> int:
        count = 0
        folders: set[Path] = set()
        for path in paths:
            with self._health.watched("delete", path):
                try:
                    path.unlink()
                except FileNotFoundError:
                    continue
            count += 1
            folders.add(path.parent)
        for folder in folders:
            with self._health.watched("sync", folder):
                sync_folder(folder)
        return count

    def _check_writable(self) -> None:
        if self._read_only:
            raise HomeReadOnlyError(
                f"the home {self._root} cannot be written; check its permissions, nothing was changed"
            )
        self._health.check(self._root)


def _owned(path: Path, tag: bytes) -> bool:
    return _start(path)[16:HEADER_SIZE] == tag


def _start(path: Path) -> bytes:
    """The first bytes of a file; none if it is gone."""
    with translated("read", path):
        try:
            with path.open("rb") as file:
                return file.read(HEADER_SIZE + 4)
        except FileNotFoundError:
            return b""


def modified(path: Path) -> float:
    """When a file was written, in seconds since 1970; infinity if it is gone."""
    try:
        return path.stat(follow_symlinks=False).st_mtime
    except FileNotFoundError:
        # Gone since the folder was listed: another sweep, or a write that was finished. Too young to touch.
        return float("inf")


def _raise(error: OSError) -> None:
    raise error
