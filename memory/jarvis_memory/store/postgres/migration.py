"""Making and changing a cluster's tables, and the look at what is there before they are used."""

from __future__ import annotations

from typing import Any

from jarvis_retrievers.errors import CorruptRecordError, HomeFormatError, HomeReadOnlyError, SettingError

from .driver import driver
from .schema import LEAST_SERVER, LEAST_VECTOR, MIGRATIONS, POLICIES, SCHEMA, VERSION

__all__ = ["check_versions", "prepare"]

# Any number will do, if no other program takes it for its own lock: "JRVS" and what it is for.
_LOCK = (0x4A525653 << 8) | 1

_META = f"{SCHEMA}.meta"


def check_versions(server: int, vector: str | None, shown: str) -> None:
    """Refuse what is too old.

    Args:
        server: as `server_version_num` gives it: 150018 for 15.18.
        vector: version of pgvector in this database; None for none.
        shown: the address, for the message.

    Raises:
        SettingError: too old, or no pgvector.
    """
    if server // 10_000 < LEAST_SERVER:
        raise SettingError(
            f"{shown} is PostgreSQL {server // 10_000}, {LEAST_SERVER} is the oldest that can be used; "
            "upgrade the server"
        )
    if vector is None:
        raise SettingError(
            f"{shown} has no pgvector; install it on the server (Debian: "
            f"postgresql-{server // 10_000}-pgvector, or "
            "from its source), then run there as a superuser: CREATE EXTENSION vector"
        )
    if tuple(int(part) for part in vector.split(".")[:2] if part.isdigit()) < LEAST_VECTOR:
        least = ".".join(map(str, LEAST_VECTOR))
        raise SettingError(
            f"{shown} has pgvector {vector}, {least} is the oldest that can be used (halfvec); install a "
            "newer one, "
            "then run there as a superuser: ALTER EXTENSION vector UPDATE"
        )


def prepare(connection: Any, shown: str, read_only: bool) -> str:
    """Bring the tables to this version and see that they keep owners apart; returns the cluster's id.

    Args:
        connection: of psycopg, with autocommit.
        shown: the address, for messages.
        read_only: only look.

    Raises:
        SettingError: server, extension or role cannot be used. HomeFormatError: made by a newer version.
        HomeReadOnlyError: there are no tables, and none may be made. CorruptRecordError: a wall is missing.
    """
    server = int(connection.execute("SHOW server_version_num").fetchone()[0])
    if server // 10_000 < LEAST_SERVER:
        check_versions(server, None, shown)
    _check_role(connection, shown)
    check_versions(server, _vector(connection, read_only), shown)
    while (version := _version(connection)) < VERSION:
        if read_only:
            raise HomeReadOnlyError(
                f"{shown} has no tables of this version to read; open it for writing first"
            )
        _step(connection, shown)
    if version > VERSION:
        raise HomeFormatError(
            f"{shown} has tables of version {version}, this program knows up to {VERSION}; update "
            "jarvis-plugins, "
            "nothing was changed"
        )
    _check_walls(connection, shown)
    return _of_meta(connection, "cluster")


def _check_role(connection: Any, shown: str) -> None:
    name, above = connection.execute(
        "SELECT rolname, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
    ).fetchone()
    if above:
        raise SettingError(
            f"the role {name!r} is a superuser or has BYPASSRLS, so row-level security would not keep "
            "owners apart; "
            f"connect to {shown} as a plain role: CREATE ROLE jarvis LOGIN PASSWORD '...'"
        )


def _vector(connection: Any, read_only: bool) -> str | None:
    errors = driver().errors
    query = "SELECT extversion FROM pg_extension WHERE extname = 'vector'"
    found = connection.execute(query).fetchone()
    if found is None and not read_only:
        try:
            connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        except (errors.InsufficientPrivilege, errors.FeatureNotSupported, errors.UndefinedFile):
            return None  # whoever calls says what to do
        except (errors.UniqueViolation, errors.DuplicateObject):
            pass  # another process made it at this moment: "IF NOT EXISTS" looks only before
        found = connection.execute(query).fetchone()
    return None if found is None else str(found[0])


def _version(connection: Any) -> int:
    there = connection.execute("SELECT to_regclass(%s)", (_META,)).fetchone()[0]
    return 0 if there is None else int(_of_meta(connection, "version"))


def _of_meta(connection: Any, key: str) -> str:
    row = connection.execute(f"SELECT value FROM {_META} WHERE key = %s", (key,)).fetchone()  # noqa: S608
    if row is None:
        raise CorruptRecordError(f"{_META} has lost its row {key!r}; restore the database from a backup")
    return str(row[0])


def _step(connection: Any, shown: str) -> None:
    """One migration, in one transaction; whoever comes second finds it done."""
    try:
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            connection.execute("SET LOCAL statement_timeout = 0")
            version = _version(connection)
            if version >= VERSION:
                return
            if version == 0:
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
                connection.execute(f"CREATE TABLE {_META} (key text PRIMARY KEY, value text NOT NULL)")
                made = "('version', '0'), ('cluster', gen_random_uuid()::text)"
                connection.execute(f"INSERT INTO {_META} VALUES {made}")  # noqa: S608
            for statement in MIGRATIONS[version]:
                connection.execute(statement)
            update = f"UPDATE {_META} SET value = %s WHERE key = 'version'"  # noqa: S608
            connection.execute(update, (str(version + 1),))
    except driver().errors.InsufficientPrivilege as error:
        reason = " ".join(str(error).split())[:200]
        raise SettingError(
            f"this user may not make the tables in {shown} with their row-level security ({reason}); make "
            "it the "
            f"owner of the database (ALTER DATABASE ... OWNER TO ...), or of the schema {SCHEMA}"
        ) from error


def _check_walls(connection: Any, shown: str) -> None:
    rows = connection.execute(
        "SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity, "
        "ARRAY(SELECT p.polname::text FROM pg_policy p WHERE p.polrelid = c.oid) FROM pg_class c "
        "WHERE c.relnamespace = %s::regnamespace AND c.relkind IN ('r', 'p') AND c.relname <> 'meta'",
        (SCHEMA,),
    ).fetchall()
    forced = {name for name, each, _ in rows if each}
    policies = {name: set(found) for name, _, found in rows}
    missing = [name for name, wanted in POLICIES.items() if not wanted <= policies.get(name, set())]
    missing += [name for name in sorted({*policies, *POLICIES} - forced) if name not in missing]
    if missing:
        raise CorruptRecordError(
            f"in {shown} the row-level security of {', '.join(missing[:5])} is missing or not forced, so "
            "owners would "
            "not be kept apart; restore it (ALTER TABLE ... FORCE ROW LEVEL SECURITY, CREATE POLICY), or "
            "restore a backup"
        )
