"""Between values and rows: what a row holds, its digest, and what is wrong with it."""

# ruff: noqa: S608  (statements hold names of tables and columns of schema.py; values are bound)
from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from jarvis_retrievers.boxes import Box
from jarvis_retrievers.errors import CorruptRecordError, InputError

from ..concept import Concept, PatchRecord, PhotoRecord, Profile, name_key
from .contracts import BlobRef, ConceptRows, SegmentRow, VectorRows
from .keys import digest, digests
from .schema import columns

__all__ = [
    "as_matrix",
    "blob_of",
    "check_dim",
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


class _Body(BaseModel):
    """The part of a concept that no query asks for, as JSON."""

    name: str
    aliases: tuple[str, ...]
    category: str | None
    about: tuple[str, ...]
    profile: Profile
    encoder: str
    created_at: str
    updated_at: str


def seal(table: str, values: Row) -> bytes:
    """The digest of a row of ``table`` over its columns in order."""
    return digest(_domain(table), *values)


def _domain(table: str) -> str:
    return f"jarvis/row/{table}"


def select(connection: sqlite3.Connection, table: str, where: str, values: Row) -> list[Row]:
    """Rows that match, without their digest column, each checked.

    Raises:
        CorruptRecordError: a row that does not match its digest.
    """
    names = columns(table)
    statement = f"SELECT {', '.join(names)} FROM {table} WHERE {where}"
    found = connection.execute(statement, tuple(values)).fetchall()
    rows = [row[:-1] for row in found]
    for fields, right, (*_, stored) in zip(rows, digests(_domain(table), rows), found, strict=True):
        if right != stored:
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
    vectors = [*(("patch", v) for v in rows.patch_vectors), *(("profile", v) for v in rows.profile_vectors)]
    body = _Body(**{name: getattr(concept, name) for name in _Body.model_fields}).model_dump_json()
    counts = (len(concept.photos), len(concept.patches), len(vectors))
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
    for number, (kind, vector) in enumerate(vectors):
        insert(connection, "vectors", (first_id + number, *head, kind, vector_bytes(vector)))
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
    owner, concept_id, _, _, created, updated, photo_count, patch_count, _, text = row
    where, whose = "owner = ? AND concept = ? ORDER BY position", (owner, concept_id)
    photos = select(connection, "photos", where, whose)
    patches = select(connection, "patches", where, whose)
    if (len(photos), len(patches)) != (photo_count, patch_count):
        raise CorruptRecordError(
            f"the concept with id {concept_id!r} should have {photo_count} photos and {patch_count} patches, "
            "got "
            f"{len(photos)} and {len(patches)}; restore catalogue.sqlite from a backup"
        )
    try:
        body = _Body.model_validate_json(text)
        return Concept(
            id=concept_id,
            owner=owner,
            photos=tuple(PhotoRecord(id=r[2], digest=r[4], width=r[5], height=r[6]) for r in photos),
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
            **{name: getattr(body, name) for name in _Body.model_fields},
        )
    except (ValidationError, InputError) as error:
        raise CorruptRecordError(
            f"the record of the concept with id {concept_id!r} cannot be read: {error}"
        ) from error


def read_vectors(connection: sqlite3.Connection, owner: str) -> VectorRows:
    """All vectors of the owner's live concepts, each checked, by rising id.

    Raises:
        CorruptRecordError: a row that is missing or does not match its digest.
        InputError: rows of more than one width.
    """
    expected = {r[1]: r[8] for r in select(connection, "concepts", "owner = ?", (owner,)) if r[3] == 1}
    rows = [r for r in select(connection, "vectors", "owner = ? ORDER BY id", (owner,)) if r[2] in expected]
    found = dict.fromkeys(expected, 0)
    for row in rows:
        found[row[2]] += 1
    for concept_id, count in expected.items():
        if found[concept_id] != count:
            raise CorruptRecordError(
                f"the concept with id {concept_id!r} should have {count} vectors, got {found[concept_id]}; "
                "restore "
                "catalogue.sqlite from a backup"
            )
    matrix = as_matrix([np.frombuffer(row[4], dtype="<f2") for row in rows])
    ids = np.array([row[0] for row in rows], dtype=np.int64)
    return VectorRows(ids, matrix, tuple(row[2] for row in rows), tuple(row[3] for row in rows))


def as_matrix(vectors: Sequence[NDArray[np.float16]]) -> NDArray[np.float32]:
    """Rows stacked as float32 (n, dim); (0, 0) for none.

    Raises:
        InputError: rows of more than one width.
    """
    if not vectors:
        return np.zeros((0, 0), dtype=np.float32)
    widths = sorted({len(vector) for vector in vectors})
    if len(widths) > 1:
        raise InputError(
            f"this owner's vectors have {' and '.join(map(str, widths))} numbers, so two encoders made them; "
            "encode the "
            "photos of all concepts again with one of them and replace the concepts"
        )
    return np.stack(vectors).astype(np.float32)


def check_dim(rows: ConceptRows, dim: int | None) -> None:
    """Refuse new vectors that could not stand beside the owner's others, which have ``dim`` numbers.

    Raises:
        InputError: they have another length.
    """
    for matrix in (rows.patch_vectors, rows.profile_vectors):
        if len(matrix) and dim is not None and matrix.shape[1] != dim:
            raise InputError(
                f"this owner's vectors have {dim} numbers, got {matrix.shape[1]}; use the encoder that made "
                "the others, "
                "or replace every concept with vectors of the new one"
            )


def vector_bytes(vector: NDArray[np.float16]) -> bytes:
    """A vector as a row keeps it: little-endian IEEE 754 binary16."""
    return vector.astype("<f2").tobytes()


def segment_of(row: Row) -> SegmentRow:
    """A row of ``segments`` as a value."""
    return SegmentRow(row[1], row[3], row[4], row[5], BlobRef(row[6], row[7], row[8]))


def blob_of(rows: Iterable[Row]) -> tuple[BlobRef, ...]:
    """References from rows of ``(blob, length, blob_digest)``."""
    return tuple(BlobRef(*row) for row in rows)
