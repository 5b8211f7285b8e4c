"""Room that is set aside, so that a home on a full disk can still be opened, and its concepts forgotten."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from jarvis_retrievers.errors import NoRoomError
from jarvis_retrievers.log import log

__all__ = ["RESERVE", "Reserve", "with_room"]

RESERVE = 1 << 20
"""Bytes: enough to hide a concept, delete its rows, and write anew a catalogue of some hundred kilobytes."""

_TO_OPEN = 128 << 10


class Reserve:
    """``<home>/reserve``, a file of zeros that is given up when room is needed, and taken again later.

    Args:
        home: the folder.
    """

    def __init__(self, home: Path) -> None:
        self._path = home / "reserve"

    def take(self) -> None:
        """Set the room aside again: all of it, or what opening needs; without that, nothing happens."""
        for size in (RESERVE, _TO_OPEN):
            handle = None
            try:
                if self._path.exists() and self._path.stat().st_size >= size:
                    return
                handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
                if hasattr(os, "posix_fallocate"):
                    os.posix_fallocate(handle, 0, size)
                else:
                    with os.fdopen(os.dup(handle), "wb") as file:
                        file.write(bytes(size))
            except OSError as error:
                log("home.disk", what="reserve", error=error)
            else:
                return
            finally:
                if handle is not None:
                    os.close(handle)

    def give(self, *, to_open: bool = False) -> bool:
        """Give room back: all but 128 KiB, or some to open the home with; whether there was any."""
        keep = 0 if to_open else _TO_OPEN
        try:
            size = self._path.stat().st_size
            if size > keep:
                os.truncate(self._path, max(keep, size - _TO_OPEN) if to_open else keep)
        except OSError as error:
            log("home.disk", what="reserve", error=error)
            return False
        return size > keep


def with_room(forget: Callable[[], None], free_room: Callable[[], bool]) -> None:
    """Forget something, once more if there was no room and some could be freed.

    Args:
        forget: can begin anew wherever it was cut short.
        free_room: whether there is more room now.
    """
    try:
        forget()
    except NoRoomError:
        if not free_room():
            raise
        forget()
