"""The catalogue in PostgreSQL: every write is one durable transaction of one owner, every row is checked."""

# ruff: noqa: S608  (statements hold names of tables and columns; values are bound)
from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import NoReturn

from jarvis_retrievers.errors import CorruptRecordError, DuplicateConceptError, UnknownConceptError

from ...concept import Concept, name_key
from ..body import ConceptBody
from ..contracts import BlobRef, ConceptRows, Usage, VectorRows
from ..matrices import check_dim
from ..quota import Quota
from ..references import reference
from ..rows import seal, stamp
from ..schema import columns
from .caches import PostgresCaches
from .cluster import Cluster
from .holdings import within_quota
from .home import PostgresHome
from .index_names import drop_indexes
from .items import PostgresItems
from .keys import refuse_other_keys
from .lots import PHOTOS, delete_lots, first_id, hide_lots, insert_lot, read_vectors
from .rows import THIS, blobs_of, enter, key_of, read_concepts, select, updated_of
from .schema import OWNED
from .session import Row, Session

__all__ = ["PostgresCatalogue"]

_OF_CONCEPT = ("segments", "patches", "photos", "concepts")


class PostgresCatalogue(PostgresCaches, PostgresHome):
    """`Catalogue` in a cluster. Threads share it, other processes and machines open their own.

    What is erased is deleted: no query finds it again. Its bytes stay in the server's files until their room
    is used for other rows (`compact` writes tables anew), and in its log, standbys and backups for as long as
    these are kept; see docs/scale.md.

    Args:
        cluster: closed with the catalogue.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._open = True

    @property
    def read_only(self) -> bool:
        """See `Catalogue.read_only`."""
        return self._cluster.read_only

    @property
    def cluster(self) -> Cluster:
        """The connections, for tables that are not of the record."""
        return self._cluster

    def items(self, owner: str, clock: Callable[[], float], *, quota: Quota | None = None) -> PostgresItems:
        """What agents of an owner keep here; ``quota`` limits what is written, besides the stored one."""
        return PostgresItems(owner, self._cluster, clock, quota=quota)

    def item_rows(self, owner: str) -> list[Row]:
        """All rows of an owner's items, in their order, each checked."""
        with self._cluster.read(owner) as session:
            return select(session, "items", "owner = %s ORDER BY row", (owner,))

    def put_item_rows(self, owner: str, rows: Sequence[Row]) -> None:
        """Have these rows instead of those that are there."""
        with self._cluster.write(owner) as session, within_quota(self._cluster, session, owner):
            enter(session, owner)
            session.run("DELETE FROM items WHERE owner = %s", (owner,))
            session.insert("items", rows)

    def owner_key(self, owner: str) -> bytes | None:
        """See `Catalogue.owner_key`."""
        with self._cluster.read(owner) as session:
            return key_of(session, owner)

    def add(self, owner: str, rows: ConceptRows) -> Concept:
        """See `Catalogue.add`."""
        with self._cluster.write(owner) as session:
            refuse_other_keys(session, owner, rows.blobs)
            _refuse_duplicate(session, owner, rows.concept)
            check_dim(rows, _dim_of(session, owner))
            enter(session, owner)
            return _insert(session, owner, rows, None)

    def replace(self, owner: str, rows: ConceptRows) -> tuple[Concept, tuple[BlobRef, ...]]:
        """See `Catalogue.replace`."""
        concept = rows.concept
        whose = (owner, concept.id)
        with self._cluster.write(owner) as session:
            old = session.row(f"SELECT created FROM concepts WHERE {THIS} AND live = 1", whose)
            if old is None:
                _refuse_unknown(concept)
            refuse_other_keys(session, owner, rows.blobs)
            _refuse_duplicate(session, owner, concept)
            blobs = _all_blobs(session, owner, concept.id)
            _delete_rows(session, owner, concept.id)
            return _insert(session, owner, rows, int(old[0])), blobs

    def concepts(self, owner: str) -> tuple[Concept, ...]:
        """See `Catalogue.concepts`."""
        with self._cluster.read(owner) as session:
            return read_concepts(session, "owner = %s", (owner,))

    def ids(self, owner: str) -> tuple[str, ...]:
        """See `Catalogue.ids`."""
        return tuple(concept for concept, _ in self.versions(owner))

    def versions(self, owner: str) -> tuple[tuple[str, int], ...]:
        """See `Catalogue.versions`."""
        query = "SELECT concept, updated FROM concepts WHERE owner = %s AND live = 1 ORDER BY created"
        with self._cluster.read(owner) as session:
            return tuple((row[0], int(row[1])) for row in session.rows(query, (owner,)))

    def concept(self, owner: str, concept_id: str) -> Concept | None:
        """See `Catalogue.concept`."""
        with self._cluster.read(owner) as session:
            return next(iter(read_concepts(session, THIS, (owner, concept_id))), None)

    def named(self, owner: str, key: str) -> Concept | None:
        """See `Catalogue.named`."""
        with self._cluster.read(owner) as session:
            found = read_concepts(session, "owner = %s AND name_key = %s AND live = 1", (owner, key))
            return next(iter(found), None)

    def photo(self, owner: str, photo_id: str) -> tuple[str, BlobRef] | None:
        """See `Catalogue.photo`."""
        with self._cluster.read(owner) as session:
            for row in select(session, "photos", "owner = %s AND photo = %s", (owner, photo_id)):
                if updated_of(session, owner, row[1]) is not None:
                    return row[1], reference(row[7:10])
        return None

    def vectors(self, owner: str, concepts: Collection[str] | None = None) -> VectorRows:
        """See `Catalogue.vectors`."""
        with self._cluster.read(owner) as session:
            return read_vectors(session, owner, concepts)

    def usage(self, owner: str) -> Usage:
        """See `Catalogue.usage`."""
        sizes = (("length", "photos"), ("2 * count * width", "lots"), ("length", "segments"))
        parts = [f"(SELECT COALESCE(SUM({size}), 0) FROM {table} WHERE owner = %s)" for size, table in sizes]
        with self._cluster.read(owner) as session:
            row = session.row(f"SELECT {', '.join(parts)}", (owner,) * len(parts))
            return Usage(*map(int, row or (0, 0, 0)))

    def tombstone(self, owner: str, concept_id: str | None) -> tuple[BlobRef, ...]:
        """See `Catalogue.tombstone`."""
        *names, _ = columns("concepts")
        chosen, values = ("owner = %s", (owner,)) if concept_id is None else (THIS, (owner, concept_id))
        found: list[BlobRef] = []
        with self._cluster.write(owner) as session:
            # Rows are taken as they are: a damaged concept must be possible to erase.
            for old in session.rows(f"SELECT {', '.join(names)} FROM concepts WHERE {chosen}", values):
                hidden = [0 if name == "live" else value for name, value in zip(names, old, strict=True)]
                session.run(
                    f"UPDATE concepts SET live = 0, digest = %s WHERE {THIS}",
                    (seal("concepts", hidden), owner, old[1]),
                )
                hide_lots(session, owner, old[1])
                found += _all_blobs(session, owner, old[1])
            # Every receipt has a number of its own.
            session.row("SELECT nextval('changes')")
            # In the same commit: an owner who leaves and is cut short must not be half there.
            if concept_id is None:
                session.run("DELETE FROM items WHERE owner = %s", (owner,))
        return tuple(found)

    def tombstones(self, owner: str) -> tuple[str, ...]:
        """See `Catalogue.tombstones`."""
        query = f"SELECT {', '.join(columns('concepts'))} FROM concepts WHERE owner = %s AND live = 0"
        with self._cluster.read(owner) as session:
            # A rotten bit must not look like the wish to forget; whatever reads concepts reports such a row.
            return tuple(
                f[1] for *f, stored in session.rows(query, (owner,)) if seal("concepts", f) == stored
            )

    def erase(self, owner: str, concept_ids: Collection[str]) -> None:
        """See `Catalogue.erase`; its rows are gone, their bytes are not yet (see the class)."""
        with self._cluster.write(owner) as session:
            for concept_id in concept_ids:
                if session.row(f"SELECT 1 FROM concepts WHERE {THIS} AND live = 0", (owner, concept_id)):
                    _delete_rows(session, owner, concept_id)

    def delete_owner(self, owner: str) -> None:
        """See `Catalogue.delete_owner`; its rows are gone, their bytes are not yet (see the class)."""
        with self._cluster.write(owner) as session:
            for table in OWNED:
                session.run(f"DELETE FROM {table} WHERE owner = %s", (owner,))
            drop_indexes(session, owner)

    def close(self) -> None:
        """See `Catalogue.close`; others who share the cluster keep it."""
        if self._open:
            self._open = False
            self._cluster.close()


def _insert(session: Session, owner: str, rows: ConceptRows, created: int | None) -> Concept:
    lots = {"patches": rows.patch_vectors, "profiles": rows.profile_vectors}
    count = sum(map(len, lots.values()))
    changed = session.row("SELECT nextval('changes')")
    if changed is None:
        raise CorruptRecordError("the sequence of changes is lost; restore the database from a backup")
    updated, first = int(changed[0]), first_id(session, count)
    sequence = {"created": updated if created is None else created, "updated": updated}
    concept = stamp(rows.concept.model_copy(update=sequence), first)
    head = (owner, concept.id)
    body = ConceptBody(
        **{name: getattr(concept, name) for name in ConceptBody.model_fields}
    ).model_dump_json()
    counts = (len(concept.photos), len(concept.patches), count)
    values = (*head, name_key(concept.name), 1, concept.created, concept.updated, *counts, body)
    session.insert("concepts", [values])
    session.insert(
        "photos",
        [
            (*head, photo.id, n, photo.digest, photo.width, photo.height, blob.id, blob.length, blob.digest)
            for n, (photo, blob) in enumerate(zip(concept.photos, rows.blobs, strict=True))
        ],
    )
    session.insert(
        "patches",
        [
            (p.id, *head, n, p.photo_id, *p.box.as_tuple(), p.relevance, p.distinctiveness, p.score)
            for n, p in enumerate(concept.patches)
        ],
    )
    for kind, lot in lots.items():
        if len(lot):
            insert_lot(session, owner, concept.id, kind, first, lot)
        first += len(lot)
    return concept


def _delete_rows(session: Session, owner: str, concept_id: str) -> None:
    delete_lots(session, owner, concept_id)
    for table in _OF_CONCEPT:
        session.run(f"DELETE FROM {table} WHERE {THIS}", (owner, concept_id))


def _all_blobs(session: Session, owner: str, concept_id: str) -> tuple[BlobRef, ...]:
    whose = (owner, concept_id)
    return blobs_of(session, "photos", THIS, whose) + blobs_of(session, "segments", THIS, whose)


def _dim_of(session: Session, owner: str) -> int | None:
    row = session.row(f"SELECT width FROM lots WHERE owner = %s AND space = '{PHOTOS}' LIMIT 1", (owner,))
    return None if row is None else int(row[0])


def _refuse_duplicate(session: Session, owner: str, concept: Concept) -> None:
    row = session.row(
        "SELECT concept FROM concepts WHERE owner = %s AND name_key = %s AND live = 1",
        (owner, name_key(concept.name)),
    )
    if row is not None and row[0] != concept.id:
        raise DuplicateConceptError(
            f"there is a concept called {concept.name!r} already; update it, forget it, or choose another "
            "name"
        )


def _refuse_unknown(concept: Concept) -> NoReturn:
    raise UnknownConceptError(
        f"there is no concept with id {concept.id!r} ({concept.name!r}); it may have been forgotten"
    )
