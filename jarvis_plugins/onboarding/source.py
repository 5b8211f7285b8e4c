"""Where concepts come from: a folder of folders, or Parquet; read lot by lot, in any process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from jarvis_retrievers.errors import SettingError

from .entry import Entry
from .outcome import Outcome

__all__ = ["Lot", "Source", "open_source"]


class Lot(Protocol):
    """A part of a source that is read in one go; a plain value that can be sent to another process."""

    def entries(self) -> Iterator[Entry | Outcome]:
        """Its entries in order; what cannot be read is refused."""


class Source(Protocol):
    """Concepts of many owners, in an order that is the same every time."""

    def count(self) -> int:
        """How many entries there are, before anything is read."""

    def lots(self) -> Iterator[Lot]:
        """All of it."""


def open_source(place: str | os.PathLike[str], photos: str | os.PathLike[str] | None = None) -> Source:
    """A folder ``OWNER/CONCEPT/*.jpg``, a file ``*.parquet``, or a folder of such.

    Args:
        place: the folder or file.
        photos: of Parquet, the folder that paths of photos lead down from; by default the one it lies in.

    Raises:
        SettingError: it is not there, or neither; photos for a folder that has them itself.
        ExtraError: Parquet needs the extra ``scale``.
    """
    path = Path(place).expanduser()
    if not path.exists():
        raise SettingError(f"there is nothing at {os.fspath(place)!r}; name a folder or a .parquet file")
    path = path.resolve()
    files = [path] if path.is_file() else sorted(p for p in path.iterdir() if p.suffix == ".parquet")
    if path.is_file() and path.suffix != ".parquet":
        raise SettingError(f"{os.fspath(place)!r} is neither a folder nor a .parquet file")
    if files:
        from .table import TableSource

        root = Path(photos).expanduser() if photos is not None else files[0].parent
        if not root.is_dir():
            raise SettingError(f"the folder of photos {os.fspath(root)!r} is not there; check --photos")
        return TableSource(tuple(files), root.resolve())
    if photos is not None:
        raise SettingError("--photos goes with Parquet; a folder has its photos itself")
    from .folder import FolderSource

    return FolderSource(path)
