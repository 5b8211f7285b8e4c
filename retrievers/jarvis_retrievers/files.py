"""Files that a user names: read whole, within a limit, and only if they are plain files."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from .errors import ImageError

__all__ = ["read_file"]


def read_file(
    source: str | os.PathLike[str], name: str, max_bytes: int, kind: type[ImageError], advice: str
) -> bytes:
    """The file's bytes, at most one more than ``max_bytes``.

    Args:
        source: a path; ``~`` is understood.
        name: how messages call it.
        max_bytes: where reading stops.
        kind: the error that is raised.
        advice: what to give in its place.

    Raises:
        ImageError: of the given kind; missing, no regular file, or it cannot be read.
    """
    # Without O_NONBLOCK, opening a named pipe waits for ever.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        handle = os.open(Path(source).expanduser(), flags)
    except FileNotFoundError as error:
        raise kind(f"{name} was not found; check the path") from error
    except IsADirectoryError as error:
        raise kind(f"{name} is a directory; {advice}") from error
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise kind(f"{name} cannot be opened ({reason}); check the path and its permissions") from error
    try:
        mode = os.fstat(handle).st_mode
        if stat.S_ISDIR(mode):
            raise kind(f"{name} is a directory; {advice}")
        if not stat.S_ISREG(mode):
            raise kind(f"{name} is not a regular file; {advice}")
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read(max_bytes + 1)
    except OSError as error:
        raise kind(f"{name} cannot be read ({error.strerror}); check the disk") from error
    finally:
        os.close(handle)
