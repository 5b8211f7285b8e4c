"""The cell that hostile files are read in, what is forged, and each file that once did harm (R12)."""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import random
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.faults.base import OWNER, Base
from benchmarks.faults.cell import MEMORY, locked_up
from benchmarks.faults.doors import doors
from benchmarks.faults.forged_homes import as_backup
from benchmarks.faults.operation import PLACE, items_of
from jarvis_memory.concept import Concept
from jarvis_memory.store import OwnerStore
from jarvis_memory.store.backup import restore
from jarvis_memory.store.rows import seal
from jarvis_memory.store.schema import columns
from jarvis_retrievers.errors import CorruptRecordError, ImageError, JarvisError

pytestmark = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux")


def _hang() -> None:
    while True:
        pass


@pytest.mark.parametrize(
    ("deed", "told"),
    [
        (lambda: os.system("true"), "os.system"),
        (lambda: subprocess.run(["true"], check=True), "subprocess.Popen"),
        (lambda: eval("1 + 1"), "compile"),
        (lambda: Path("/tmp/outside").write_text("x"), "writes to /tmp/outside"),
        (lambda: bytearray(3 * MEMORY), "wants more than 256 MB"),
        (_hang, "more than 2 s"),
        (lambda: signal.raise_signal(signal.SIGKILL), "ended by SIGKILL"),
        (lambda: os.environ["NO SUCH"], "KeyError"),
    ],
)
def test_what_no_file_may_cause_is_seen(tmp_path: Path, deed: Callable[[], object], told: str) -> None:
    found = locked_up(tmp_path, lambda: (deed(), None)[1])
    assert found.outcome == "wrong"
    assert told in found.why


def test_what_every_reader_may_do_is_let_through(tmp_path: Path) -> None:
    def fail() -> None:
        raise ImageError("no picture")

    def work() -> None:
        (tmp_path / "inside").write_text("x")
        time.sleep(0.01)

    def hold() -> None:
        with mmap.mmap(-1, 100 << 20) as held:  # of the kernel: what the allocator has, is resident already
            for start in range(0, len(held), mmap.PAGESIZE):
                held[start] = 1

    assert locked_up(tmp_path, work).outcome == "read"
    assert locked_up(tmp_path, fail).outcome == "refused"
    held = locked_up(tmp_path, hold)
    assert (held.outcome, held.nbytes > 90 << 20) == ("read", True)


def test_sound_files_are_read_and_forged_ones_are_the_same_for_a_seed(tmp_path: Path) -> None:
    every = doors(tmp_path)
    for name, door in every.items():
        (tmp_path / name).mkdir()
        door.valid(tmp_path / name)
        door.read(tmp_path / name)
    for name in ("segment", "clusters", "image"):
        forged = []
        for _ in range(2):
            how = every[name].forge(tmp_path / name, random.Random(7))
            forged.append((how, (tmp_path / name / "file").read_bytes()))
        assert forged[0] == forged[1]


@pytest.fixture
def base(tmp_path: Path) -> Base:
    return Base.make(tmp_path / "base")


def altered(home: Path, *statements: str) -> None:
    with closing(sqlite3.connect(home / "catalogue.sqlite", isolation_level=None)) as catalogue:
        for statement in statements:
            catalogue.execute(statement)


ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c"


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER t AFTER INSERT ON concepts BEGIN DELETE FROM photos; END",
        f"CREATE VIEW v AS {ENDLESS}",
        "ALTER TABLE concepts ADD COLUMN bomb TEXT AS (hex(zeroblob(900000000)))",
        "CREATE INDEX i ON concepts (upper(body))",
        "CREATE VIRTUAL TABLE f USING fts5(a)",
    ],
)
def test_a_catalogue_that_acts_by_itself_is_refused(base: Base, tmp_path: Path, statement: str) -> None:
    altered(base.home, statement)
    with pytest.raises(CorruptRecordError, match="none of ours"):
        OwnerStore.open(base.home, OWNER)
    with pytest.raises(CorruptRecordError, match="none of ours"):
        OwnerStore.open(base.home, OWNER, read_only=True)


def test_tables_of_others_are_left_alone(base: Base) -> None:
    altered(base.home, "CREATE TABLE theirs (a)", "CREATE INDEX of_theirs ON theirs (upper(a))")
    with OwnerStore.open(base.home, OWNER) as store:
        assert len(store.list()) == 3


def lied(home: Path, table: str, column: str, value: object) -> None:
    """Put a value into a column of all rows of a table, their digests made anew."""
    names = columns(table)[:-1]
    with closing(sqlite3.connect(home / "catalogue.sqlite", isolation_level=None)) as catalogue:
        for number, *row in catalogue.execute(f"SELECT rowid, {', '.join(names)} FROM {table}").fetchall():
            row[names.index(column)] = value
            changes = (value, seal(table, row), number)
            catalogue.execute(f"UPDATE {table} SET {column} = ?, digest = ? WHERE rowid = ?", changes)


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("photos", "length", "x"),
        ("photos", "length", -5),
        ("photos", "blob", b"\xff"),
        ("segments", "blob", b"\xff"),
        ("snapshots", "length", "x"),
        ("vectors", "data", -1),
        ("concepts", "vectors", "x"),
        ("concepts", "vectors", -7),
        ("concepts", "created", b"x"),
        ("items", "fields", "{"),
        ("items", "namespace", "7"),
        ("items", "value", "[" * 100_000),
    ],
)
def test_rows_that_lie_with_a_right_digest_are_told(
    base: Base, table: str, column: str, value: object
) -> None:
    lied(base.home, table, column, value)
    refused: list[JarvisError] = []
    with OwnerStore.open(base.home, OWNER) as store:
        concepts: list[Concept] = []
        deeds: list[Callable[[], object]] = [
            lambda: concepts.extend(store.list()),
            lambda: [store.photo(photo.id) for one in concepts for photo in one.photos],
            lambda: [store.get_segment(one.id, "faults") for one in concepts],
            lambda: store.snapshot("index"),
            lambda: store.vectors(),
            lambda: items_of(store).under(PLACE),
            lambda: items_of(store).namespaces(),
        ]
        for deed in deeds:
            try:
                deed()
            except JarvisError as error:
                refused.append(error)
        assert refused
        assert {type(error) for error in refused} == {CorruptRecordError}
        store.delete_owner()
        assert store.list() == []


def test_an_owner_s_key_that_is_a_number_takes_no_memory(base: Base) -> None:
    altered(base.home, "UPDATE owners SET key = 1000000000000")
    with (
        OwnerStore.open(base.home, OWNER) as store,
        pytest.raises(CorruptRecordError, match="the key of 'ana' is none"),
    ):
        store.get_segment(store.list()[0].id, "faults")


def test_a_value_larger_than_any_of_ours_is_not_read(base: Base) -> None:
    altered(base.home, "UPDATE vectors SET data = zeroblob(200000000) WHERE rowid = 1")
    with OwnerStore.open(base.home, OWNER) as store, pytest.raises(CorruptRecordError, match="too big"):
        store.vectors()


def test_a_count_of_writes_that_is_no_number_is_told(base: Base) -> None:
    altered(base.home, "UPDATE meta SET value = 'many' WHERE key = 'writes'")
    with pytest.raises(CorruptRecordError, match="acknowledged writes are not in"):
        OwnerStore.open(base.home, OWNER)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 50_000, "null", "", '{"catalogue": 1}'])
def test_a_manifest_that_lies_makes_no_home(base: Base, tmp_path: Path, text: str) -> None:
    as_backup(base.home)
    (base.home / "manifest.json").write_text(text)
    with pytest.raises(CorruptRecordError, match="not that of its manifest"):
        restore(base.home, tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        (f"DROP TABLE photos; CREATE VIEW photos AS {ENDLESS}", "none of ours"),
        ("PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = 'x'", "damaged"),
    ],
)
def test_a_catalogue_that_lies_in_a_backup_makes_no_home(
    base: Base, tmp_path: Path, statement: str, told: str
) -> None:
    as_backup(base.home)
    altered(base.home, *statement.split("; "))
    digest = hashlib.sha256((base.home / "catalogue.sqlite").read_bytes()).hexdigest()
    (base.home / "manifest.json").write_text(json.dumps({"catalogue": digest}))
    with pytest.raises(CorruptRecordError, match=told):
        restore(base.home, tmp_path / "new")
    assert not (tmp_path / "new").exists()
