"""Encrypting a home, decrypting it, and changing its keys; others may have it open meanwhile."""

# ruff: noqa: S608  (statements hold names of tables of schema.py)
from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from jarvis_retrievers.errors import SettingError, StoreError

from .blobs import FileBlobStore
from .catalogue import SQLiteCatalogue
from .failures import meant
from .home import CATALOGUE, check_owner, open_home
from .home_keys import read_lock
from .master_key import PASSPHRASE_VARIABLE, MasterKey, Source
from .opening import look
from .queries import HOLDERS, has_table
from .quota import quota_key
from .rekeying import rekey, sweep_old

__all__ = ["Secured", "change_master", "change_owner", "secure", "secured", "unsecure"]

Progress = Callable[[int], None]
"""Told how many owners are done."""


@dataclass(frozen=True, slots=True)
class Secured:
    """How a home is encrypted.

    Attributes:
        source: what the master key is from; None if the home is not encrypted.
        name: under which the keyring has it.
        finished: False if encrypting or decrypting was cut short; doing it again goes on.
        encrypted, plain: how many owners are, and are not.
    """

    source: Source | None
    name: str
    finished: bool
    encrypted: int
    plain: int


def secured(home: str | os.PathLike[str]) -> Secured:
    """How a home is encrypted; no key is needed to tell.

    Raises:
        SettingError: there is no home. CorruptRecordError: it is damaged.
    """
    path = Path(home).expanduser() / CATALOGUE
    if not path.is_file():
        raise SettingError(f"there is no home at {path.parent}; remember something first, or name another")
    log = Path(f"{path}-wal")
    try:
        with closing(look(path, log=log.exists() and log.stat().st_size > 0)) as connection:
            lock, _ = read_lock(connection)
            keyed, plain = _keyed(connection), len(_owners(connection) - _keyed(connection))
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise meant(error, path) from error
    if lock is None:
        return Secured(None, "", True, 0, plain)
    return Secured(lock.source, lock.name, lock.mode == "on", len(keyed), plain)


def secure(
    home: str | os.PathLike[str], key: MasterKey | None = None, progress: Progress | None = None
) -> None:
    """Encrypt a home that is not: a data key for each owner, all rows and blobs written anew, traces erased.

    One commit for each owner. Cut short, the home can be used with ``key``, and doing it again goes on.
    Without a ``key`` that of the environment is taken.

    Raises:
        SettingError: it is encrypted already. CorruptRecordError: a photo or a row is damaged.
        StoreError: the medium fails. Others: see `open_home`.
    """
    found = secured(home)
    started = found.source is not None
    if started and found.finished:
        raise SettingError(f"the home {home} is encrypted already; `jarvis secure rotate` changes its keys")
    with _opened(home, key if started else None) as (catalogue, blobs):
        database = catalogue.database
        if not started:
            key = key or MasterKey.from_environment()
            if key is None:
                raise SettingError(f"no key to encrypt {home} with; give key=, or set {PASSPHRASE_VARIABLE}")
            database.keys.use(key)
            with database.write() as connection:
                if database.keys.lock is not None:
                    raise SettingError(f"another process began to encrypt {home} just now; try again later")
                database.keys.start(connection, "turning")
        _each(catalogue, blobs, progress, encrypt=True)
        with database.write() as connection:
            if _owners(connection) - _keyed(connection):
                raise StoreError(f"owners came to {home} meanwhile; do it again")
            database.keys.turn(connection, "on")
        # Also those that no row points to, of writes that were cut short.
        blobs.sweep_plain()
        catalogue.tidy()


def unsecure(
    home: str | os.PathLike[str], key: MasterKey | None = None, progress: Progress | None = None
) -> None:
    """Decrypt a home, one commit for each owner. Cut short, doing it again goes on.

    Raises:
        SettingError: it is not encrypted. CorruptRecordError: a photo or a row is damaged.
        StoreError: the medium fails. Others: see `open_home`.
    """
    with _opened(home, key) as (catalogue, blobs):
        database = catalogue.database
        _check_locked(catalogue, home)
        with database.write() as connection:
            database.keys.turn(connection, "turning")
        _each(catalogue, blobs, progress, encrypt=False)
        with database.write() as connection:
            if _keyed(connection):
                raise StoreError(f"owners came to {home} meanwhile; do it again")
            for table in ("lock", "data_keys"):
                connection.execute(f"DROP TABLE {table}")
            database.keys.moved(connection)
        catalogue.tidy()


def change_master(home: str | os.PathLike[str], new: MasterKey, key: MasterKey | None = None) -> None:
    """Wrap the data keys of all owners with another master key, in one commit; traces of the old are erased.

    Whoever had both the old master key and a copy of the home from before can still read that copy.

    Raises:
        SettingError: it is not encrypted. StoreError: the medium fails. Others: see `open_home`.
    """
    with _opened(home, key) as (catalogue, _):
        database = catalogue.database
        _check_locked(catalogue, home)
        with database.write() as connection:
            database.keys.rewrap(connection, new)
        database.keys.use(new)
        catalogue.tidy()


def change_owner(home: str | os.PathLike[str], owner: str, key: MasterKey | None = None) -> None:
    """Give an owner a new data key, and write all that the owner has anew with it, in one commit.

    Raises:
        SettingError: it is not encrypted. CorruptRecordError: a photo or a row is damaged.
        StoreError: the medium fails. Others: see `open_home`.
    """
    check_owner(owner)
    with _opened(home, key) as (catalogue, blobs):
        _check_locked(catalogue, home)
        rekey(catalogue, blobs, owner, encrypt=True)
        sweep_old(catalogue, blobs)


def _each(
    catalogue: SQLiteCatalogue, blobs: FileBlobStore, progress: Progress | None, *, encrypt: bool
) -> None:
    # What an earlier change has left would be taken for what this one writes.
    sweep_old(catalogue, blobs)
    with catalogue.database.read() as connection:
        keyed, every = _keyed(connection), _owners(connection)
    todo = sorted(every - keyed if encrypt else keyed)
    for done, owner in enumerate(todo, start=1):
        if catalogue.key_destroyed(owner):
            catalogue.put_setting(quota_key(owner), None)
            catalogue.delete_owner(owner)
            blobs.delete_owner(owner)
        else:
            rekey(catalogue, blobs, owner, encrypt=encrypt)
        if progress is not None:
            progress(done)
    sweep_old(catalogue, blobs)


def _owners(connection: sqlite3.Connection) -> set[str]:
    return {
        str(row[0])
        for table in HOLDERS
        if has_table(connection, table)
        for row in connection.execute(f"SELECT DISTINCT owner FROM {table}")
    }


def _keyed(connection: sqlite3.Connection) -> set[str]:
    if not has_table(connection, "data_keys"):
        return set()
    return {str(row[0]) for row in connection.execute("SELECT owner FROM data_keys")}


def _check_locked(catalogue: SQLiteCatalogue, home: str | os.PathLike[str]) -> None:
    if catalogue.database.keys.lock is None:
        raise SettingError(f"the home {home} is not encrypted; `jarvis secure on` does that")


@contextmanager
def _opened(
    home: str | os.PathLike[str], key: MasterKey | None
) -> Iterator[tuple[SQLiteCatalogue, FileBlobStore]]:
    catalogue, blobs = open_home(home, key=key)
    try:
        yield catalogue, blobs
    finally:
        catalogue.close()
