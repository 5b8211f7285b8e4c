"""The home: the folder that holds everything, and the check of who may be an owner in it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from jarvis_retrievers.errors import HomeReadOnlyError, NoRoomError, SettingError
from jarvis_retrievers.log import log

from .blobs import FileBlobStore
from .catalogue import SQLiteCatalogue
from .disk import make_folder, translated, writable
from .master_key import MasterKey
from .reserve import Reserve
from .ring import DatabaseRing
from .schema import FORMAT_VERSION
from .wal import refuse_network

__all__ = ["CATALOGUE", "check_owner", "open_home"]

CATALOGUE = "catalogue.sqlite"

_OWNER = re.compile(r"[A-Za-z0-9._:@-]{1,128}\Z")


def check_owner(owner: str) -> str:
    """An owner's id, unchanged.

    Raises:
        SettingError: not 1 to 128 letters, digits or ``._:@-``.
    """
    if not isinstance(owner, str) or not _OWNER.match(owner):
        raise SettingError(
            f"an owner must be 1 to 128 letters, digits or ._:@-, got {ascii(owner)[:60]}; choose such an id"
        )
    return owner


def open_home(
    home: str | os.PathLike[str],
    *,
    read_only: bool = False,
    busy_timeout: float = 30.0,
    accept_loss: bool = False,
    key: MasterKey | None = None,
) -> tuple[SQLiteCatalogue, FileBlobStore]:
    """Open a home, or make it (0700); one that cannot be written is opened read-only.

    Args:
        home: a folder.
        read_only: refuse writes.
        busy_timeout: seconds to wait for another process's write.
        accept_loss: see `Database`.
        key: of an encrypted home; by default what the environment has, or the keyring where the home says so.
            A home that is made is encrypted with it.

    Raises:
        SettingError: ``home`` is a file, or to be written on a network file system, or not encrypted though a
            key is given.
        LockedHomeError: it is encrypted, and its key is not there; WrongKeyError: another key. Nothing is
            changed.
        HomeFormatError: a newer version wrote the home; nothing is changed.
        HomeReadOnlyError: there is no home, and none can be made.
        NoRoomError: the disk is full, and nothing was set aside.
        CorruptRecordError: its catalogue is none, or has lost acknowledged writes.
    """
    folder = Path(home).expanduser()
    with translated("read", folder):
        exists, is_folder = folder.exists(), folder.is_dir()
    if exists and not is_folder:
        raise SettingError(f"the home must be a folder, got the file {folder}; choose another path")
    if not exists:
        if read_only:
            raise HomeReadOnlyError(f"there is no home at {folder} to read; open it for writing first")
        with translated("make", folder):
            make_folder(folder)
    file = folder / CATALOGUE
    with translated("read", file):
        there = file.exists()
    read_only = read_only or not writable(folder) or (there and not os.access(file, os.W_OK))
    # The catalogue first: a home of a newer format must be left exactly as it is.
    if not read_only:
        refuse_network(folder)
    reserve = None if read_only else Reserve(folder)

    def opened() -> SQLiteCatalogue:
        return SQLiteCatalogue(
            file,
            read_only=read_only,
            busy_timeout=busy_timeout,
            reserve=reserve,
            accept_loss=accept_loss,
            key=key,
        )

    try:
        catalogue = opened()
    except NoRoomError:
        # Even reading needs some room, beside the catalogue.
        if reserve is None or not reserve.give(to_open=True):
            raise
        catalogue = opened()
    try:
        database = catalogue.database
        blobs = FileBlobStore(
            folder, read_only=read_only, health=database.health, keys=DatabaseRing(database)
        )
        if reserve is not None:
            reserve.take()
        log("home.opened", format=FORMAT_VERSION, read_only=read_only)
        return catalogue, blobs
    except BaseException:
        catalogue.close()
        raise
