"""Vectors of a concept: one row each, so that they can be searched, and one digest for all of a kind."""

# ruff: noqa: S608  (statements hold names of tables and columns; values are bound)
from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jarvis_retrievers.errors import CorruptRecordError, InputError

from ..contracts import VectorRows
from ..matrices import as_matrix, vector_bytes
from ..rows import seal
from .rows import THIS, select
from .schema import STRIDE
from .session import Session

__all__ = [
    "GONE",
    "PHOTOS",
    "TEXTS",
    "as_texts",
    "delete_lots",
    "first_id",
    "hide_lots",
    "insert_lot",
    "read_lots",
    "read_vectors",
]

PHOTOS, TEXTS, GONE = "photos", "texts", "gone"
"""Spaces: vectors of one are compared with each other. Those of a concept that is hidden are in the last."""

_KINDS = {"patches": "patch", "profiles": "profile"}


class Lot(NamedTuple):
    """All vectors (count, width) of one kind of a concept, float16, with ids from ``id`` on."""

    id: int
    concept: str
    kind: str
    vectors: NDArray[np.float16]


def first_id(session: Session, count: int) -> int:
    """The first of ``count`` ids that were never given before.

    Raises:
        InputError: more than one write may have.
    """
    if count > STRIDE:
        raise InputError(
            f"a concept may have {STRIDE} vectors in a cluster, got {count}; give it fewer photos"
        )
    row = session.row("SELECT nextval('vector_ids')")
    if row is None:
        raise CorruptRecordError("the sequence of vector ids is lost; restore the database from a backup")
    return int(row[0])


def insert_lot(
    session: Session, owner: str, concept: str, kind: str, first: int, vectors: NDArray[np.float16]
) -> None:
    """Write vectors (m, dim) of one kind, m at least 1."""
    data, space = vector_bytes(vectors), PHOTOS if kind in _KINDS else TEXTS
    session.run(
        "INSERT INTO lots (owner, id, concept, kind, space, count, width, digest) VALUES (%s, %s, %s, "
        "%s, %s, %s, %s, %s)",
        (
            owner,
            first,
            concept,
            kind,
            space,
            *vectors.shape,
            seal("vectors", (first, owner, concept, kind, data)),
        ),
    )
    session.run(
        "INSERT INTO vectors (owner, space, id, data) SELECT %s, %s, %s + n - 1, data::halfvec "
        "FROM unnest(%s::text[]) WITH ORDINALITY AS given (data, n)",
        (owner, space, first, as_texts(vectors)),
    )


def as_texts(vectors: NDArray[np.floating]) -> list[str]:
    """Vectors as pgvector reads them, exactly."""
    return [str(row) for row in vectors.tolist()]


def read_lots(session: Session, owner: str, where: str, values: Sequence[object]) -> list[Lot]:
    """An owner's lots that match, each checked, by rising id.

    Args:
        session: in a transaction of the owner.
        owner: whose.
        where: a condition on columns of ``lots``.
        values: bound in it.

    Raises:
        CorruptRecordError: vectors that are missing, too many, or do not match their digest.
    """
    # The server puts them together: one row each would take longer to unpack than to compare. It is told the
    # owner twice, so that it looks into one partition alone.
    inside = "v.owner = %s AND v.space = l.space AND v.id >= l.id AND v.id < l.id + l.count"
    found = session.rows(
        "SELECT l.id, l.owner, l.concept, l.kind, l.count, l.width, l.digest, "
        f"(SELECT string_agg(halfvec_send(v.data), ''::bytea ORDER BY v.id) FROM vectors v WHERE {inside}) "
        f"FROM lots l WHERE l.owner = %s AND {where} ORDER BY l.id",
        (owner, owner, *values),
    )
    lots = []
    for first, owner, concept, kind, count, width, digest, sent in found:
        # `halfvec_send`: two numbers of 16 bits, of which the first is the width, then the vector.
        size = 2 * count * (width + 2)
        table = np.frombuffer(sent or b"", ">u2")
        if table.nbytes != size or not size or (table := table.reshape(count, -1))[:, 0].max() != width:
            raise _lost(concept)
        vectors = table[:, 2:].astype("<u2").view("<f2")
        if seal("vectors", (first, owner, concept, kind, vectors.tobytes())) != digest:
            raise CorruptRecordError(
                f"vectors of the concept with id {concept!r} do not match their digest; `jarvis reindex` "
                "makes them "
                "again from its photos"
            )
        lots.append(Lot(first, concept, kind, vectors))
    return lots


def read_vectors(session: Session, owner: str, concepts: Collection[str] | None = None) -> VectorRows:
    """All vectors of the owner's live concepts, or of some of them, each lot checked, by rising id.

    Raises:
        CorruptRecordError: a row that is missing or does not match its digest.
        InputError: rows of more than one width.
    """
    chosen, some = ("", []) if concepts is None else (" AND concept = ANY(%s)", [[*concepts]])
    left = {
        (row[1], kind): count
        for row in select(session, "concepts", f"owner = %s AND live = 1{chosen}", (owner, *some))
        for kind, count in zip(("patch", "profile"), (row[7], row[8] - row[7]), strict=True)
    }
    ids: list[int] = []
    whose: list[str] = []
    kinds: list[str] = []
    lots: list[NDArray[np.float16]] = []
    for lot in read_lots(session, owner, f"space = '{PHOTOS}'{chosen}", some):
        kind, count = _KINDS[lot.kind], len(lot.vectors)
        if left.pop((lot.concept, kind), 0) != count:
            raise _lost(lot.concept)
        lots.append(lot.vectors)
        ids += range(lot.id, lot.id + count)
        whose += [lot.concept] * count
        kinds += [kind] * count
    for (concept, _), count in left.items():
        if count:
            raise _lost(concept)
    return VectorRows(np.array(ids, dtype=np.int64), as_matrix(lots), tuple(whose), tuple(kinds))


def hide_lots(session: Session, owner: str, concept_id: str) -> None:
    """Let no search find a concept's vectors any more."""
    session.run(
        f"UPDATE vectors v SET space = '{GONE}' FROM lots l WHERE l.owner = %s AND l.concept = %s AND "
        "v.owner = l.owner "
        "AND v.space = l.space AND v.id >= l.id AND v.id < l.id + l.count",
        (owner, concept_id),
    )
    session.run(f"UPDATE lots SET space = '{GONE}' WHERE {THIS}", (owner, concept_id))


def delete_lots(session: Session, owner: str, concept_id: str, space: str | None = None) -> None:
    """Delete a concept's vectors, or those of one space."""
    chosen, values = ("", ()) if space is None else (" AND l.space = %s", (space,))
    session.run(
        "DELETE FROM vectors v USING lots l WHERE l.owner = %s AND l.concept = %s AND v.owner = l.owner "
        f"AND v.space = l.space AND v.id >= l.id AND v.id < l.id + l.count{chosen}",
        (owner, concept_id, *values),
    )
    session.run(f"DELETE FROM lots l WHERE {THIS}{chosen}", (owner, concept_id, *values))


def _lost(concept_id: str) -> CorruptRecordError:
    return CorruptRecordError(
        f"vectors of the concept with id {concept_id!r} are missing or too many; `jarvis reindex` makes "
        "them again "
        "from its photos"
    )
