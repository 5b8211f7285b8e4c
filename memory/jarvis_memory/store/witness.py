"""How many writes a home has acknowledged, kept beside the catalogue: so that none can vanish unseen."""

from __future__ import annotations

import os
import re
from pathlib import Path

from jarvis_retrievers.errors import CorruptRecordError
from jarvis_retrievers.log import log

from .keys import digest

__all__ = ["Witness"]

_LINE = re.compile(rb"([0-9]{1,18}) ([0-9a-f]{64})\n")


class Witness:
    """``catalogue.sqlite-witness``: a number that is never above that of the durable writes.

    SQLite takes a damaged -wal file for one that was never finished, and goes back without a word. The number
    is written after each commit and not synced: a power cut may take it back, which is harmless,
    while rot and files that are mixed up leave it as it is.

    Args:
        catalogue: the file that it stands beside.
    """

    def __init__(self, catalogue: Path) -> None:
        self._catalogue = catalogue
        self._path = Path(f"{catalogue}-witness")

    def read(self) -> int:
        """The number; 0 if there is none, or none that is sound."""
        try:
            found = _LINE.fullmatch(self._path.read_bytes())
        except FileNotFoundError:
            return 0
        except OSError as error:
            log("home.disk", what="witness", error=error)
            return 0
        if found is None or _line(int(found[1])) != found[0]:
            log("home.disk", what="witness")
            return 0
        return int(found[1])

    def write(self, number: int) -> None:
        """Note a number. An error is told to the log only: the write that it counts is durable."""
        flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        try:
            handle = os.open(self._path, flags, 0o600)
            try:
                data = _line(number)
                os.pwrite(handle, data, 0)
                os.ftruncate(handle, len(data))
            finally:
                os.close(handle)
        except OSError as error:
            log("home.disk", what="witness", error=error)

    def check(self, witnessed: int, count: int, accept_loss: bool, read_only: bool) -> None:
        """Compare what was read here, before the catalogue was, with the catalogue's own count.

        Raises:
            CorruptRecordError: the catalogue has fewer, and that is not accepted.
        """
        if count >= witnessed:
            return
        if not accept_loss:
            raise CorruptRecordError(
                f"the last {witnessed - count} acknowledged writes are not in {self._catalogue}: its -wal "
                "file was damaged or lost, or an older catalogue stands there; restore a backup, or go on "
                "without them with `jarvis verify --repair`"
            )
        if not read_only:
            self.write(count)

    def refuse_emptied(self, witnessed: int) -> None:
        """Refuse to make a catalogue where there was one.

        Raises:
            CorruptRecordError: writes were witnessed, or there are blobs.
        """
        if witnessed or any(files for _, _, files in os.walk(self._catalogue.parent / "blobs")):
            raise CorruptRecordError(
                f"the catalogue {self._catalogue} is gone or empty, but photos or traces of writes "
                "are there; restore it from a backup, or choose another home"
            )


def _line(number: int) -> bytes:
    return f"{number} {digest('jarvis/witness', number).hex()}\n".encode()
