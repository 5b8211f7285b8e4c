"""Copies of blobs in a folder of this machine: so many bytes at most, those used lately."""

from __future__ import annotations

import os
import re
import secrets
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from jarvis_retrievers.errors import SettingError, StoreError
from jarvis_retrievers.log import log

from .blob_frames import HEADER_SIZE
from .disk import SEGMENTS_MARK, make_folder

__all__ = ["DAY", "Copies"]

DAY = 86_400.0
_HOUR = 3600.0
_MINUTE = 60.0
_ID = re.compile(r"[0-9a-f]{32}\Z")
_TRACE = re.compile(r"tmp-[0-9a-f]{16}\Z")


class _Copy(NamedTuple):
    used: float
    path: Path
    size: int
    made: float


class Copies:
    """``<folder>/copies/ab/<id>``, made whole or not at all. Threads and processes may share the folder.

    A copy goes when there is no room for another, the one used longest ago first, down to seven eighths of
    the quota, so that looking through the folder is rare; and when it is older than ``longest``. That bounds
    how long a machine in use keeps what another machine has forgotten. Each process knows what it has written
    itself, and looks what others have after every sixteenth of the quota; so n processes together may pass
    the quota by n - 1 sixteenths for a moment.

    An error of the disk is told to the log, once, and costs nothing but time.

    Args:
        folder: on a fast local disk; made if it is missing.
        max_bytes: at most.
        longest: seconds that a copy is kept.
        clock: seconds since 1970.

    Raises:
        SettingError: ``folder`` is a file or a tier of segments, or there is no room for any byte.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        max_bytes: int,
        *,
        longest: float = DAY,
        clock: Callable[[], float] = time.time,
    ) -> None:
        given = Path(folder).expanduser()
        if max_bytes < 1 or longest <= 0:
            raise SettingError(
                f"copies need at least one byte and some time, got {max_bytes} bytes and {longest} seconds"
            )
        if given.exists() and not given.is_dir():
            raise SettingError(f"copies are kept in a folder, got the file {given}; choose another path")
        if os.path.isfile(given / SEGMENTS_MARK):
            raise SettingError(f"{given} is a tier of segments; give copies a folder of their own")
        self.folder, self.max_bytes = given / "copies", max_bytes
        self._longest, self._clock = longest, clock
        self._lock = threading.RLock()
        self._told = False
        self._total, self._fresh, self._looked = 0, 0, 0.0
        with self._unharmed():
            # At once: a tier of segments takes no folder in which something is.
            make_folder(self.folder)
            self._look()

    def get(self, blob_id: str, limit: int) -> bytes | None:
        """A copy's bytes, unchecked, or None if there is none; never more than ``limit``."""
        path = self._path(blob_id)
        if path is None:
            return None
        with self._unharmed():
            if self._clock() - self._looked > _MINUTE:
                self._look()
            try:
                with path.open("rb") as file:
                    status = os.fstat(file.fileno())
                    if status.st_size > limit or self._expired(status.st_mtime):
                        return None
                    data = file.read(limit)
            except FileNotFoundError:
                return None
            # When it was written says how old it is, when it was read how much it is needed.
            now = int(self._clock() * 1e9)
            os.utime(path, ns=(now, status.st_mtime_ns))
            return data
        return None

    def put(self, blob_id: str, data: bytes) -> bool:
        """Keep a copy if it fits; whether it was kept."""
        path = self._path(blob_id)
        if path is None or len(data) > self.max_bytes:
            return False
        with self._unharmed(), self._lock:
            if self._fresh > self.max_bytes // 16 or self._clock() - self._looked > _MINUTE:
                self._look()
            if self._total + len(data) > self.max_bytes:
                self._make_room(len(data))
            make_folder(path.parent)
            temporary = path.with_name(f"tmp-{secrets.token_hex(8)}")
            try:
                # Not synced: what a power cut leaves is told by its digest.
                handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(handle, "wb") as file:
                    file.write(data)
                now = int(self._clock() * 1e9)
                os.utime(temporary, ns=(now, now))
                replaced = path.stat().st_size if path.exists() else 0
                os.replace(temporary, path)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
            self._total += len(data) - replaced
            self._fresh += len(data)
            return True
        return False

    def drop(self, ids: Collection[str], *, strict: bool = False) -> None:
        """Delete copies.

        Raises:
            StoreError: for ``strict``, one that is there cannot be deleted.
        """
        self._unlink([path for path in map(self._path, ids) if path is not None], strict)

    def keep_only(self, live: Collection[str]) -> int:
        """Delete copies of other blobs than these; returns how many."""
        names = frozenset(live)
        with self._unharmed():
            return self._unlink([copy.path for copy in self._all() if copy.path.name not in names], False)
        return 0

    def drop_tagged(self, tag: bytes, *, strict: bool = False) -> int:
        """Delete copies of one owner, whose headers say so; returns how many.

        Raises:
            StoreError: for ``strict``, one cannot be read or deleted.
        """
        gone = list[Path]()
        try:
            for copy in self._all():
                try:
                    with copy.path.open("rb") as file:
                        start = file.read(HEADER_SIZE)
                except FileNotFoundError:
                    continue
                if start[16:] == tag:
                    gone.append(copy.path)
        except OSError as error:
            if strict:
                raise _left(self.folder, error) from error
            self._tell(error)
        return self._unlink(gone, strict)

    @property
    def nbytes(self) -> int:
        """Bytes of all copies that are there now."""
        return sum(copy.size for copy in self._all())

    def _path(self, blob_id: str) -> Path | None:
        return self.folder / blob_id[:2] / blob_id if _ID.match(blob_id) else None

    def _expired(self, made: float) -> bool:
        # One from the future is of no known age.
        return not -_MINUTE <= self._clock() - made <= self._longest

    def _all(self) -> Iterator[_Copy]:
        """Every copy; what was left of a write that was cut short an hour ago is deleted."""
        for root, _, names in os.walk(self.folder):
            for name in names:
                path = Path(root) / name
                try:
                    status = path.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                if path == self._path(name):
                    yield _Copy(status.st_atime, path, status.st_size, status.st_mtime)
                elif (
                    path.parent.parent == self.folder
                    and _TRACE.match(name)
                    and self._clock() - status.st_mtime > _HOUR
                ):
                    path.unlink(missing_ok=True)

    def _look(self) -> list[_Copy]:
        """See what is there, delete what is too old; returns the rest, the one used longest ago first."""
        with self._lock:
            found = sorted(self._all())
            old = [copy.path for copy in found if self._expired(copy.made)]
            kept = [copy for copy in found if not self._expired(copy.made)]
            self._total, self._fresh, self._looked = sum(c.size for c in kept), 0, self._clock()
            for path in old:
                path.unlink(missing_ok=True)
            return kept

    def _make_room(self, size: int) -> None:
        found = self._look()
        if self._total + size <= self.max_bytes:
            return
        for copy in found:
            if self._total + size <= max(self.max_bytes * 7 // 8, size):
                break
            copy.path.unlink(missing_ok=True)
            self._total -= copy.size

    def _unlink(self, paths: Collection[Path], strict: bool) -> int:
        count = 0
        with self._lock:
            for path in paths:
                try:
                    size = path.stat(follow_symlinks=False).st_size
                    path.unlink()
                except (FileNotFoundError, NotADirectoryError):
                    continue
                except OSError as error:
                    if strict:
                        raise _left(path, error) from error
                    self._tell(error)
                    continue
                self._total -= size
                count += 1
        return count

    @contextmanager
    def _unharmed(self) -> Iterator[None]:
        """It is only a cache."""
        try:
            yield
        except OSError as error:
            self._tell(error)

    def _tell(self, error: Exception) -> None:
        if not self._told:
            self._told = True
            log("copies.unkept", error=error)


def _left(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"a copy in {path} could not be deleted ({error.strerror}); check the disk, and forget again"
    )
