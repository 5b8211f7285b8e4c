"""Catalogues and backups made to harm whoever opens them."""

# ruff: noqa: S608  (statements are made to harm)

from __future__ import annotations

import hashlib
import json
import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from jarvis_memory.store.backup import backup
from jarvis_memory.store.rows import seal
from jarvis_memory.store.schema import columns

from .mutation import mutated

__all__ = ["as_backup", "forge_backup", "forge_catalogue"]

_ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)"
_SCHEMA = (
    "CREATE TRIGGER t AFTER INSERT ON concepts BEGIN DELETE FROM photos; END",
    "CREATE TRIGGER t AFTER UPDATE ON meta BEGIN DELETE FROM concepts; END",
    "CREATE TRIGGER t BEFORE DELETE ON concepts BEGIN SELECT RAISE(IGNORE); END",
    f"CREATE TRIGGER t AFTER INSERT ON photos BEGIN INSERT INTO settings {_ENDLESS} SELECT x, x, x FROM c; "
    "END",
    f"CREATE VIEW v AS {_ENDLESS} SELECT x FROM c",
    f"DROP TABLE settings; CREATE VIEW settings AS {_ENDLESS} SELECT 'k' AS key, x AS value, x AS digest "
    "FROM c WHERE x < 0",
    f"DROP TABLE photos; CREATE VIEW photos AS {_ENDLESS} SELECT x AS row, 'ana' AS owner, x AS concept, "
    "x AS photo, 0 AS position, '' AS pixels, 1 AS width, 1 AS height, x AS blob, 1 AS length, "
    "'' AS blob_digest, x'00' AS digest FROM c",
    "ALTER TABLE concepts ADD COLUMN bomb TEXT AS (hex(zeroblob(900000000)))",
    "ALTER TABLE concepts DROP COLUMN body; "
    "ALTER TABLE concepts ADD COLUMN body TEXT AS (hex(zeroblob(400000000)))",
    "CREATE INDEX i ON concepts (hex(zeroblob(900000000)))",
    "CREATE INDEX i ON concepts (owner) WHERE length(hex(zeroblob(900000000))) > 3",
    "CREATE VIRTUAL TABLE f USING fts5(a); INSERT INTO f VALUES ('x'); DELETE FROM f_data",
    "CREATE VIRTUAL TABLE f USING rtree(a, b, c); DELETE FROM f_node",
)
_DAMAGED = (
    *(f"DROP TABLE {name}" for name in ("meta", "owners", "concepts", "photos", "vectors", "segments")),
    "ALTER TABLE concepts RENAME COLUMN body TO text",
    "ALTER TABLE photos DROP COLUMN length",
    "PRAGMA application_id = 7",
    "PRAGMA user_version = -3",
    "PRAGMA user_version = 99",
    "UPDATE meta SET value = 'many'",
    "UPDATE meta SET value = 'many' WHERE key = 'writes'",
    "UPDATE meta SET value = x'00' WHERE key = 'format'",
    "UPDATE meta SET value = 9223372036854775807",
    "UPDATE meta SET value = 1e300",
    "DELETE FROM meta",
    "UPDATE owners SET key = 1000000000000",
    "UPDATE owners SET key = 'text'",
    "UPDATE owners SET key = x''",
    "UPDATE concepts SET updated = 'never', created = x'01'",
    "UPDATE vectors SET data = zeroblob(300000000) WHERE rowid = 1",
    "UPDATE vectors SET owner = 'ben'",
    "PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = 'CREATE TABLE ' || name || ' (a)'",
    "PRAGMA writable_schema = ON; UPDATE sqlite_master SET rootpage = 2",
    "PRAGMA writable_schema = ON; UPDATE sqlite_master SET rootpage = 999999",
    "PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = replace(sql, 'TEXT', 'BLOB')",
    "PRAGMA writable_schema = ON; DELETE FROM sqlite_master WHERE type = 'index'",
    "PRAGMA journal_mode = DELETE; PRAGMA auto_vacuum = FULL; VACUUM",
    "PRAGMA journal_mode = DELETE; PRAGMA page_size = 512; VACUUM",
)
_LIES: dict[str, tuple[object, ...]] = {
    "concepts": (
        None,
        2**31,
        "../../etc/passwd",
        "",
        7,
        1.5,
        b"\xff\x00",
        -1,
        2**63 - 1,
        "\ud800",
        "a" * 100_000,
        "[" * 100_000,
    ),
    "photos": ("../../../etc/passwd", "/etc/passwd", 2**62, -5, 1.5, b"x", "", "a" * 32, 0, "\x00"),
    "patches": (-1, 2**62, "left", 1e308, b"", "", 0),
    "vectors": ("texts/9/x", "texts/0/x", "profile", b"", b"\xff" * 7, -1, "", 1.5, 2**62),
    "segments": ("../x", 2**62, -1, b"", "", 1.5, "a" * 32),
    "settings": (b"\xff", 7, 1.5, "", "{" * 100_000),
    "items": ("[" * 100_000, "{", "[]", 7, b"\x00", 1e308, "", "1e999", '"\\ud800"'),
    "snapshots": ("../x", 2**62, -1, b"", "", "a" * 32),
}
_FILES = (
    "catalogue.sqlite",
    "catalogue.sqlite-wal",
    "catalogue.sqlite-shm",
    "catalogue.sqlite-witness",
    "reserve",
)


def forge_catalogue(home: Path, rng: random.Random) -> str:
    """Turn a home's catalogue into one that lies; returns how. What is called ``schema`` must be refused."""
    file = home / "catalogue.sqlite"
    match rng.choice(("schema", "damaged", "row", "row", "row", "bytes", "bytes", "file")):
        case "schema":
            done = _run(file, rng.choice(_SCHEMA))[:70]
            return f"schema: {done}" if not done.startswith("failed") else done
        case "damaged":
            return f"damaged: {_run(file, rng.choice(_DAMAGED))[:70]}"
        case "row":
            return _lie(file, rng)
        case "bytes":
            head = rng.random() < 0.5
            data = file.read_bytes()
            file.write_bytes(mutated(data[:100], rng) + data[100:] if head else mutated(data, rng))
            return "bytes of the header" if head else "bytes"
    path = home / rng.choice(_FILES)
    old = path.read_bytes() if path.exists() else rng.randbytes(40_000)
    other = (rng.randbytes(5000), b"", mutated(old, rng), b"9" * 18, b"\0" * 70_000, b"SQLite format 3\0" * 9)
    path.write_bytes(rng.choice(other))
    return f"file {path.name}"


def as_backup(home: Path) -> Path:
    """Turn a home into a backup of it, in its place."""
    made = home.with_name("made")
    backup(home, made)
    shutil.rmtree(home)
    return made.rename(home)


def forge_backup(home: Path, rng: random.Random) -> str:
    """Make a backup lie; returns how."""
    manifest, blobs = home / "manifest.json", sorted(p for p in (home / "blobs").rglob("*") if p.is_file())
    what = rng.choice(("manifest", "manifest", "catalogue", "catalogue", "catalogue", "blob", "link"))
    if what == "manifest":
        deep = rng.choice((500, 200_000))
        texts = (
            "[" * deep,
            '{"a":' * deep,
            "null",
            "[]",
            "7",
            "",
            '{"catalogue": []}',
            '{"format": 1}',
            "\x00",
        )
        data = mutated(manifest.read_bytes(), rng)
        manifest.write_bytes(data if rng.random() < 0.3 else rng.choice(texts).encode())
    elif what == "catalogue":
        what = f"catalogue, {forge_catalogue(home, rng)}"
        sound = hashlib.sha256((home / "catalogue.sqlite").read_bytes()).hexdigest()
        manifest.write_text(json.dumps({"format": 1, "catalogue": sound, "blobs": len(blobs)}))
    elif what == "blob":
        path = rng.choice(blobs)
        path.write_bytes(mutated(path.read_bytes(), rng))
    else:
        path = rng.choice(blobs)
        path.unlink()
        path.symlink_to(rng.choice(("/etc/passwd", "/dev/zero", str(blobs[0]), "/nowhere")))
    return what


def _run(file: Path, statements: str) -> str:
    with closing(sqlite3.connect(file, isolation_level=None)) as catalogue:
        try:
            for statement in statements.split("; ") if "TRIGGER" not in statements else [statements]:
                catalogue.execute(statement)
        except sqlite3.Error as error:
            return f"failed, {error}"
    return statements


def _lie(file: Path, rng: random.Random) -> str:
    """One column of the rows of a table holds something else, and their digests are right all the same."""
    table = rng.choice([*_LIES])
    names = columns(table)[:-1]
    column, value = rng.randrange(len(names)), rng.choice(_LIES[table])
    with closing(sqlite3.connect(file, isolation_level=None)) as catalogue:
        for number, *row in catalogue.execute(f"SELECT rowid, {', '.join(names)} FROM {table}").fetchall():
            row[column] = value
            marks = ", ".join(f"{name} = ?" for name in names)
            try:
                catalogue.execute(
                    f"UPDATE {table} SET {marks}, digest = ? WHERE rowid = ?",
                    (*row, seal(table, row), number),
                )
            except (sqlite3.Error, UnicodeEncodeError, OverflowError):
                break
    return f"row of {table}: {names[column]} is {str(value)[:20]!r}"
