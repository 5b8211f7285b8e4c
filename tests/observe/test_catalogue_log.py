"""A catalogue with its log is read into memory as SQLite reads it, and nothing is written."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jarvis_memory.checkup.snapshot import in_memory
from tests.observe.files import digest


@settings(max_examples=12, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 40), st.binary(max_size=3000), st.booleans()), max_size=30),
    st.sampled_from([512, 4096, 16384]),
    st.booleans(),
    st.integers(0, 2000),
)
def test_a_log_is_read_as_sqlite_reads_it(
    tmp_path_factory: pytest.TempPathFactory,
    writes: list[tuple[int, bytes, bool]],
    page: int,
    checkpoint: bool,
    torn: int,
) -> None:
    folder = tmp_path_factory.mktemp("log")
    file = folder / "catalogue.sqlite"
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute(f"PRAGMA page_size = {page}")
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("CREATE TABLE t (k INTEGER PRIMARY KEY, v BLOB)")
        for number, (key, value, keep) in enumerate(writes):
            writer.execute("BEGIN")
            writer.execute("INSERT OR REPLACE INTO t VALUES (?, ?)", (key, value))
            writer.execute("COMMIT" if keep else "ROLLBACK")
            if checkpoint and number == len(writes) // 2:
                writer.execute("PRAGMA wal_checkpoint(RESTART)")
        copy = folder / "copy"
        copy.mkdir()
        for path in (file, Path(f"{file}-wal")):
            shutil.copy(path, copy / path.name)
    # A process that died may leave a log that ends in the middle of a frame.
    log = copy / "catalogue.sqlite-wal"
    os.truncate(log, max(0, log.stat().st_size - torn))
    before = digest(copy)
    found, whole = in_memory(copy / file.name)
    with closing(found):
        ours = found.execute("SELECT name FROM sqlite_master").fetchall()
        rows = found.execute("SELECT * FROM t ORDER BY k").fetchall() if ours else None
    assert whole
    assert digest(copy) == before
    with closing(sqlite3.connect(copy / file.name)) as reader:
        theirs = reader.execute("SELECT name FROM sqlite_master").fetchall()
        wanted = reader.execute("SELECT * FROM t ORDER BY k").fetchall() if theirs else None
    assert (ours, rows) == (theirs, wanted)
