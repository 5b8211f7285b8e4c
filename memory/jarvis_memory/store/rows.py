"""Between values and rows: what a row holds, its digest, and what is wrong with it."""

# ruff: noqa: S608  (statements hold names of tables and columns of schema.py; values are bound)
from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from blake3 import blake3
from numpy.typing import NDArray
from pydantic import ValidationError

from jarvis_retrievers.boxes import Box
from jarvis_retrievers.errors import CorruptRecordError, InputError

from ..concept import Concept, PatchRecord, PhotoRecord, name_key
from .body import ConceptBody
from .cipher import PLAIN, OwnerCipher
from .contracts import ConceptRows, VectorRows
from .hidden import hide, reveal
from .keys import frames
from .matrices import as_matrix, vector_bytes
from .schema import OF_PHOTOS, SENSITIVE, columns

__all__ = [
    "concept_of",
    "insert",
    "insert_concept",
    "read_concepts",
    "read_vectors",
    "seal",
    "select",
    "stamp",
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
    """Rows that match, without their digest column, each checked; `reveal` decrypts them.

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


def insert(
    connection: sqlite3.Connection,
    table: str,
    values: Row,
    cipher: OwnerCipher | None = None,
    *,
    replace: bool = False,
) -> None:
    """Write one row and its digest; with sensitive columns it needs the owner's cipher."""
    if cipher is None and table in SENSITIVE:
        raise TypeError(f"rows of {table} have sensitive columns; give the owner's cipher")
    values = hide(table, values, cipher or PLAIN)
    marks = ", ".join("?" * (len(values) + 1))
    verb = "INSERT OR REPLACE" if replace else "INSERT"
    statement = f"{verb} INTO {table} ({', '.join(columns(table))}) VALUES ({marks})"
    connection.execute(statement, (*values, seal(table, values)))


def insert_concept(
    connection: sqlite3.Connection, owner: str, rows: ConceptRows, first_id: int, cipher: OwnerCipher
) -> Concept:
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
        cipher,
    )
    for position, (photo, blob) in enumerate(zip(concept.photos, rows.blobs, strict=True)):
        pixels = (photo.digest, photo.width, photo.height)
        values = (*head, photo.id, position, *pixels, blob.id, blob.length, blob.digest)
        insert(connection, "photos", values, cipher)
    for position, patch in enumerate(concept.patches):
        scores = (patch.relevance, patch.distinctiveness, patch.score)
        insert(
            connection, "patches", (patch.id, *head, position, patch.photo_id, *patch.box.as_tuple(), *scores)
        )
    # All of a kind in one row: whoever is found next may have thousands, and each row has a digest to check.
    for kind, lot in lots.items():
        if len(lot):
            insert(connection, "vectors", (first_id, *head, kind, vector_bytes(lot)), cipher)
        first_id += len(lot)
    return concept


def stamp(concept: Concept, first_id: int) -> Concept:
    """The concept with its patches numbered from ``first_id``."""
    patches = tuple(p.model_copy(update={"id": first_id + n}) for n, p in enumerate(concept.patches))
    return concept.model_copy(update={"patches": patches})


def read_concepts(
    connection: sqlite3.Connection, where: str, values: Row, cipher: OwnerCipher
) -> tuple[Concept, ...]:
    """Live concepts that match, oldest first; every row that belongs to one is checked.

    Raises:
        CorruptRecordError: a row that is missing or does not match its digest.
    """
    found = _counted(select(connection, "concepts", where, values))
    live = sorted((row for row in found if row[3] == 1), key=lambda row: row[4])
    return tuple(_concept(connection, row, cipher) for row in live)


def _counted(rows: list[Row]) -> list[Row]:
    """Rows of ``concepts`` whose numbers are numbers."""
    for row in rows:
        if not all(isinstance(number, int) for number in row[3:9]):
            raise CorruptRecordError(
                f"the record of the concept with id {ascii(row[1])[:60]} cannot be read: it is not in order; "
                "restore catalogue.sqlite from a backup"
            )
    return rows


def _concept(connection: sqlite3.Connection, row: Row, cipher: OwnerCipher) -> Concept:
    where, whose = "owner = ? AND concept = ? ORDER BY position", row[:2]
    photos = [reveal("photos", r, cipher) for r in select(connection, "photos", where, whose)]
    patches = select(connection, "patches", where, whose)
    return concept_of(reveal("concepts", row, cipher), photos, patches)


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
    connection: sqlite3.Connection,
    owner: str,
    concepts: Collection[str] | None,
    cipher: OwnerCipher,
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
        for r in _counted(select(connection, "concepts", where, values))
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
    for row in select(connection, "vectors", where, values):
        if row[2] not in expected:
            continue
        first, _, concept, stored, data = reveal("vectors", row, cipher)
        # Up to format 2 every vector had a row of its own.
        kind = str(_KINDS.get(stored, stored))
        count = left.get((concept, kind), 0) if stored in _KINDS else 1
        sound = isinstance(data, bytes) and data and len(data) % (2 * count or 1) == 0
        if count < 1 or count > left.get((concept, kind), 0) or not sound:
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
