from __future__ import annotations

import hashlib
import hmac
import sqlite3
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from blake3 import blake3

from jarvis_memory.store import Catalogue, MemoryCatalogue, OwnerStore, SQLiteCatalogue
from jarvis_memory.store.keys import digest, frame, keyed
from jarvis_retrievers.errors import CorruptRecordError, StoreError
from tests.store.conformance import CatalogueConformance, rows
from tests.store.drafts import draft
from tests.store.locked import encrypted_catalogue


class TestMemory(CatalogueConformance):
    @pytest.fixture
    def catalogue(self) -> Catalogue:
        return MemoryCatalogue()


class TestSQLite(CatalogueConformance):
    @pytest.fixture
    def catalogue(self, tmp_path: Path) -> Iterator[Catalogue]:
        catalogue = SQLiteCatalogue(tmp_path / "catalogue.sqlite")
        yield catalogue
        catalogue.close()


class TestEncrypted(CatalogueConformance):
    @pytest.fixture
    def catalogue(self, tmp_path: Path) -> Iterator[Catalogue]:
        catalogue = encrypted_catalogue(tmp_path)
        yield catalogue
        catalogue.close()


def test_pragmas(tmp_path: Path) -> None:
    file = tmp_path / "catalogue.sqlite"
    catalogue = SQLiteCatalogue(file)
    values = {
        name: catalogue._db._conn.execute(f"PRAGMA {name}").fetchone()[0]
        for name in (
            "journal_mode",
            "synchronous",
            "secure_delete",
            "page_size",
            "user_version",
            "busy_timeout",
        )
    }
    catalogue.close()
    assert values == {
        "journal_mode": "wal",
        "synchronous": 2,
        "secure_delete": 1,
        "page_size": 16384,
        "user_version": 5,
        "busy_timeout": 30000,
    }


def test_owner_comes_first_in_every_index(tmp_path: Path) -> None:
    catalogue = SQLiteCatalogue(tmp_path / "catalogue.sqlite")
    connection = catalogue._db._conn
    indexes = connection.execute("SELECT name, tbl_name FROM sqlite_master WHERE type = 'index'").fetchall()
    leading = {
        name: connection.execute(f"PRAGMA index_info({name})").fetchone()[2]
        for name, table in indexes
        if table not in ("meta", "settings")
    }
    catalogue.close()
    assert len(leading) >= 8
    assert set(leading.values()) == {"owner"}


def test_two_catalogues_on_one_file_see_each_other(tmp_path: Path) -> None:
    one, two = (SQLiteCatalogue(tmp_path / "catalogue.sqlite") for _ in range(2))
    added = one.add("ana", rows("ana", 1))
    assert two.concepts("ana") == (added,)
    later = two.add("ana", rows("ana", 2))
    assert later.created > added.created
    assert one.concepts("ana") == (added, later)
    one.close()
    two.close()


def test_busy_is_said(tmp_path: Path) -> None:
    file = tmp_path / "catalogue.sqlite"
    catalogue = SQLiteCatalogue(file, busy_timeout=0.05)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="in use by another process"):
        catalogue.add("ana", rows("ana", 1))
    other.execute("ROLLBACK")
    other.close()
    assert catalogue.add("ana", rows("ana", 1)).name == "Concept 1"
    catalogue.close()


def test_closed_is_said(tmp_path: Path) -> None:
    catalogue = SQLiteCatalogue(tmp_path / "catalogue.sqlite")
    catalogue.close()
    catalogue.close()
    with pytest.raises(StoreError, match="closed"):
        catalogue.concepts("ana")


def test_a_transaction_that_could_not_be_undone_blocks_nobody(tmp_path: Path) -> None:
    catalogue = SQLiteCatalogue(tmp_path / "catalogue.sqlite")
    catalogue.add("ana", rows("ana", 1))
    for how in ("BEGIN", "BEGIN IMMEDIATE"):
        catalogue._db._conn.execute(how)
        catalogue._db._conn.execute("DELETE FROM concepts")
        assert [one.name for one in catalogue.concepts("ana")] == ["Concept 1"]
        catalogue._db._conn.execute(how)
        catalogue._db._conn.execute("DELETE FROM concepts")
        catalogue.put_setting("a", how)
        assert catalogue.setting("a") == how
        assert len(catalogue.concepts("ana")) == 1
    catalogue.close()


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    catalogue = SQLiteCatalogue(tmp_path / "catalogue.sqlite")
    catalogue.add("ana", rows("ana", 1))
    catalogue._db._conn.execute(
        "CREATE TRIGGER stop BEFORE INSERT ON vectors BEGIN SELECT RAISE(ABORT, 'stopped'); END"
    )
    before = list(catalogue._db._conn.iterdump())
    with pytest.raises(CorruptRecordError, match="stopped"):
        catalogue.add("ana", rows("ana", 2))
    assert list(catalogue._db._conn.iterdump()) == before
    catalogue.close()


def test_a_full_disk_leaves_all_that_was_there(tmp_path: Path) -> None:
    with OwnerStore.open(tmp_path, "ana") as store:
        kept = store.add_concept(draft())
        execute = store._catalogue._db._conn.execute  # type: ignore[attr-defined]
        (pages,) = execute("PRAGMA page_count").fetchone()
        execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StoreError, match="no room left"):
            store.add_concept(draft("Mia", 1, notes=("word " * 3000,) * 9))
        assert store.list() == [kept]
        execute("PRAGMA max_page_count = 1000000")
        assert store.add_concept(draft("Mia", 1)).name == "Mia"
        assert store.sweep(0) == 2


COLUMNS = [
    ("concepts", "body"),
    ("concepts", "name_key"),
    ("concepts", "created"),
    ("concepts", "live"),
    ("photos", "blob"),
    ("photos", "width"),
    ("patches", "score"),
    ("patches", '"left"'),
    ("vectors", "data"),
    ("vectors", "kind"),
]


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_a_changed_field_is_found(tmp_path: Path, table: str, column: str) -> None:
    catalogue = SQLiteCatalogue(tmp_path / "catalogue.sqlite")
    concept = catalogue.add("ana", rows("ana", 1))
    value = catalogue._db._conn.execute(f"SELECT {column} FROM {table}").fetchone()[0]
    changed = (
        1 - value
        if column == "live"
        else value + 1
        if isinstance(value, int | float)
        else value[:-1] + value[:1]
    )
    assert changed != value
    catalogue._db._conn.execute(f"UPDATE {table} SET {column} = ?", (changed,))
    read = catalogue.vectors if table == "vectors" else catalogue.concepts
    with pytest.raises(CorruptRecordError, match=concept.id):
        read("ana")
    assert catalogue.tombstones("ana") == ()
    # It can still be given up.
    catalogue.tombstone("ana", concept.id)
    catalogue.erase("ana", [concept.id])
    assert catalogue.concepts("ana") == ()
    catalogue.close()


@pytest.mark.parametrize("table", ["photos", "patches", "vectors"])
def test_a_lost_row_is_found(tmp_path: Path, table: str) -> None:
    catalogue = SQLiteCatalogue(tmp_path / "catalogue.sqlite")
    catalogue.add("ana", rows("ana", 1))
    catalogue._db._conn.execute(f"DELETE FROM {table} WHERE rowid = 1")
    read = catalogue.vectors if table == "vectors" else catalogue.concepts
    with pytest.raises(CorruptRecordError, match=r"should have|are missing"):
        read("ana")
    catalogue.close()


def test_text_that_is_no_utf8_is_found(tmp_path: Path) -> None:
    catalogue = SQLiteCatalogue(tmp_path / "catalogue.sqlite")
    concept = catalogue.add("ana", rows("ana", 1))
    catalogue._db._conn.execute("UPDATE concepts SET body = CAST(X'FF' || CAST(body AS BLOB) AS TEXT)")
    with pytest.raises(CorruptRecordError, match=concept.id):
        catalogue.concepts("ana")
    catalogue.tombstone("ana", concept.id)
    assert catalogue.tombstones("ana") == (concept.id,)
    catalogue.close()


def test_a_row_of_another_owner_is_found(tmp_path: Path) -> None:
    catalogue = SQLiteCatalogue(tmp_path / "catalogue.sqlite")
    catalogue.add("ana", rows("ana", 1))
    for table in ("concepts", "photos", "patches", "vectors"):
        catalogue._db._conn.execute(f"UPDATE {table} SET owner = 'ben'")
    with pytest.raises(CorruptRecordError):
        catalogue.concepts("ben")
    catalogue.close()


def test_fields_cannot_run_into_each_other() -> None:
    framed = [
        frame("d", ("a", "bc")),
        frame("d", ("ab", "c")),
        frame("d", ("abc",)),
        frame("da", ("bc",)),
        frame("d", ("a", "bc", "")),
        frame("d", ("a", "bc", None)),
        frame("d", ("1",)),
        frame("d", (1,)),
        frame("d", (1.0,)),
        frame("d", (b"1",)),
    ]
    assert len(set(framed)) == len(framed)
    assert digest("d", "a") == digest("d", "a") != digest("e", "a")
    assert keyed(b"k" * 32, "d", "a") != keyed(b"l" * 32, "d", "a")


def field(value: object) -> bytes:
    """As docs/format.md has it, written a second time."""
    if isinstance(value, str):
        kind, data = b"s", value.encode()
    elif isinstance(value, bytes):
        kind, data = b"b", value
    elif isinstance(value, int):
        kind, data = b"i", b"%d" % value
    else:
        assert isinstance(value, float)
        kind, data = b"f", struct.pack("<d", value)
    return kind + len(data).to_bytes(8, "little") + data


@pytest.mark.parametrize("table", ["concepts", "photos", "patches", "vectors", "segments"])
def test_digests_are_those_of_the_format_page(tmp_path: Path, table: str) -> None:
    with OwnerStore.open(tmp_path, "ana") as store:
        concept = store.add_concept(draft())
        store.put_segment(concept.id, "f", b"segment", tokens=3)
    connection = sqlite3.connect(tmp_path / "catalogue.sqlite")
    connection.row_factory = sqlite3.Row
    rows_of_table = connection.execute(f"SELECT * FROM {table}").fetchall()
    key = connection.execute("SELECT key FROM owners").fetchone()[0]
    connection.close()
    assert rows_of_table
    for row in rows_of_table:
        values = dict(row)
        values.pop("row", None)
        stored = values.pop("digest")
        hashed = b"".join(map(field, [f"jarvis/row/{table}", *values.values()]))
        assert stored == (blake3 if table == "vectors" else hashlib.sha256)(hashed).digest()
        if table == "segments":
            named = b"".join(map(field, ["jarvis/segment", concept.id, "f"]))
            assert values["key"] == hmac.digest(key, named, "sha256")
        if "blob" in values:
            name = values["blob"]
            data = (tmp_path / "blobs" / name[:2] / name[2:4] / name).read_bytes()
            kind, payload = data[8:16].rstrip(b"\0").decode(), data[32:]
            assert kind == table.removesuffix("s")
            whole = b"".join(map(field, ["jarvis/blob", "ana", kind, payload]))
            how = blake3 if kind == "segment" else hashlib.sha256
            assert values["blob_digest"] == how(whole).hexdigest()
            assert data[16:32] == hashlib.sha256(field("jarvis/blob/owner") + field("ana")).digest()[:16]
            assert values["length"] == len(payload)
