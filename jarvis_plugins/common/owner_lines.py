"""Files of who may come in: a line ``owner:value`` each, blank ones, and comments that begin with ``#``."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from jarvis_memory.store.disk import sync_folder
from jarvis_memory.store.home import check_owner
from jarvis_retrievers.errors import SettingError

__all__ = ["read_owner_lines", "write_private"]

T = TypeVar("T")


def read_owner_lines(path: Path, value_of: Callable[[str], T], advice: str) -> list[tuple[str, T]]:
    """Owners and their values, in the order of the file.

    Args:
        path: the file.
        value_of: reads a value; ValueError for what is none.
        advice: what a line has to be, and who writes it.

    Raises:
        SettingError: a line that is none of these; the message tells its number, and nothing of it.
    """
    found: list[tuple[str, T]] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        owner, _, value = line.strip().rpartition(":")
        try:
            found.append((check_owner(owner), value_of(value)))
        except (SettingError, ValueError) as error:
            raise SettingError(f"line {number} of {path} is not {advice}") from error
    return found


def write_private(path: Path, text: str) -> None:
    """Write a file that only its user may read (0600), durably; a reader sees the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # it makes it 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        os.replace(temporary, path)
        sync_folder(path.parent)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
