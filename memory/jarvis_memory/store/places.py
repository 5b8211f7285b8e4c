"""Where a home is: a folder, or a cluster that a URL names, with its photos in a place of their own."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from jarvis_retrievers.errors import InputError, SettingError

from .blob_places import MARK, BlobPlace, Blobs
from .catalogue import SQLiteCatalogue
from .contracts import BlobStore, Catalogue
from .disk import translated
from .home import open_home
from .item_store import ItemStore
from .items import OwnerItems
from .master_key import MasterKey
from .quota import Quota

if TYPE_CHECKING:
    from .postgres import Cluster

__all__ = ["Blobs", "Place", "found_items", "is_url", "items_of", "open_place"]

Place = str | os.PathLike[str]
"""A folder, or ``postgresql://user:password@host:port/database``."""

_POOLS: dict[tuple[int, str, bool, float], Cluster] = {}
_LOCK = threading.Lock()


def is_url(home: Place) -> bool:
    """Whether a home is named by a URL."""
    return isinstance(home, str) and "://" in home


def open_place(
    home: Place,
    blobs: Blobs | None = None,
    *,
    read_only: bool = False,
    busy_timeout: float = 30.0,
    accept_loss: bool = False,
    key: MasterKey | None = None,
) -> tuple[Catalogue, BlobStore]:
    """Open a home in a folder (`open_home`) or in a cluster.

    All that one process opens in a cluster shares its connections.

    Raises:
        SettingError: a URL, server or role that cannot be used; a place for blobs where there is one already,
            none where one is needed, or one of another cluster; a key for a cluster that is not encrypted.
            ExtraError: the extra ``scale`` is missing.
        LockedHomeError, HomeFormatError, HomeReadOnlyError, CorruptRecordError, StoreError: see `open_home`
            and `Cluster`.
    """
    if not is_url(home):
        if blobs is not None:
            raise SettingError(
                f"a home in a folder keeps its photos itself, got blobs for {os.fspath(home)}; leave them "
                "out, or name a "
                "cluster: postgresql://..."
            )
        folder = Path(home).expanduser()
        with translated("read", folder):
            marked = (folder / MARK).is_file()
        if marked:
            raise SettingError(
                f"{folder} holds the blobs of a cluster, which a home there would sweep away; choose another"
            )
        return open_home(
            home, read_only=read_only, busy_timeout=busy_timeout, accept_loss=accept_loss, key=key
        )
    if blobs is None:
        raise SettingError(
            "a cluster does not hold photos; say where they are, in a place that all its machines see: "
            "blobs='s3://bucket/prefix' or blobs='file:///folder'"
        )
    # Looked at before anything is connected.
    given = BlobPlace.parse(blobs) if isinstance(blobs, str | os.PathLike) else blobs
    if key is not None and not isinstance(given, BlobPlace):
        raise SettingError(
            f"a key was given, but a {type(given).__name__} sees to its own encryption; name a folder or a "
            "URL, or leave the key out"
        )
    from .postgres import PostgresCatalogue

    cluster = _shared(str(home), read_only, busy_timeout)
    try:
        if isinstance(given, BlobPlace):
            from .postgres.keys import ClusterRing

            keys = ClusterRing(cluster, key)
            given = given.opened(cluster.id, read_only=cluster.read_only, timeout=busy_timeout, keys=keys)
        return PostgresCatalogue(cluster), given
    except BaseException:
        cluster.close()
        raise


def items_of(catalogue: Catalogue, owner: str, clock: Callable[[], float] = time.time) -> ItemStore:
    """What agents of an owner keep beside this catalogue.

    Raises:
        InputError: a catalogue that keeps none.
    """
    found = found_items(catalogue, owner, clock)
    if found is None:
        raise InputError(f"a {type(catalogue).__name__} keeps no items; open a home or a cluster")
    return found


def found_items(
    catalogue: Catalogue, owner: str, clock: Callable[[], float] = time.time, *, quota: Quota | None = None
) -> ItemStore | None:
    """The same, with one more quota; None of a catalogue that keeps none."""
    if isinstance(catalogue, SQLiteCatalogue):
        return OwnerItems(owner, catalogue.database, clock, quota=quota)
    from .postgres import PostgresCatalogue

    if isinstance(catalogue, PostgresCatalogue):
        return catalogue.items(owner, clock, quota=quota)
    return None


def _shared(url: str, read_only: bool, timeout: float) -> Cluster:
    from .postgres import Cluster

    # A process does not use what it has from the one it was forked from.
    place = (os.getpid(), url, read_only, timeout)
    with _LOCK:
        known = _POOLS.get(place)
        if known is not None and known.shared():
            return known
        _POOLS[place] = cluster = Cluster(url, read_only=read_only, timeout=timeout)
        return cluster
