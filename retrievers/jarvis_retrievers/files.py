"""Files that a user names: read whole, within a limit, and only if they are plain files."""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePath

from .errors import ImageError

__all__ = ["read_beneath", "read_file"]

# Without O_NONBLOCK, opening a named pipe waits for ever.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


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
    try:
        handle = os.open(Path(source).expanduser(), _FLAGS)
    except FileNotFoundError as error:
        raise kind(f"{name} was not found; check the path") from error
    except IsADirectoryError as error:
        raise kind(f"{name} is a directory; {advice}") from error
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise kind(f"{name} cannot be opened ({reason}); check the path and its permissions") from error
    return _read(handle, name, max_bytes, kind, advice)


def read_beneath(
    root: Path, path: PurePath, name: str, max_bytes: int, kind: type[ImageError], advice: str
) -> bytes:
    """:func:`read_file` of a file under a folder, whatever becomes a link meanwhile: none is followed.

    Args:
        root: the folder, resolved.
        path: of the file, resolved, relative to the folder.
        name, max_bytes, kind, advice: as for `read_file`.
    """
    if os.open not in os.supports_dir_fd or not _NO_LINK:  # Windows: there is no way to open beneath a folder
        return read_file(root / path, name, max_bytes, kind, advice)
    try:
        handle = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
        for part in path.parts:
            above = handle
            try:
                handle = os.open(part, _FLAGS | _NO_LINK, dir_fd=above)
            finally:
                os.close(above)
    except FileNotFoundError as error:
        raise kind(f"{name} was not found; check the path") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise kind(f"{name} cannot be opened ({reason}); check the path and its permissions") from error
    return _read(handle, name, max_bytes, kind, advice)


def _read(handle: int, name: str, max_bytes: int, kind: type[ImageError], advice: str) -> bytes:
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
