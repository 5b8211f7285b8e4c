"""Between values and rows: what a row holds, its digest, and what is wrong with it."""

# ruff: noqa: S608  (statements hold names of tables and columns of schema.py; values are bound)
from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from blake3 import blake3
from numpy.typing import NDArray
from pydantic import ValidationError

from jarvis_retrievers.boxes import Box
from jarvis_retrievers.errors import CorruptRecordError, InputError

from ..concept import Concept, PatchRecord, PhotoRecord, name_key
from .body import ConceptBody
from .contracts import BlobRef, ConceptRows, SegmentRow, VectorRows
from .keys import frames
from .schema import OF_PHOTOS, columns

__all__ = [
    "as_matrix",
    "blob_of",
    "check_dim",
    "concept_of",
    "insert",
    "insert_concept",
    "read_concepts",
    "read_vectors",
    "seal",
    "segment_of",
    "select",
    "stamp",
    "vector_bytes",
]

Row = Sequence[Any]

_NAMED = 256
_KINDS = {"patches": "patch", "profiles": "profile"}


def seal(table: str, values: Row) -> bytes:
    """The digest of a row of ``table`` over its columns in order."""
    (framed,) = frames(_domain(table), [values])
    return _hashed(table, values, framed)


def _domain(table: str) -> str:
    return f"jarvis/row/{table}"


def _hashed(table: str, values: Row, framed: bytes) -> bytes:
    # All vectors of a concept are many bytes, and are read whenever an owner is asked for first.
    start = blake3 if table == "vectors" and values[3] in _KINDS else hashlib.sha256
    return start(framed).digest()


def select(connection: sqlite3.Connection, table: str, where: str, values: Row) -> list[Row]:
    """Rows that match, without their digest column, each checked.

    Raises:
        CorruptRecordError: a row that does not match its digest.
    """
    names = columns(table)
    statement = f"SELECT {', '.join(names)} FROM {table} WHERE {where}"
    found = connection.execute(statement, tuple(values)).fetchall()
    rows = [row[:-1] for row in found]
    for fields, framed, (*_, stored) in zip(rows, frames(_domain(table), rows), found, strict=True):
        if _hashed(table, fields, framed) != stored:
            if "concept" not in names:
                raise CorruptRecordError(
                    f"the row {fields[0]!r} of {table} does not match its digest; restore catalogue.sqlite "
                    "from a backup, or set it anew"
                )
            concept = fields[names.index("concept")]
            raise CorruptRecordError(
                f"a row of {table} of the concept with id {concept!r} does not match its digest; restore "
                f"catalogue.sqlite from a backup, or give the concept up with erase({concept!r})"
            )
    return rows


def insert(connection: sqlite3.Connection, table: str, values: Row, *, replace: bool = False) -> None:
    """Write one row and its digest."""
    marks = ", ".join("?" * (len(values) + 1))
    verb = "INSERT OR REPLACE" if replace else "INSERT"
    statement = f"{verb} INTO {table} ({', '.join(columns(table))}) VALUES ({marks})"
    connection.execute(statement, (*values, seal(table, values)))


def insert_concept(connection: sqlite3.Connection, owner: str, rows: ConceptRows, first_id: int) -> Concept:
    """Write all rows of a concept; its vectors get ids from ``first_id`` on, patches first, then profile
    vectors.
    """
    concept = stamp(rows.concept, first_id)
    head = (owner, concept.id)
    lots = {"patches": rows.patch_vectors, "profiles": rows.profile_vectors}
    body = ConceptBody(
        **{name: getattr(concept, name) for name in ConceptBody.model_fields}
    ).model_dump_json()
    counts = (len(concept.photos), len(concept.patches), sum(map(len, lots.values())))
    insert(
        connection,
        "concepts",
        (*head, name_key(concept.name), 1, concept.created, concept.updated, *counts, body),
    )
    for position, (photo, blob) in enumerate(zip(concept.photos, rows.blobs, strict=True)):
        pixels = (photo.digest, photo.width, photo.height)
        insert(connection, "photos", (*head, photo.id, position, *pixels, blob.id, blob.length, blob.digest))
    for position, patch in enumerate(concept.patches):
        scores = (patch.relevance, patch.distinctiveness, patch.score)
        insert(
            connection, "patches", (patch.id, *head, position, patch.photo_id, *patch.box.as_tuple(), *scores)
        )
    # All of a kind in one row: whoever is found next may have thousands, and each row has a digest to check.
    for kind, lot in lots.items():
        if len(lot):
            insert(connection, "vectors", (first_id, *head, kind, vector_bytes(lot)))
        first_id += len(lot)
    return concept


def stamp(concept: Concept, first_id: int) -> Concept:
    """The concept with its patches numbered from ``first_id``."""
    patches = tuple(p.model_copy(update={"id": first_id + n}) for n, p in enumerate(concept.patches))
    return concept.model_copy(update={"patches": patches})


def read_concepts(connection: sqlite3.Connection, where: str, values: Row) -> tuple[Concept, ...]:
    """Live concepts that match, oldest first; every row that belongs to one is checked.

    Raises:
        CorruptRecordError: a row that is missing or does not match its digest.
    """
    found = select(connection, "concepts", where, values)
    return tuple(_concept(connection, row) for row in sorted(found, key=lambda row: row[4]) if row[3] == 1)


def _concept(connection: sqlite3.Connection, row: Row) -> Concept:
    where, whose = "owner = ? AND concept = ? ORDER BY position", row[:2]
    return concept_of(
        row, select(connection, "photos", where, whose), select(connection, "patches", where, whose)
    )


def concept_of(row: Row, photos: Sequence[Row], patches: Sequence[Row]) -> Concept:
    """A concept from its row and those of its photos and patches; CorruptRecordError if they are none."""
    owner, concept_id, _, _, created, updated, photo_count, patch_count, _, text = row
    if (len(photos), len(patches)) != (photo_count, patch_count):
        raise CorruptRecordError(
            f"the concept with id {concept_id!r} should have {photo_count} photos and {patch_count} patches, "
            f"got {len(photos)} and {len(patches)}; restore catalogue.sqlite from a backup"
        )
    try:
        body = ConceptBody.model_validate_json(text)
        moments = body.moments or (None,) * len(photos)
        if len(moments) != len(photos):
            raise InputError(f"moments of {len(moments)} photos, but there are {len(photos)}")
        return Concept(
            id=concept_id,
            owner=owner,
            photos=tuple(
                PhotoRecord(id=r[2], digest=r[4], width=r[5], height=r[6], moment=moment)
                for r, moment in zip(photos, moments, strict=True)
            ),
            patches=tuple(
                PatchRecord(
                    id=r[0],
                    photo_id=r[4],
                    box=Box(*r[5:9]),
                    relevance=r[9],
                    distinctiveness=r[10],
                    score=r[11],
                )
                for r in patches
            ),
            created=created,
            updated=updated,
            **{name: getattr(body, name) for name in ConceptBody.model_fields if name != "moments"},
        )
    except (ValidationError, InputError) as error:
        raise CorruptRecordError(
            f"the record of the concept with id {concept_id!r} cannot be read: {error}"
        ) from error


def read_vectors(
    connection: sqlite3.Connection, owner: str, concepts: Collection[str] | None = None
) -> VectorRows:
    """All vectors of the owner's live concepts, or of some of them, each row checked, by rising id.

    Raises:
        CorruptRecordError: a row that is missing or does not match its digest.
        InputError: rows of more than one width.
    """
    # Beyond a few hundred names in a statement it is faster to read all.
    some = () if concepts is None or len(concepts) > _NAMED else tuple(concepts)
    where, values = "owner = ?", (owner, *some)
    if concepts is not None and len(concepts) <= _NAMED:
        where += f" AND concept IN ({', '.join('?' * len(some))})"
    expected = {
        r[1]: (r[7], r[8] - r[7])
        for r in select(connection, "concepts", where, values)
        if r[3] == 1 and (concepts is None or r[1] in concepts)
    }
    left = {
        (concept, kind): count
        for concept, counts in expected.items()
        for kind, count in zip(("patch", "profile"), counts, strict=True)
    }
    lots: list[NDArray[np.float16]] = []
    ids: list[int] = []
    whose: list[str] = []
    kinds: list[str] = []
    where += f" AND kind IN ({OF_PHOTOS}) ORDER BY id"
    for first, _, concept, stored, data in select(connection, "vectors", where, values):
        if concept not in expected:
            continue
        # Up to format 2 every vector had a row of its own.
        kind = str(_KINDS.get(stored, stored))
        count = left.get((concept, kind), 0) if stored in _KINDS else 1
        if not count or count > left.get((concept, kind), 0) or not data or len(data) % (2 * count):
            raise _lost(concept)
        left[concept, kind] -= count
        lots.append(np.frombuffer(data, dtype="<f2").reshape(count, -1))
        ids += range(first, first + count)
        whose += [concept] * count
        kinds += [kind] * count
    for (concept, _), count in left.items():
        if count:
            raise _lost(concept)
    return VectorRows(np.array(ids, dtype=np.int64), as_matrix(lots), tuple(whose), tuple(kinds))


def _lost(concept_id: str) -> CorruptRecordError:
    return CorruptRecordError(
        f"vectors of the concept with id {concept_id!r} are missing or too many; `jarvis reindex` makes them "
        "again from its photos"
    )


def as_matrix(lots: Sequence[NDArray[np.float16]]) -> NDArray[np.float32]:
    """Matrices (m, dim) as one of float32 (n, dim); (0, 0) for none.

    Raises:
        InputError: rows of more than one width.
    """
    if not lots:
        return np.zeros((0, 0), dtype=np.float32)
    widths = sorted({lot.shape[1] for lot in lots})
    if len(widths) > 1:
        raise InputError(
            f"this owner's vectors have {' and '.join(map(str, widths))} numbers, so two encoders made them; "
            "encode the photos of all concepts again with one of them and replace the concepts"
        )
    # Looked up: numpy converts one number after the other, which takes as long as reading the rows.
    half = np.concatenate(lots).astype(np.float16, copy=False).view(np.uint16)
    return _floats().take(half)


@lru_cache(maxsize=1)
def _floats() -> NDArray[np.float32]:
    """Every number of 16 bits, by its bits."""
    return np.arange(2**16, dtype=np.uint16).view(np.float16).astype(np.float32)


def check_dim(rows: ConceptRows, dim: int | None) -> None:
    """Refuse new vectors that could not stand beside the owner's others, which have ``dim`` numbers.

    Raises:
        InputError: they have another length.
    """
    for matrix in (rows.patch_vectors, rows.profile_vectors):
        if len(matrix) and dim is not None and matrix.shape[1] != dim:
            raise InputError(
                f"this owner's vectors have {dim} numbers, got {matrix.shape[1]}; use the encoder that made "
                "the others, or replace every concept with vectors of the new one"
            )


def vector_bytes(vectors: NDArray[np.float16]) -> bytes:
    """Vectors (n, dim) as a row keeps them: little-endian IEEE 754 binary16, one after the other."""
    return vectors.astype("<f2").tobytes()


def segment_of(row: Row) -> SegmentRow:
    """A row of ``segments`` as a value."""
    return SegmentRow(row[1], row[3], row[4], row[5], BlobRef(row[6], row[7], row[8]))


def blob_of(rows: Iterable[Row]) -> tuple[BlobRef, ...]:
    """References from rows of ``(blob, length, blob_digest)``."""
    return tuple(BlobRef(*row) for row in rows)
