"""Writing all that one owner has under another key: whole, or not at all."""

# ruff: noqa: S608  (statements hold names of tables of schema.py; values are bound)
from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from jarvis_retrievers.errors import CorruptRecordError, WrongKeyError
from jarvis_retrievers.log import log, owner_tag

from . import photos, segments
from .blobs import FileBlobStore
from .catalogue import SQLiteCatalogue
from .cipher import ABSENT, PLAIN, OwnerCipher
from .contracts import BlobRef
from .hidden import hide, reveal
from .queries import has_table, updated_of
from .references import reference
from .rolls import OF_OWNER, Rolls, called
from .rows import seal, select
from .schema import columns

__all__ = ["rekey", "sweep_old"]

# Keys of meta: files of this owner that were written with this key may still be there.
_OLD = "old"
_TABLES = ("photos", "segments", "snapshots", "concepts", "vectors", "items")
_KINDS = {"photos": "photo", "segments": "segment", "snapshots": "index"}


@dataclass(frozen=True, slots=True)
class _Pointer:
    """A row that points to a blob: its table, its number, the blob, what that is bound to.

    ``needed``: a photo, unless its concept is being forgotten.
    """

    table: str
    row: int
    blob: BlobRef
    bound: str
    needed: bool


def rekey(catalogue: SQLiteCatalogue, blobs: FileBlobStore, owner: str, *, encrypt: bool) -> None:
    """Write an owner's blobs and rows anew, under a new key or none, and delete what was there.

    Blobs are copied first; one commit then changes the key, all rows, and where they point. Killed before it,
    all is as it was; killed after it, the next `sweep_old` deletes the files from before. Segments and
    snapshots that are damaged are left out.

    Raises:
        CorruptRecordError: a photo or a row is damaged; nothing is changed. StoreError: the medium fails.
    """
    database = catalogue.database
    keys = database.keys
    made = keys.new() if encrypt else None
    new: OwnerCipher = made.cipher if made else PLAIN
    with database.read() as connection:
        old = keys.of(connection, owner)
        pointers = list(_pointers(connection, owner))
    if old is ABSENT or (not old.key_id and not encrypt):
        return
    blobs.expect_orphans()
    copies: dict[str, BlobRef | None] = {}
    # It takes long, so it is not done inside the commit; what is added meanwhile is copied there.
    for pointer in pointers:
        copied = _copy(blobs, owner, pointer, new)
        if copied is not None:
            copies[pointer.blob.id] = copied
    with database.write() as connection:
        if keys.of(connection, owner).key_id != old.key_id:
            raise WrongKeyError(f"another process has changed the key of {owner!r} just now; try again")
        there = list(_pointers(connection, owner))
        for pointer in there:
            copied = copies.get(pointer.blob.id)
            # New, or copied so long ago that a sweep took it for an orphan.
            if copied is None or not blobs.exists(owner, copied):
                copies[pointer.blob.id] = _copy(blobs, owner, pointer, new, needed=pointer.needed)
        # A row that an index hides would stay as it is.
        for part in OF_OWNER:
            Rolls().call(connection, owner, part)
        with called(connection, owner, "concepts"), called(connection, owner, "items"):
            for table in _TABLES:
                if has_table(connection, table):
                    _rewrite(connection, table, owner, old, new, copies)
        connection.execute("DELETE FROM data_keys WHERE owner = ?", (owner,))
        if made:
            keys.keep(connection, owner, made)
        connection.execute("DELETE FROM meta WHERE key = ?", (f"{_OLD}/{new.key_id}/{owner}",))
        connection.execute("INSERT OR REPLACE INTO meta VALUES (?, 1)", (f"{_OLD}/{old.key_id}/{owner}",))
        keys.moved(connection)
    blobs.delete(owner, [pointer.blob for pointer in there])


def sweep_old(catalogue: SQLiteCatalogue, blobs: FileBlobStore) -> int:
    """Delete the files, and the traces in the catalogue, that changes of keys have left; returns how many
    files.
    """
    with catalogue.database.read() as connection:
        query = f"SELECT key FROM meta WHERE key LIKE '{_OLD}/%'"
        marks = [str(row[0]) for row in connection.execute(query)]
    if not marks:
        return 0
    retired = [mark.split("/", 2)[1:] for mark in marks]
    count = blobs.sweep_keys([(owner, int(key_id)) for key_id, owner in retired])
    with catalogue.database.write() as connection:
        connection.executemany("DELETE FROM meta WHERE key = ?", [(mark,) for mark in marks])
    catalogue.tidy()
    return count


def _pointers(connection: sqlite3.Connection, owner: str) -> Iterator[_Pointer]:
    for table, fields in (
        ("photos", "concept, photo"),
        ("segments", "concept, fingerprint"),
        ("snapshots", "name, name"),
    ):
        if not has_table(connection, table):
            continue
        query = f"SELECT row, blob, length, blob_digest, {fields} FROM {table} WHERE owner = ?"
        for row, blob, length, digest, one, two in connection.execute(query, (owner,)).fetchall():
            binds = {"photos": photos.bound_to, "segments": segments.bound_to}.get(table, _name)
            bound = binds(one, two)
            needed = table == "photos" and updated_of(connection, owner, one) is not None
            yield _Pointer(table, row, reference((blob, length, digest)), bound, needed)


def _name(name: str, _: str) -> str:
    return name


def _copy(
    blobs: FileBlobStore, owner: str, pointer: _Pointer, cipher: OwnerCipher, *, needed: bool = False
) -> BlobRef | None:
    """A copy under another key; None of what is damaged, or gone meanwhile, unless it is needed."""
    try:
        data = blobs.get(owner, pointer.blob, bound=pointer.bound)
    except CorruptRecordError as error:
        if needed:
            raise
        log("damage.found", what=pointer.table, owner=owner_tag(owner), error=error)
        return None
    return blobs.put(owner, _KINDS[pointer.table], data, bound=pointer.bound, cipher=cipher)


def _rewrite(
    connection: sqlite3.Connection,
    table: str,
    owner: str,
    old: OwnerCipher,
    new: OwnerCipher,
    copies: Mapping[str, BlobRef | None],
) -> None:
    """Each row again, in its place, as it is under the new key."""
    names = columns(table)
    marks = ", ".join(f"{name} = ?" for name in names)
    numbers = connection.execute(f"SELECT rowid FROM {table} WHERE owner = ?", (owner,)).fetchall()
    for number in numbers:
        (stored,) = select(connection, table, "rowid = ?", number)
        row = dict(zip(names, reveal(table, stored, old), strict=False))
        if "blob" in row:
            blob = copies[row["blob"]]
            if blob is None:
                connection.execute(f"DELETE FROM {table} WHERE rowid = ?", number)
                continue
            row |= {"blob": blob.id, "blob_digest": blob.digest}
        values = hide(table, tuple(row.values()), new)
        statement = f"UPDATE {table} SET {marks} WHERE rowid = ?"
        connection.execute(statement, (*values, seal(table, values), *number))
