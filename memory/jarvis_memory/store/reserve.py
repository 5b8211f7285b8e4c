"""Room that is set aside, so that a home on a full disk can still be opened, and its concepts forgotten."""

from __future__ import annotations

import logging
import os
from pathlib import Path

__all__ = ["RESERVE", "Reserve"]

RESERVE = 1 << 20
"""Bytes: enough to hide a concept, delete its rows, and write anew a catalogue of some hundred kilobytes."""

_TO_OPEN = 128 << 10
_log = logging.getLogger(__name__)


class Reserve:
    """``<home>/reserve``, a file of zeros that is given up when room is needed, and taken again later.

    Args:
        home: the folder.
    """

    def __init__(self, home: Path) -> None:
        self._path = home / "reserve"

    def take(self) -> None:
        """Set the room aside again; without enough of it, nothing happens."""
        handle = None
        try:
            if self._path.exists() and self._path.stat().st_size >= RESERVE:
                return
            handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(handle, 0, RESERVE)
            elif os.write(handle, bytes(RESERVE)) < RESERVE:
                os.ftruncate(handle, 0)
        except OSError as error:
            # What little there is must not be taken by half: the next that opens the home tries again.
            _log.info("no room to set aside in %s: %s", self._path, error.strerror)
        finally:
            if handle is not None:
                os.close(handle)

    def give(self, *, to_open: bool = False) -> bool:
        """Give room back, all of it or as much as opening needs; whether there was any."""
        try:
            size = self._path.stat().st_size
            if size:
                os.truncate(self._path, max(0, size - _TO_OPEN) if to_open else 0)
        except OSError as error:
            _log.info("nothing is set aside in %s: %s", self._path, error.strerror)
            return False
        return size > 0
