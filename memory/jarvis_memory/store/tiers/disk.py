"""Segments in a folder of a local disk, with a quota."""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
import time
from collections.abc import Collection, Iterator
from pathlib import Path

from jarvis_retrievers.errors import SettingError, StoreError
from jarvis_retrievers.log import log

from ..disk import SEGMENTS_MARK, make_folder, sync_folder, translated
from .greedy_dual import GreedyDual
from .tally import TierTally
from .tier import Label, TierReport

__all__ = ["DiskTier"]

_SAYS = "segments of jarvis-plugins, which can all be made again\n"
_LOOK_AGAIN = 30.0
_TRACE = 60.0


class DiskTier:
    """`SegmentTier` in ``<folder>/<owner>/<concept>/<name>``, written through ``<folder>/tmp``.

    Files are renamed into place whole; nothing is synced, as bytes that are torn or rotten are found by their
    seal. Several processes may share a folder: each looks every 30 seconds what others have written, and the
    quota holds but for that.

    Args:
        folder: on a local disk; made if it is missing.
        most: bytes.
        oldest: seconds after which a file goes, used or not.

    Raises:
        SettingError: a folder with other things in it, or a number that is not above 0.
        HomeReadOnlyError, NoRoomError, StoreError: it cannot be written.
    """

    name, outside = "disk", True

    def __init__(self, folder: str | os.PathLike[str], most: int, oldest: float = 30 * 86_400.0) -> None:
        if most < 1 or not oldest > 0:
            raise SettingError(
                f"a tier on disk has more than 0 bytes and seconds, got {most} and {oldest}; leave "
                "the folder out for no such tier"
            )
        self._root, self._oldest = Path(folder).expanduser(), oldest
        self._order, self._lock, self._tally = GreedyDual[Label](most), threading.RLock(), TierTally()
        self._looked = 0.0
        self._claim()
        with self._lock:
            self._look()

    def get(self, label: Label, uses: float) -> bytes | None:
        """See `SegmentTier.get`."""
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        try:
            with os.fdopen(os.open(self._path(label), flags), "rb", buffering=0) as file:
                data = file.readall()
        except FileNotFoundError:
            with self._lock:
                self._order.drop(label)
            self._tally.count("miss")
            return None
        except OSError as error:
            log("cache.unkept", what="segment", tier=self.name, error=error)
            self._tally.count("failed")
            return None
        with self._lock:
            self._order.use(label, uses)
        self._tally.count("hit")
        return data

    def put(self, label: Label, data: bytes, cost: float, uses: float) -> bool:
        """See `SegmentTier.put`."""
        path, temporary = self._path(label), self._root / "tmp" / secrets.token_hex(16)
        with self._lock:
            if time.monotonic() - self._looked > _LOOK_AGAIN:
                try:
                    self._look()
                except StoreError as error:
                    log("cache.unkept", what="segment", tier=self.name, error=error)
            leaving = self._order.put(label, len(data), cost, uses)
            for gone in (label,) if leaving is None else leaving:
                self._unlink(gone)
        if leaving is None:
            self._tally.count("refused")
            return False
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.replace(temporary, path)
        except OSError as error:
            # Full, or the folder was deleted just now with its concept.
            for leftover in (temporary, path):
                with contextlib.suppress(OSError):
                    leftover.unlink()
            with self._lock:
                self._order.drop(label)
            log("cache.unkept", what="segment", tier=self.name, error=error)
            self._tally.count("failed")
            return False
        self._tally.count("kept")
        return True

    def delete(self, owner: str, concept: str | None = None, name: str | None = None) -> int:
        """See `SegmentTier.delete`."""
        place = self._root / owner
        found = [one for one in self._files(place) if concept in (None, one.concept)]
        return self._delete(one for one in found if name in (None, one.name))

    def keep_only(self, owner: str, concepts: Collection[str]) -> int:
        """See `SegmentTier.keep_only`."""
        return self._delete(one for one in self._files(self._root / owner) if one.concept not in concepts)

    def report(self) -> TierReport:
        """See `SegmentTier.report`."""
        with self._lock:
            nbytes = self._order.nbytes
        return self._tally.report(self.name, nbytes)

    def close(self) -> None:
        """Nothing to let go of: files stay for the next process."""

    def _claim(self) -> None:
        """See that the folder is for this and nothing else, as everything in it may be deleted."""
        root = self._root
        with translated("make", root):
            if root.exists() and not root.is_dir():
                raise SettingError(f"segments must be in a folder, got the file {root}; choose another path")
            mark = root / SEGMENTS_MARK
            if root.exists() and not mark.exists() and any(root.iterdir()):
                raise SettingError(f"{root} holds other things; give segments a folder of their own")
            make_folder(root)
            make_folder(root / "tmp")
            if not mark.exists():
                mark.write_text(_SAYS)

    def _look(self) -> None:
        """Learn what is there: files of earlier and of other processes come in, those that went go out."""
        self._looked, now = time.monotonic(), time.time()
        there = dict[Label, tuple[float, int]]()
        with translated("list", self._root):
            for label in self._files(self._root):
                with contextlib.suppress(FileNotFoundError):
                    status = self._path(label).stat()
                    there[label] = (status.st_mtime, status.st_size)
            for path in (self._root / "tmp").iterdir():
                with contextlib.suppress(FileNotFoundError):
                    if now - path.stat().st_mtime > _TRACE:
                        path.unlink()
        for label in self._order:
            if label not in there:
                self._order.drop(label)
        for label, (written, size) in sorted(there.items(), key=lambda one: one[1]):
            if now - written > self._oldest:
                self._order.drop(label)
                self._unlink(label)
            elif label not in self._order:
                # Nobody here knows what it saves: as much for each byte as any other that is not used.
                leaving = self._order.put(label, size, float(size), 1e-12)
                for gone in (label,) if leaving is None else leaving:
                    self._unlink(gone)

    def _files(self, place: Path) -> Iterator[Label]:
        for folder, _, names in os.walk(place):
            parts = Path(folder).relative_to(self._root).parts
            if len(parts) == 2:
                yield from (Label(parts[0], parts[1], name) for name in names)

    def _delete(self, labels: Iterator[Label]) -> int:
        count, folders = 0, set[Path]()
        for label in labels:
            path = self._path(label)
            with translated("delete", path), contextlib.suppress(FileNotFoundError):
                path.unlink()
                count += 1
            folders.add(path.parent)
            with self._lock:
                self._order.drop(label)
        for folder in folders:
            # Not empty if somebody has just put something there.
            with contextlib.suppress(OSError):
                sync_folder(folder)
                folder.rmdir()
        return count

    def _unlink(self, label: Label) -> None:
        try:
            self._path(label).unlink(missing_ok=True)
        except OSError as error:
            log("cache.unkept", what="segment", tier=self.name, error=error)

    def _path(self, label: Label) -> Path:
        return self._root / label.owner / label.concept / label.name
