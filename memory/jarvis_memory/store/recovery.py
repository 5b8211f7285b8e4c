"""What is done for a home whose last process did not close it."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path

from .blobs import UNCLEAN, FileBlobStore
from .catalogue import SQLiteCatalogue
from .contracts import BlobStore, Catalogue
from .disk import translated

__all__ = ["recover"]

_log = logging.getLogger(__name__)


def recover(home: Path, catalogue: Catalogue, blobs: BlobStore, grace: float) -> int:
    """Note that a process was cut short; a grace period later, delete the files that nothing points to.

    The grace period is there for writes of other processes that go on. Looking for such files takes time in a
    large home, so it is done only after a process was cut short.

    Returns:
        How many files were deleted; they are told to the log.
    """
    # A server sees to its own recovery, and who else writes there nobody here can know.
    if not isinstance(catalogue, SQLiteCatalogue) or not isinstance(blobs, FileBlobStore):
        return 0
    tmp = home / "tmp"
    with translated("look into", tmp):
        if catalogue.database.recovered and not (tmp / UNCLEAN).exists():
            os.close(os.open(tmp / UNCLEAN, os.O_WRONLY | os.O_CREAT, 0o600))
        oldest = time.time() - grace
        left = [entry for entry in os.scandir(tmp) if entry.stat(follow_symlinks=False).st_mtime <= oldest]
    if not left:
        return 0
    count = blobs.sweep(catalogue.live_blobs(), grace)
    if count:
        _log.warning("%s: %d files of writes that were cut short are deleted", home, count)
    return count
