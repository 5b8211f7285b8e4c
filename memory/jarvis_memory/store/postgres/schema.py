"""The tables of a cluster, in the schema ``jarvis``; docs/scale.md is their description."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = [
    "LEAST_SERVER",
    "LEAST_VECTOR",
    "MIGRATIONS",
    "OWNED",
    "PARTITIONS",
    "POLICIES",
    "SCHEMA",
    "STRIDE",
    "VERSION",
]

SCHEMA = "jarvis"

LEAST_SERVER = 14
"""The oldest PostgreSQL that still got fixes when this was written."""

LEAST_VECTOR = (0, 7)
"""The first pgvector with ``halfvec``."""

PARTITIONS = 16

STRIDE = 1 << 16
"""Vectors that one write may have: its ids start at a number that the sequence gives, in steps of this."""

_TEXT = 'text COLLATE "C" NOT NULL'

# As in the embedded catalogue, with the same names: a row's digest is made over the same values.
_TABLES: dict[str, tuple[str, ...]] = {
    "owners": ("key bytea NOT NULL", "PRIMARY KEY (owner)"),
    "concepts": (
        f"concept {_TEXT}, name_key {_TEXT}, live bigint NOT NULL, created bigint NOT NULL",
        "updated bigint NOT NULL, photos bigint NOT NULL, patches bigint NOT NULL, vectors bigint NOT NULL",
        f"body {_TEXT}, digest bytea NOT NULL, PRIMARY KEY (owner, concept)",
    ),
    "photos": (
        f"concept {_TEXT}, photo {_TEXT}, position bigint NOT NULL, pixels {_TEXT}, width bigint NOT NULL",
        f"height bigint NOT NULL, blob {_TEXT}, length bigint NOT NULL, blob_digest {_TEXT}",
        "digest bytea NOT NULL, PRIMARY KEY (owner, photo)",
    ),
    "patches": (
        f'id bigint NOT NULL, concept {_TEXT}, position bigint NOT NULL, photo {_TEXT}, "left" bigint NOT '
        "NULL",
        'top bigint NOT NULL, "right" bigint NOT NULL, bottom bigint NOT NULL',
        "relevance double precision NOT NULL, distinctiveness double precision NOT NULL",
        "score double precision NOT NULL, digest bytea NOT NULL, PRIMARY KEY (owner, id)",
    ),
    # All vectors that one write gives a concept, of one kind: their digest, and where they are in `vectors`.
    "lots": (
        f"id bigint NOT NULL, concept {_TEXT}, kind {_TEXT}, space {_TEXT}, count bigint NOT NULL",
        "width bigint NOT NULL, digest bytea NOT NULL, PRIMARY KEY (owner, id)",
    ),
    "vectors": (f"space {_TEXT}, id bigint NOT NULL, data halfvec NOT NULL, PRIMARY KEY (owner, space, id)",),
    "segments": (
        f"concept {_TEXT}, key bytea NOT NULL, fingerprint {_TEXT}, updated bigint NOT NULL",
        f"tokens bigint NOT NULL, blob {_TEXT}, length bigint NOT NULL, blob_digest {_TEXT}",
        "digest bytea NOT NULL, PRIMARY KEY (owner, key)",
    ),
    "snapshots": (
        f"name {_TEXT}, blob {_TEXT}, length bigint NOT NULL, blob_digest {_TEXT}, digest bytea NOT NULL",
        "PRIMARY KEY (owner, name)",
    ),
    "items": (
        "row bigint NOT NULL DEFAULT nextval('jarvis.item_rows')",
        f"namespace {_TEXT}, key {_TEXT}, value {_TEXT}, fields {_TEXT}, created {_TEXT}, updated {_TEXT}",
        f"ttl double precision, expires double precision, encoder {_TEXT}, kinds {_TEXT}, vectors bytea "
        "NOT NULL",
        "digest bytea NOT NULL, PRIMARY KEY (owner, namespace, key)",
    ),
}

# Since version 2.
_KEYS = {
    "data_keys": (
        "key_id bigint NOT NULL, wrapped bytea NOT NULL, digest bytea NOT NULL, PRIMARY KEY (owner)",
    )
}

OWNED = (*_TABLES, *_KEYS)
"""Tables whose rows belong to owners, all with row-level security."""

_INDEXES = (
    "CREATE UNIQUE INDEX concepts_name ON jarvis.concepts (owner, name_key) WHERE live = 1",
    "CREATE INDEX photos_concept ON jarvis.photos (owner, concept)",
    "CREATE INDEX patches_concept ON jarvis.patches (owner, concept)",
    "CREATE INDEX lots_concept ON jarvis.lots (owner, concept)",
    "CREATE INDEX segments_concept ON jarvis.segments (owner, concept)",
    "CREATE INDEX items_expires ON jarvis.items (owner, expires)",
)

_MINE = "owner = current_setting('jarvis.owner', true)"
_HOME = "current_setting('jarvis.home', true) = 'on'"
# What the whole home is asked for: who is in it, and which blobs are in use.
_LISTED = ("owners", "photos", "segments", "snapshots")

POLICIES: dict[str, frozenset[str]] = {
    **{table: frozenset({"mine", "home"} if table in _LISTED else {"mine"}) for table in OWNED},
    "settings": frozenset({"home"}),
    "lock": frozenset({"home", "seen"}),
}
"""What each table's policies are called. Without ``home`` of photos a sweep would find none in use."""


# The server's statistics are samples of values, which would outlive the rows that they are from.
_NO_SAMPLES = """DO $$
DECLARE found record;
BEGIN
    FOR found IN
        SELECT a.attrelid::regclass AS place, a.attname AS name
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE c.relnamespace = 'jarvis'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0
    LOOP
        EXECUTE format('ALTER TABLE ONLY %s ALTER COLUMN %I SET STATISTICS 0', found.place, found.name);
    END LOOP;
END $$"""


def _first() -> Iterator[str]:
    yield "CREATE SEQUENCE jarvis.changes"
    yield f"CREATE SEQUENCE jarvis.vector_ids MINVALUE 0 START {STRIDE} INCREMENT {STRIDE}"
    yield "CREATE SEQUENCE jarvis.item_rows"
    for table, parts in _TABLES.items():
        yield from _table(table, parts)
    yield from _INDEXES
    yield f"CREATE TABLE jarvis.settings (key {_TEXT} PRIMARY KEY, value {_TEXT}, digest bytea NOT NULL)"
    yield from _forced("jarvis.settings")
    yield f"CREATE POLICY home ON jarvis.settings USING ({_HOME}) WITH CHECK ({_HOME})"
    yield _NO_SAMPLES


def _second() -> Iterator[str]:
    for table, parts in _KEYS.items():
        yield from _table(table, parts)
    # One row: how the master key is made, and the proof that it is the one.
    yield (
        f"CREATE TABLE jarvis.lock (home bytea PRIMARY KEY, mode {_TEXT}, source {_TEXT}, name {_TEXT}, "
        "salt bytea NOT NULL, cost bigint NOT NULL, block bigint NOT NULL, lanes bigint NOT NULL, "
        "proof bytea NOT NULL, digest bytea NOT NULL)"
    )
    yield from _forced("jarvis.lock")
    # Everybody who writes blobs asks how; only the home's transactions change it.
    yield "CREATE POLICY seen ON jarvis.lock FOR SELECT USING (true)"
    yield f"CREATE POLICY home ON jarvis.lock USING ({_HOME}) WITH CHECK ({_HOME})"
    yield _NO_SAMPLES


def _table(table: str, parts: tuple[str, ...]) -> Iterator[str]:
    head = f"owner {_TEXT} CHECK (owner <> '')"
    yield f"CREATE TABLE jarvis.{table} ({', '.join((head, *parts))}) PARTITION BY HASH (owner)"
    leaves = [f"jarvis.{table}_{n}" for n in range(PARTITIONS)]
    for n, leaf in enumerate(leaves):
        part = f"FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER {n})"
        yield f"CREATE TABLE {leaf} PARTITION OF jarvis.{table} {part}"
    # A partition has no policy: by its own name nobody sees a row of it.
    for each in (f"jarvis.{table}", *leaves):
        yield from _forced(each)
    yield f"CREATE POLICY mine ON jarvis.{table} USING ({_MINE}) WITH CHECK ({_MINE})"
    if table in _LISTED:
        yield f"CREATE POLICY home ON jarvis.{table} FOR SELECT USING ({_HOME})"


def _forced(table: str) -> Iterator[str]:
    yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
    yield f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY"


MIGRATIONS: tuple[tuple[str, ...], ...] = (tuple(_first()), tuple(_second()))
"""What makes version 1 of nothing, version 2 of version 1, and so on; none is changed once it is out."""

VERSION = len(MIGRATIONS)
