"""One owner's record from one place to another: written, read back and compared; done again, it goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from jarvis_retrievers.errors import (
    CorruptRecordError,
    InputError,
    LockedHomeError,
    QuotaError,
    StoreError,
)

from ..concept import Concept
from .cached_blobs import without_copies
from .catalogue import SQLiteCatalogue
from .contracts import BlobRef, BlobStore, Catalogue, ConceptRows
from .hidden import reveal
from .keys import digest
from .photos import bound_to, check_there
from .queries import has_table, mark_traces
from .quota import Quota, limited, within_quota
from .rolls import called
from .rows import insert, select
from .schema import ITEMS

if TYPE_CHECKING:
    from .postgres import PostgresCatalogue

__all__ = ["Moved", "Record", "encrypted", "owners_of", "record_digest", "transfer"]

Record = tuple[Catalogue, BlobStore]
"""Where concepts are, and where their photos are."""

_Vectors = tuple[NDArray[np.float16], NDArray[np.float16]]


@dataclass(frozen=True, slots=True)
class Moved:
    """What a transfer did: concepts written, concepts that were there already, items of agents."""

    written: int
    there: int
    items: int


def owners_of(catalogue: Catalogue) -> tuple[str, ...]:
    """Everybody who has something in a home or a cluster, sorted."""
    if not isinstance(catalogue, SQLiteCatalogue):
        return _cluster(catalogue).owners()
    with catalogue.database.read() as connection:
        query = "SELECT owner FROM owners"
        if has_table(connection, "items"):
            query += " UNION SELECT owner FROM items"
        return tuple(sorted(row[0] for row in connection.execute(query)))


def transfer(source: Record, target: Record, owner: str) -> Moved:
    """Copy all of an owner: concepts with their ids, photos and vectors, and agents' items.

    What can always be made again (segments, vectors of texts, snapshots) is left out. Nothing of the source
    is changed. Cut short and done again, it writes what is missing or other there, in the order of age.

    Raises:
        InputError: the target has concepts or items of this owner that the source has not; it stays so.
        QuotaError: it is more than the target allows.
        CorruptRecordError: the source is damaged, or the target does not have what was written.
        StoreError: the source was changed meanwhile, or a sweep took photos of the target; do it again.
    """
    catalogue, _ = source
    before = catalogue.versions(owner)
    items, known = _items(catalogue, owner), _items(target[0], owner)
    more = set(target[0].ids(owner)) - {concept for concept, _ in before}
    if more or {row[1:3] for row in known} - {row[1:3] for row in items}:
        raise InputError(
            f"the target has {len(more)} concepts of {owner!r} that the source has not, or items; forget "
            "them there, or choose another target"
        )
    done = [_move(source, target, concept) for concept in catalogue.concepts(owner)]
    if known != items:
        _put_items(target[0], owner, items)
    if catalogue.versions(owner) != before:
        raise StoreError(f"the concepts of {owner!r} were changed while they were copied; do it again")
    if record_digest(_stored(target), owner) != record_digest(source, owner):
        raise CorruptRecordError(f"the target does not have what was written of {owner!r}; do it again")
    return Moved(sum(done), len(done) - sum(done), len(items))


def record_digest(record: Record, owner: str) -> bytes:
    """32 bytes that are the same wherever the owner's record is: of concepts, photos, vectors and items.

    Raises:
        CorruptRecordError: something of it does not match its own digest.
    """
    catalogue, _ = record
    concepts = sorted(catalogue.concepts(owner), key=lambda concept: concept.id)
    parts = [_digest(record, concept) for concept in concepts]
    rows = [digest("jarvis/transfer/item", *row) for row in _items(catalogue, owner)]
    return digest("jarvis/transfer", len(parts), *parts, *rows)


def encrypted(catalogue: Catalogue) -> bool:
    """Whether photos that are written there are; of a cluster, rows never are."""
    if not isinstance(catalogue, SQLiteCatalogue):
        return _cluster(catalogue).encrypted()
    return catalogue.database.keys.lock is not None


def _move(source: Record, target: Record, concept: Concept) -> bool:
    """Whether it had to be written."""
    owner = concept.owner
    there = target[0].concept(owner, concept.id)
    if there is not None and _digest(_stored(target), there) == _digest(source, concept):
        return False
    refs = tuple(
        target[1].put(owner, "photo", data, bound=bound_to(concept.id, photo.id))
        for photo, data in zip(concept.photos, _photos(source, concept), strict=True)
    )
    rows = ConceptRows(concept, refs, *_vectors(source[0], concept))
    unused: tuple[BlobRef, ...] = ()
    try:
        with limited(target[0], owner):
            if there is None:
                target[0].add(owner, rows)
            else:
                unused = target[0].replace(owner, rows)[1]
            check_there(*target, owner, refs)
    except (InputError, LockedHomeError, QuotaError):
        # Refused before the commit: nothing points to them.
        target[1].delete(owner, refs)
        raise
    target[1].delete(owner, unused)
    return True


def _stored(record: Record) -> Record:
    return record[0], without_copies(record[1])


def _digest(record: Record, concept: Concept) -> bytes:
    patches = tuple(patch.model_copy(update={"id": 0}) for patch in concept.patches)
    # Numbers that each place gives by itself.
    same = concept.model_copy(update={"created": 0, "updated": 0, "patches": patches})
    photos = [hashlib.sha256(data).digest() for data in _photos(record, concept)]
    vectors = [
        part for lot in _vectors(record[0], concept) for part in (*lot.shape, lot.astype("<f2").tobytes())
    ]
    return digest("jarvis/transfer/concept", same.model_dump_json(), *photos, *vectors)


def _photos(record: Record, concept: Concept) -> list[bytes]:
    found = []
    for photo in concept.photos:
        row = record[0].photo(concept.owner, photo.id)
        if row is None:
            raise StoreError(f"{concept.name!r} was changed while it was copied; do it again")
        found.append(record[1].get(concept.owner, row[1], bound=bound_to(concept.id, photo.id)))
    return found


def _vectors(catalogue: Catalogue, concept: Concept) -> _Vectors:
    table = catalogue.vectors(concept.owner, [concept.id])
    matrix, kinds = table.matrix.astype(np.float16), np.array(table.kinds)
    if not len(matrix):
        return matrix, matrix
    return matrix[kinds == "patch"], matrix[kinds == "profile"]


def _items(catalogue: Catalogue, owner: str) -> list[tuple[Any, ...]]:
    """All rows of items, those that have expired too, in their order."""
    if not isinstance(catalogue, SQLiteCatalogue):
        return _cluster(catalogue).item_rows(owner)
    with catalogue.database.read() as connection:
        if not has_table(connection, "items"):
            return []
        cipher = catalogue.database.keys.of(connection, owner)
        rows = select(connection, "items", "owner = ? ORDER BY row", (owner,))
        return [tuple(reveal("items", row, cipher)) for row in rows]


def _put_items(catalogue: Catalogue, owner: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Have these instead of those that are there, in one transaction."""
    if not isinstance(catalogue, SQLiteCatalogue):
        _cluster(catalogue).put_item_rows(owner, rows)
        return
    with catalogue.database.write() as connection, within_quota(connection, owner, Quota()):
        cipher = catalogue.database.keys.of(connection, owner, make=True)
        for statement in ITEMS:
            connection.execute(statement)
        with called(connection, owner, "items"):
            connection.execute("DELETE FROM items WHERE owner = ?", (owner,))
            for row in rows:
                insert(connection, "items", row, cipher)
        mark_traces(connection)


def _cluster(catalogue: Catalogue) -> PostgresCatalogue:
    from .postgres import PostgresCatalogue

    if not isinstance(catalogue, PostgresCatalogue):
        raise InputError(f"a {type(catalogue).__name__} cannot be copied; name a home or a cluster")
    return catalogue
