"""Whether the medium has failed under an open home."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jarvis_retrievers.errors import StoreError

from .disk import translated

__all__ = ["Health"]


class Health:
    """Shared by all that writes into an open home: after one failed, none of them may go on.

    After a failed fsync nobody knows which pages are on the disk, and the next fsync may say that all is well
    ("Can Applications Recover from fsync Failures?", USENIX ATC 2020, section 3).
    """

    def __init__(self) -> None:
        self._failed: str | None = None

    def fail(self, what: str) -> None:
        """Note that a write has failed in a way that leaves open what is on the disk."""
        self._failed = self._failed or what

    def check(self, where: Path) -> None:
        """Refuse to write if one has failed before.

        Raises:
            StoreError: one has.
        """
        if self._failed:
            raise StoreError(
                f"an earlier write to {where} failed ({self._failed}), so nothing more is written; check the "
                "disk and open the home again"
            )

    @contextmanager
    def watched(self, what: str, path: Path) -> Iterator[None]:
        """As `translated`; an error of the medium is noted."""
        with translated(what, path):
            try:
                yield
            except OSError as error:
                if error.errno == errno.EIO:
                    self.fail(f"{path}: {error.strerror}")
                raise
