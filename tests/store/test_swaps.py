"""Somebody who can write the files, and knows the format, but not the key."""

from __future__ import annotations

import itertools
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from jarvis_memory.store import BlobRef, FileBlobStore, OwnerStore
from jarvis_memory.store.rows import seal
from jarvis_memory.store.schema import SENSITIVE, columns
from jarvis_retrievers.errors import CorruptRecordError, StoreError, WrongKeyError
from tests.store.crash import items
from tests.store.filled import fill
from tests.store.locked import KEY, OTHER

OWN = [
    (table, column)
    for table, sensitive in SENSITIVE.items()
    for column in (*sensitive.encrypted, *sensitive.blinded)
]
ENCRYPTED = [(table, column) for table, column in OWN if column in SENSITIVE[table].encrypted]
POINTERS = ("photos", "segments", "snapshots")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    fill(tmp_path / "home", KEY)
    return tmp_path / "home"


def rewrite(home: Path, table: str, change: Callable[[list[dict[str, Any]]], None]) -> None:
    """Change rows, and make their digests right again."""
    names = columns(table)
    with closing(sqlite3.connect(home / "catalogue.sqlite", isolation_level=None)) as catalogue:
        found = catalogue.execute(f"SELECT rowid, {', '.join(names)} FROM {table} ORDER BY owner, rowid")
        rows = [dict(zip(("rowid", *names), row, strict=True)) for row in found.fetchall()]
        change(rows)
        catalogue.execute(f"DELETE FROM {table}")
        for row in rows:
            row["digest"] = seal(table, [row[name] for name in names[:-1]])
            marks = ", ".join("?" * len(row))
            statement = f"INSERT INTO {table} (rowid, {', '.join(names)}) VALUES ({marks})"
            catalogue.execute(statement, tuple(row.values()))


def read_all(home: Path, owner: str) -> None:
    """Everything that the owner has, read in every way there is."""
    with OwnerStore.open(home, owner, key=KEY) as store:
        concepts = store.list()
        assert [store.get(concept.name).id for concept in concepts] == [concept.id for concept in concepts]
        assert store.vectors().matrix.shape == (8, 8)
        assert {rows.shape for rows in store.texts("e").values()} == {(3, 8)}
        for concept in concepts:
            assert store.get_segment(concept.id, "f") is not None
            for photo in concept.photos:
                assert store.photo(photo.id)
        for name in store._catalogue.snapshots(owner):
            assert store.snapshot(name)
        found = items(store).under(())
        assert len(found) == 2
        for item in found:
            assert items(store).get(item.namespace, item.key) is not None


def swap(column: str, one: int, two: int) -> Callable[[list[dict[str, Any]]], None]:
    def change(rows: list[dict[str, Any]]) -> None:
        rows[one][column], rows[two][column] = rows[two][column], rows[one][column]

    return change


def pairs(home: Path, table: str) -> tuple[tuple[int, int], tuple[int, int]]:
    """Positions of two rows of ana, and of one of hers and one of ben's."""
    with closing(sqlite3.connect(home / "catalogue.sqlite")) as catalogue:
        count = catalogue.execute(f"SELECT COUNT(*) FROM {table} WHERE owner = 'ana'").fetchone()[0]
    return (0, count - 1), (0, count)


def test_the_home_of_these_tests_is_sound(home: Path) -> None:
    for table in ("concepts", "photos", "patches", "vectors", "segments", "items", "snapshots"):
        rewrite(home, table, lambda rows: None)
    for owner in ("ana", "ben"):
        read_all(home, owner)


@pytest.mark.parametrize(("table", "column"), OWN)
@pytest.mark.parametrize("whose", ["own", "another's"])
def test_a_column_of_another_row(home: Path, table: str, column: str, whose: str) -> None:
    rewrite(home, table, swap(column, *pairs(home, table)[whose != "own"]))
    with pytest.raises(CorruptRecordError, match=f"a row of {table} of 'ana'"):
        read_all(home, "ana")


@pytest.mark.parametrize(
    ("table", "column"), [pair for pair in OWN if pair[1] in SENSITIVE[pair[0]].encrypted]
)
def test_a_column_that_is_not_encrypted(home: Path, table: str, column: str) -> None:
    plain = {"body": json.dumps({"name": "Bo"}), "value": "{}", "fields": "null", "pixels": "0" * 64}

    def change(rows: list[dict[str, Any]]) -> None:
        rows[0][column] = plain.get(column, bytes(64))

    rewrite(home, table, change)
    with pytest.raises(CorruptRecordError, match=f"a row of {table} of 'ana'"):
        read_all(home, "ana")


@pytest.mark.parametrize("column", ["photos", "patches", "vectors", "created", "updated"])
def test_a_number_of_a_concept(home: Path, column: str) -> None:
    def change(rows: list[dict[str, Any]]) -> None:
        rows[0][column] += 1

    rewrite(home, "concepts", change)
    with pytest.raises(CorruptRecordError):
        read_all(home, "ana")


@pytest.mark.parametrize("table", POINTERS)
@pytest.mark.parametrize("whose", ["own", "another's"])
@pytest.mark.parametrize("how", ["files", "rows"])
def test_a_blob_of_another_row(home: Path, table: str, whose: str, how: str) -> None:
    one, two = pairs(home, table)[whose != "own"]
    if how == "rows":

        def change(rows: list[dict[str, Any]]) -> None:
            for column in ("blob", "length", "blob_digest"):
                swap(column, one, two)(rows)

        rewrite(home, table, change)
    else:

        def exchange(rows: list[dict[str, Any]]) -> None:
            first, second = (path_of(home, rows[number]["blob"]) for number in (one, two))
            data = first.read_bytes()
            first.write_bytes(second.read_bytes())
            second.write_bytes(data)
            for column in ("length", "blob_digest"):
                swap(column, one, two)(rows)

        rewrite(home, table, exchange)
    with pytest.raises(CorruptRecordError):
        read_all(home, "ana")


def path_of(home: Path, blob: str) -> Path:
    return home / "blobs" / blob[:2] / blob[2:4] / blob


@pytest.mark.parametrize("table", POINTERS)
def test_a_blob_of_another_kind(home: Path, table: str) -> None:
    other = "segments" if table != "segments" else "photos"
    taken: list[dict[str, Any]] = []
    rewrite(home, other, taken.extend)

    def change(rows: list[dict[str, Any]]) -> None:
        rows[0] |= {column: taken[0][column] for column in ("blob", "length", "blob_digest")}

    rewrite(home, table, change)
    with pytest.raises(CorruptRecordError):
        read_all(home, "ana")


@pytest.mark.parametrize("table", POINTERS)
def test_a_blob_that_is_not_encrypted(home: Path, table: str) -> None:
    kind = {"photos": "photo", "segments": "segment", "snapshots": "index"}[table]
    forged = FileBlobStore(home).put("ana", kind, b"forged")

    def change(rows: list[dict[str, Any]]) -> None:
        rows[0] |= {"blob": forged.id, "length": forged.length, "blob_digest": forged.digest}

    rewrite(home, table, change)
    with pytest.raises(CorruptRecordError):
        read_all(home, "ana")


def test_each_flipped_bit_of_a_blob(home: Path) -> None:
    with OwnerStore.open(home, "ana", key=KEY) as store:
        concept = store.list()[0]
        row = store._catalogue.segments("ana", concept.id)[0]
        path = path_of(home, row.blob.id)
        whole = path.read_bytes()
        for bit in itertools.chain(range(0, len(whole) * 8, 7), range(32 * 8, 36 * 8)):
            data = bytearray(whole)
            data[bit // 8] ^= 1 << bit % 8
            path.write_bytes(data)
            with pytest.raises(CorruptRecordError, match=row.blob.id):
                store.get_segment(concept.id, "f")
        for length in (*range(0, len(whole), 9), len(whole) - 1, len(whole) + 1):
            path.write_bytes((whole + b"\0")[:length])
            with pytest.raises(CorruptRecordError, match=row.blob.id):
                store.get_segment(concept.id, "f")
        path.write_bytes(whole)
        assert store.get_segment(concept.id, "f") is not None


def test_a_blob_of_before_under_the_same_row(home: Path) -> None:
    """An old segment under a new row: as another blob, since every blob is bound to its own random id."""
    with OwnerStore.open(home, "ana", key=KEY) as store:
        concept = store.list()[0]
        row = store._catalogue.segments("ana", concept.id)[0]
        old = path_of(home, row.blob.id).read_bytes()
        store.put_segment(concept.id, "f", b"x" * row.blob.length)
        new = store._catalogue.segments("ana", concept.id)[0].blob
        path_of(home, new.id).write_bytes(old)
        with pytest.raises(CorruptRecordError):
            store.get_segment(concept.id, "f")
        with pytest.raises(CorruptRecordError, match="cannot be decrypted"):
            # Even where the row says that it is the old one.
            store._blobs.get("ana", BlobRef(new.id, new.length, row.blob.digest), bound=f"{concept.id}/f")


def keyed(change: Callable[[list[dict[str, Any]]], None]) -> Callable[[Path], None]:
    return lambda home: rewrite(home, "data_keys", change)


def locked(**changes: object) -> Callable[[Path], None]:
    def change(home: Path) -> None:
        with closing(sqlite3.connect(home / "catalogue.sqlite", isolation_level=None)) as catalogue:
            names = columns("lock")
            row = dict(
                zip(names, catalogue.execute(f"SELECT {', '.join(names)} FROM lock").fetchone(), strict=True)
            )
            row |= changes
            row["digest"] = seal("lock", [row[name] for name in names[:-1]])
            marks = ", ".join(f"{name} = ?" for name in names)
            catalogue.execute(f"UPDATE lock SET {marks}", tuple(row.values()))

    return change


def attacks() -> Iterator[tuple[str, Callable[[Path], None], type[StoreError]]]:
    yield "another owner's key", keyed(swap("wrapped", 0, 1)), CorruptRecordError
    yield "the id of another key", keyed(swap("key_id", 0, 1)), CorruptRecordError
    yield "another owner's row", keyed(swap("owner", 0, 1)), CorruptRecordError
    yield "no key", keyed(list.clear), CorruptRecordError
    yield "half encrypted", locked(mode="turning"), WrongKeyError
    yield "another home", locked(home=bytes(16)), WrongKeyError
    yield "another salt", locked(salt=bytes(16)), WrongKeyError
    yield "another proof", locked(proof=bytes(28)), WrongKeyError


@pytest.mark.parametrize(("change", "error"), [pytest.param(c, e, id=name) for name, c, e in attacks()])
def test_changed_keys(home: Path, change: Callable[[Path], None], error: type[StoreError]) -> None:
    change(home)
    with pytest.raises(error):
        read_all(home, "ana")


def test_a_damaged_row_of_keys_is_told(home: Path) -> None:
    with closing(sqlite3.connect(home / "catalogue.sqlite", isolation_level=None)) as catalogue:
        catalogue.execute("UPDATE lock SET cost = 3")
    with pytest.raises(CorruptRecordError, match="lock does not match its digest"):
        OwnerStore.open(home, "ana", key=KEY)
    with pytest.raises(CorruptRecordError, match="lock does not match its digest"):
        OwnerStore.open(home, "ana", key=OTHER)
