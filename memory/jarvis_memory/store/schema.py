"""The tables of ``catalogue.sqlite``; docs/format.md is their description."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = [
    "APPLICATION_ID",
    "FORMAT_VERSION",
    "ITEMS",
    "KEYS",
    "MIGRATIONS",
    "OF_PHOTOS",
    "PAGE_SIZE",
    "SENSITIVE",
    "SNAPSHOTS",
    "TABLES",
    "Sensitive",
    "columns",
]

FORMAT_VERSION = 5
"""Version of the whole home. A home of a newer version is refused."""

APPLICATION_ID = 0x4A525653
"""``JRVS`` in the file's header, so that another program's database is never taken for a home."""

PAGE_SIZE = 16384

_SETTINGS = "CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL, digest BLOB NOT NULL)"
_ROLLS = """CREATE TABLE rolls (
    owner TEXT NOT NULL, part TEXT NOT NULL, rows INTEGER NOT NULL, sum BLOB NOT NULL, digest BLOB NOT NULL,
    PRIMARY KEY (owner, part)) WITHOUT ROWID"""

# Rowid tables, as vectors in a WITHOUT ROWID table take four times the space. The owner comes first in every
# index.
TABLES: tuple[str, ...] = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL)",
    "CREATE TABLE owners (owner TEXT PRIMARY KEY, key BLOB NOT NULL)",
    """CREATE TABLE concepts (
        row INTEGER PRIMARY KEY, owner TEXT NOT NULL, concept TEXT NOT NULL, name_key TEXT NOT NULL,
        live INTEGER NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL,
        photos INTEGER NOT NULL, patches INTEGER NOT NULL, vectors INTEGER NOT NULL,
        body TEXT NOT NULL, digest BLOB NOT NULL)""",
    "CREATE UNIQUE INDEX concepts_id ON concepts (owner, concept)",
    "CREATE UNIQUE INDEX concepts_name ON concepts (owner, name_key) WHERE live = 1",
    """CREATE TABLE photos (
        row INTEGER PRIMARY KEY, owner TEXT NOT NULL, concept TEXT NOT NULL, photo TEXT NOT NULL,
        position INTEGER NOT NULL, pixels TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,
        blob TEXT NOT NULL, length INTEGER NOT NULL, blob_digest TEXT NOT NULL, digest BLOB NOT NULL)""",
    "CREATE INDEX photos_concept ON photos (owner, concept)",
    "CREATE UNIQUE INDEX photos_id ON photos (owner, photo)",
    """CREATE TABLE patches (
        id INTEGER PRIMARY KEY, owner TEXT NOT NULL, concept TEXT NOT NULL, position INTEGER NOT NULL,
        photo TEXT NOT NULL, "left" INTEGER NOT NULL, top INTEGER NOT NULL, "right" INTEGER NOT NULL,
        bottom INTEGER NOT NULL, relevance REAL NOT NULL, distinctiveness REAL NOT NULL, score REAL NOT NULL,
        digest BLOB NOT NULL)""",
    "CREATE INDEX patches_concept ON patches (owner, concept)",
    # Ids come from a counter in meta and are never used again: an index in memory may still know an old one.
    """CREATE TABLE vectors (
        id INTEGER PRIMARY KEY, owner TEXT NOT NULL, concept TEXT NOT NULL, kind TEXT NOT NULL,
        data BLOB NOT NULL, digest BLOB NOT NULL)""",
    "CREATE INDEX vectors_concept ON vectors (owner, concept)",
    """CREATE TABLE segments (
        row INTEGER PRIMARY KEY, owner TEXT NOT NULL, concept TEXT NOT NULL, key BLOB NOT NULL,
        fingerprint TEXT NOT NULL, updated INTEGER NOT NULL, tokens INTEGER NOT NULL, blob TEXT NOT NULL,
        length INTEGER NOT NULL,
        blob_digest TEXT NOT NULL, digest BLOB NOT NULL)""",
    "CREATE UNIQUE INDEX segments_key ON segments (owner, key)",
    "CREATE INDEX segments_concept ON segments (owner, concept)",
    _SETTINGS,
    _ROLLS,
)

ITEMS: tuple[str, ...] = (
    """CREATE TABLE IF NOT EXISTS items (
        row INTEGER PRIMARY KEY, owner TEXT NOT NULL, namespace TEXT NOT NULL, key TEXT NOT NULL,
        value TEXT NOT NULL, fields TEXT NOT NULL, created TEXT NOT NULL, updated TEXT NOT NULL,
        ttl REAL, expires REAL, encoder TEXT NOT NULL, kinds TEXT NOT NULL, vectors BLOB NOT NULL,
        digest BLOB NOT NULL)""",
    "CREATE UNIQUE INDEX IF NOT EXISTS items_key ON items (owner, namespace, key)",
    "CREATE INDEX IF NOT EXISTS items_expires ON items (owner, expires)",
)
"""What agents keep. Made when the first item is written; a home without it is whole."""

SNAPSHOTS: tuple[str, ...] = (
    """CREATE TABLE IF NOT EXISTS snapshots (
        row INTEGER PRIMARY KEY, owner TEXT NOT NULL, name TEXT NOT NULL, blob TEXT NOT NULL,
        length INTEGER NOT NULL, blob_digest TEXT NOT NULL, digest BLOB NOT NULL)""",
    "CREATE UNIQUE INDEX IF NOT EXISTS snapshots_name ON snapshots (owner, name)",
)
"""Where what indexes have learned is. Made when the first is written; a home without it is whole."""

KEYS: tuple[str, ...] = (
    """CREATE TABLE lock (
        row INTEGER PRIMARY KEY, home BLOB NOT NULL, mode TEXT NOT NULL, source TEXT NOT NULL,
        name TEXT NOT NULL, salt BLOB NOT NULL, cost INTEGER NOT NULL, block INTEGER NOT NULL,
        lanes INTEGER NOT NULL, proof BLOB NOT NULL, digest BLOB NOT NULL)""",
    """CREATE TABLE data_keys (
        row INTEGER PRIMARY KEY, owner TEXT NOT NULL, key_id INTEGER NOT NULL, wrapped BLOB NOT NULL,
        digest BLOB NOT NULL)""",
    "CREATE UNIQUE INDEX data_keys_owner ON data_keys (owner)",
)
"""Made when the home is encrypted; one without them is not."""


@dataclass(frozen=True, slots=True)
class Sensitive:
    """What an encrypted home does not show of a table.

    Attributes:
        encrypted: columns, and the type of what they hold; the first is a text where any is blinded.
        blinded: texts that are looked up.
        unbound: columns that change while the others stay.
    """

    encrypted: Mapping[str, type[str] | type[bytes]]
    blinded: tuple[str, ...] = ()
    unbound: tuple[str, ...] = ()


SENSITIVE: Mapping[str, Sensitive] = {
    "concepts": Sensitive({"body": str}, ("name_key",), ("live",)),
    "photos": Sensitive({"pixels": str}),
    "vectors": Sensitive({"data": bytes}),
    "items": Sensitive({"value": str, "fields": str, "vectors": bytes}, ("namespace", "key")),
}

MIGRATIONS: dict[int, tuple[str, ...]] = {1: (_SETTINGS,), 2: (), 3: (), 4: (_ROLLS,)}
"""Per version the statements that make the next one of it; they add, and change no row that is there.
After the last one rolls are written (`rolls.write_all`).

Since version 3 all vectors of a kind are one row; rows of single vectors are read as they are. Since version
4 a concept's body may say which photos are frames of videos, which older programs would not write again.
Since version 5 there are rolls, which they would not keep."""

OF_PHOTOS = "'patches', 'profiles', 'patch', 'profile'"
"""Kinds of vectors, in SQL, that the encoder of photos made. They have one width, those of texts another."""

_COLUMNS: dict[str, tuple[str, ...]] = {
    "concepts": (
        *(
            "owner",
            "concept",
            "name_key",
            "live",
            "created",
            "updated",
            "photos",
            "patches",
            "vectors",
            "body",
        ),
        "digest",
    ),
    "photos": (
        *(
            "owner",
            "concept",
            "photo",
            "position",
            "pixels",
            "width",
            "height",
            "blob",
            "length",
            "blob_digest",
        ),
        "digest",
    ),
    "patches": (
        *("id", "owner", "concept", "position", "photo", '"left"', "top", '"right"', "bottom"),
        *("relevance", "distinctiveness", "score", "digest"),
    ),
    "vectors": ("id", "owner", "concept", "kind", "data", "digest"),
    "settings": ("key", "value", "digest"),
    "rolls": ("owner", "part", "rows", "sum", "digest"),
    "items": (
        *("owner", "namespace", "key", "value", "fields", "created", "updated"),
        *("ttl", "expires", "encoder", "kinds", "vectors", "digest"),
    ),
    "snapshots": ("owner", "name", "blob", "length", "blob_digest", "digest"),
    "lock": ("home", "mode", "source", "name", "salt", "cost", "block", "lanes", "proof", "digest"),
    "data_keys": ("owner", "key_id", "wrapped", "digest"),
    "segments": (
        *("owner", "concept", "key", "fingerprint", "updated", "tokens", "blob", "length", "blob_digest"),
        "digest",
    ),
}


def columns(table: str) -> tuple[str, ...]:
    """The columns a row's digest is made over, in order, and then ``digest`` itself."""
    return _COLUMNS[table]
