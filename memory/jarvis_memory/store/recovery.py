"""What is done for a home whose last process did not close it."""

from __future__ import annotations

import os
import time
import warnings
from pathlib import Path

from jarvis_retrievers.errors import StoreError
from jarvis_retrievers.log import log, owner_tag

from .blobs import UNCLEAN, FileBlobStore, modified
from .catalogue import SQLiteCatalogue
from .disk import translated
from .rekeying import sweep_old

__all__ = ["recover", "sweep_old_or_warn"]


def recover(home: Path, catalogue: SQLiteCatalogue, blobs: FileBlobStore, grace: float) -> int:
    """Note that a process was cut short; a grace period later, delete the files that nothing points to.

    The grace period is there for writes of other processes that go on. Looking for such files takes time in a
    large home, so it is done only after a process was cut short.

    Returns:
        How many files were deleted; they are told to the log.
    """
    tmp = home / "tmp"
    with translated("look into", tmp):
        if catalogue.database.recovered and not (tmp / UNCLEAN).exists():
            os.close(os.open(tmp / UNCLEAN, os.O_WRONLY | os.O_CREAT, 0o600))
        oldest = time.time() - grace
        left = [path for path in tmp.iterdir() if modified(path) <= oldest]
    if not left:
        return 0
    count = blobs.sweep(catalogue.live_blobs(), grace)
    if count:
        log("home.recovered", files=count)
    return count


def sweep_old_or_warn(catalogue: SQLiteCatalogue, blobs: FileBlobStore, owner: str) -> None:
    """Delete what a change of keys has left; the home is opened all the same if that fails.

    Warns:
        RuntimeWarning: it could not be deleted now.
    """
    try:
        sweep_old(catalogue, blobs)
    except StoreError as error:
        log("home.unfinished", owner=owner_tag(owner), error=error)
        message = f"what a change of keys has left could not be deleted, opening tries again: {error}"
        warnings.warn(message, RuntimeWarning, stacklevel=3)
