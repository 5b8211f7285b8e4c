"""A home, looked at without opening it: no byte is changed, whatever state it is in."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from jarvis_retrievers.errors import SettingError, StoreError

from ..store.blobs import UNCLEAN
from ..store.home import CATALOGUE
from ..store.reserve import RESERVE
from ..store.schema import APPLICATION_ID, FORMAT_VERSION
from ..store.wal import MOUNTS, file_system_of, refuse_network
from .check import Check
from .machine import amount
from .record import look_at_record
from .snapshot import in_memory

__all__ = ["look_at_home"]

_LARGE_LOG: Final = 256 * 2**20
_VERIFY = "run: jarvis verify; if it does not help, restore a backup"


def look_at_home(home: Path, *, measured: bool = False, mounts: Path = MOUNTS) -> Iterator[Check]:
    """A home's place, disk, permissions and record; it need not be there.

    Args:
        home: the folder.
        measured: the model came with a verdict of the gate.
        mounts: the list of what is mounted where.
    """
    yield Check("home", "folder", str(home))
    if home.exists() and not home.is_dir():
        yield Check("home", "state", "this is a file, not a folder", "wrong", "choose another --home")
        return
    if not os.access(home if home.exists() else _parent(home), os.R_OK | os.X_OK):
        yield Check("home", "state", "it cannot be read", "wrong", "check its permissions")
        return
    yield from _disk(home, mounts)
    if not home.exists():
        yield Check("home", "state", "there is none yet", "note", "jarvis remember makes one")
        return
    yield from _permissions(home)
    file = home / CATALOGUE
    if not file.exists():
        lost = any(files for _, _, files in os.walk(home / "blobs"))
        if lost:
            how = "the catalogue is gone, but photos are there; restore it from a backup"
            yield Check("home", "catalogue", "missing", "wrong", how)
        else:
            yield Check("home", "catalogue", "nothing was written yet", "note")
        return
    yield from _files(home, file)
    yield from _catalogue(file, measured)


def _disk(home: Path, mounts: Path) -> Iterator[Check]:
    where = home if home.exists() else _parent(home)
    kind = file_system_of(where, mounts)
    try:
        refuse_network(where, mounts)
    except SettingError:
        how = "two machines that write at once damage it; move the home to a local disk"
        yield Check("home", "file system", f"{kind}, on a network", "wrong", how)
    else:
        yield Check("home", "file system", f"{kind}, local" if kind else "not known")
    free = shutil.disk_usage(where).free
    file = home / CATALOGUE
    # Forgetting writes the catalogue anew.
    wanted = (file.stat().st_size if file.exists() else 0) + 64 * RESERVE
    if free < RESERVE:
        how = "forgetting still works with what is set aside; free some room"
        yield Check("home", "free room", amount(free), "wrong", how)
    elif free < wanted:
        how = f"forgetting writes the catalogue anew; keep {amount(wanted)} free"
        yield Check("home", "free room", amount(free), "warning", how)
    else:
        yield Check("home", "free room", amount(free))


def _permissions(home: Path) -> Iterator[Check]:
    if os.name != "nt":
        mode = stat.S_IMODE(home.stat().st_mode)
        # Of the files within it does not matter: nobody else comes to them.
        if mode & 0o077:
            how = f"others on this machine can look into it; run: chmod 700 {home}"
            yield Check("home", "permissions", f"{mode:o}", "warning", how)
        else:
            yield Check("home", "permissions", f"{mode:o}, only you")
    if not os.access(home, os.W_OK):
        yield Check("home", "writable", "no: it is opened to be read", "note")


def _files(home: Path, file: Path) -> Iterator[Check]:
    log = Path(f"{file}-wal")
    size = log.stat().st_size if log.exists() else 0
    what = f"{amount(file.stat().st_size)}, log {amount(size)}"
    if size > _LARGE_LOG:
        how = "some process has been reading for long; end it, and the log is folded in"
        yield Check("home", "catalogue", what, "warning", how)
    else:
        yield Check("home", "catalogue", what)
    if (home / "tmp" / UNCLEAN).exists():
        what = "a process was cut short, or a change of many files"
        yield Check("home", "last end", what, "note", "what it left, if anything, is swept in an hour")
    aside = home / "reserve"
    if os.access(home, os.W_OK) and (not aside.exists() or aside.stat().st_size < RESERVE):
        how = "free some room: it is set aside when the home is opened next"
        yield Check("home", "set aside", amount(aside.stat().st_size if aside.exists() else 0), "note", how)


def _catalogue(file: Path, measured: bool) -> Iterator[Check]:
    try:
        connection, whole = in_memory(file)
    except StoreError as error:
        yield Check("home", "state", f"{error}", "wrong", _VERIFY)
        return
    with closing(connection):
        try:
            number = int(connection.execute("PRAGMA user_version").fetchone()[0])
            other = int(connection.execute("PRAGMA application_id").fetchone()[0])
            if other not in (0, APPLICATION_ID):
                how = "choose another --home"
                yield Check("home", "state", "it belongs to another program", "wrong", how)
                return
            yield _format(number)
            if number > FORMAT_VERSION:
                return
            if not whole:
                how = "what is said below is without it"
                yield Check("home", "log", "too large to be looked at", "note", how)
            yield from look_at_record(connection, measured)
        except (sqlite3.Error, UnicodeDecodeError, StoreError) as error:
            yield Check("home", "state", f"the catalogue is damaged ({error})", "wrong", _VERIFY)


def _format(number: int) -> Check:
    if number > FORMAT_VERSION:
        how = "update jarvis-plugins: this version does not read it"
        return Check("home", "format", f"{number}, this version knows {FORMAT_VERSION}", "wrong", how)
    if number < FORMAT_VERSION:
        how = "make a backup; it is brought up to date when it is opened for writing"
        return Check("home", "format", f"{number}, of an older version", "warning", how)
    return Check("home", "format", str(number))


def _parent(path: Path) -> Path:
    while not path.exists() and path != path.parent:
        path = path.parent
    return path
