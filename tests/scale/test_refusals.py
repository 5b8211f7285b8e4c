"""What cannot be opened says so in one line that tells what to do."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.postgres_server import PASSWORD, Server
from jarvis_memory import PersonalMemory
from jarvis_memory.store import MemoryBlobStore, OwnerStore
from jarvis_memory.store.postgres import Cluster, PostgresCatalogue, PostgresIndex
from jarvis_memory.store.postgres.failures import meant
from jarvis_memory.store.postgres.migration import check_versions
from jarvis_memory.store.postgres.schema import VERSION
from jarvis_retrievers.errors import (
    CorruptRecordError,
    HomeFormatError,
    HomeReadOnlyError,
    InputError,
    JarvisError,
    NoRoomError,
    SettingError,
    StoreError,
)
from tests.scale.conftest import admin
from tests.store.conformance import rows
from tests.store.drafts import draft


@contextmanager
def one_line(kind: type[JarvisError], match: str) -> Iterator[None]:
    with pytest.raises(kind, match=match) as caught:
        yield
    text = str(caught.value)
    assert "\n" not in text
    assert len(text) < 600
    assert not any(secret in text for secret in ("a secret word", PASSWORD))


def test_urls(tmp_path: Path) -> None:
    for url, match in {
        "mysql://a@b/c": "must start with postgresql://, got 'mysql'",
        "postgresql://": "names no host",
        "postgresql:///home": "names no host",
        "postgresql://jarvis@localhost": "names no database on localhost",
        "postgresql://jarvis@one:5432,two:port/home": "cannot be read",
        "postgresql://jarvis@one,two": "names no database on one,two",
        "postgresql://jarvis:a secret word@localhost:port/home": "cannot be read",
        "postgresql://jarvis:secret-word@localhost/home?nonsense=1": "nonsense",
    }.items():
        with one_line(SettingError, match):
            OwnerStore.open(url, "ana", blobs=tmp_path)
        with one_line(SettingError, match):
            PersonalMemory.open(url, owner="ana", blobs=tmp_path)
    with pytest.raises(SettingError) as caught:
        Cluster("postgresql://jarvis:secret-word@localhost/home?nonsense=secret-word")
    assert "secret-word" not in str(caught.value)


def test_places_of_blobs(database: str, tmp_path: Path, fresh: str) -> None:
    for blobs, match in {
        None: "say where they are",
        "ftp://a/b": "cannot be at ftp://",
        "file://": "names a whole path",
        "file://host/a": "names a whole path",
    }.items():
        with one_line(SettingError, match):
            OwnerStore.open(database, "ana", blobs=blobs)
    with one_line(SettingError, "keeps its photos itself"):
        OwnerStore.open(tmp_path / "home", "ana", blobs=tmp_path)
    (tmp_path / "a file").write_text("")
    with one_line(SettingError, "must be in a folder"):
        OwnerStore.open(database, "ana", blobs=tmp_path / "a file")
    OwnerStore.open(tmp_path / "home", "ana").close()
    with one_line(SettingError, "a home with a catalogue of its own"):
        OwnerStore.open(database, "ana", blobs=tmp_path / "home")
    with OwnerStore.open(database, "ana", blobs=f"file://{tmp_path}/the%20blobs") as store:
        concept = store.add_concept(draft())
    with OwnerStore.open(database, "ana", blobs=tmp_path / "the blobs") as store:
        assert store.photo(concept.photos[0].id) == draft().checked_photos[0].data
    # Another cluster would sweep these away.
    with one_line(SettingError, "blobs of another cluster"):
        OwnerStore.open(fresh, "ana", blobs=tmp_path / "the blobs")
    with OwnerStore.open(fresh, "ana", blobs=MemoryBlobStore()) as store:
        assert store.photo(store.add_concept(draft()).photos[0].id)


def test_servers(server: Server, tmp_path: Path) -> None:
    with one_line(SettingError, "password authentication failed.*check user and password"):
        Cluster(server.url("home", "jarvis", "wrong"))
    with one_line(SettingError, "does not exist"):
        Cluster(server.url("nowhere", "jarvis", "a secret word"))
    with one_line(StoreError, "check that the server runs"):
        Cluster(server.url("home").replace(f":{server.port}/", ":1/"))
    with one_line(SettingError, "check the host"):
        Cluster("postgresql://jarvis:x@no-such-host.invalid/home")
    with one_line(SettingError, "superuser or has BYPASSRLS.*CREATE ROLE"):
        Cluster(server.url("postgres"))


@pytest.mark.parametrize(
    ("server", "vector", "match"),
    [
        (130_011, "0.8.0", "is PostgreSQL 13, 14 is the oldest"),
        (90_624, None, "is PostgreSQL 9, 14"),
        (150_018, None, "no pgvector.*postgresql-15-pgvector.*CREATE EXTENSION vector"),
        (160_002, "0.6.2", "pgvector 0.6.2, 0.7 is the oldest.*ALTER EXTENSION vector UPDATE"),
    ],
)
def test_versions(server: int, vector: str | None, match: str) -> None:
    with one_line(SettingError, match):
        check_versions(server, vector, "postgresql://host/home")
    check_versions(140_000, "0.7.0", "")
    check_versions(180_001, "0.10.1", "")


def test_a_database_without_pgvector_or_without_rights(server: Server) -> None:
    with admin(server) as connection:
        connection.execute("CREATE DATABASE bare OWNER jarvis")
        connection.execute("CREATE DATABASE foreign_one")
    with admin(server, "foreign_one") as connection:
        connection.execute("CREATE EXTENSION vector")
    try:
        with one_line(SettingError, "no pgvector.*CREATE EXTENSION vector"):
            Cluster(server.url("bare", "jarvis", "a secret word"))
        with one_line(SettingError, "may not make the tables.*OWNER TO"):
            Cluster(server.url("foreign_one", "jarvis", "a secret word"))
    finally:
        with admin(server) as connection:
            connection.execute("DROP DATABASE bare")
            connection.execute("DROP DATABASE foreign_one")


def test_pgvector_in_a_schema_of_its_own(server: Server, fresh: str) -> None:
    with admin(server, fresh.rsplit("/", 1)[1]) as connection:
        connection.execute("DROP EXTENSION vector")
        connection.execute('CREATE SCHEMA "Its Own"')
        connection.execute('GRANT USAGE ON SCHEMA "Its Own" TO jarvis')
        connection.execute('CREATE EXTENSION vector SCHEMA "Its Own"')
    catalogue = PostgresCatalogue(Cluster(fresh))
    added = catalogue.add("ana", rows("ana", 1))
    assert (
        catalogue.vectors("ana").ids.tolist()
        == PostgresIndex(catalogue.cluster, 8)
        .search("ana", catalogue.vectors("ana").matrix, 1)[1][:, 0]
        .tolist()
    )
    assert catalogue.concepts("ana") == (added,)
    catalogue.close()


def test_a_wall_that_is_missing(server: Server, database: str) -> None:
    for broken, mended in (
        (
            "ALTER TABLE jarvis.photos NO FORCE ROW LEVEL SECURITY",
            "ALTER TABLE jarvis.photos FORCE ROW LEVEL SECURITY",
        ),
        (
            "ALTER TABLE jarvis.photos_3 DISABLE ROW LEVEL SECURITY",
            "ALTER TABLE jarvis.photos_3 ENABLE ROW LEVEL SECURITY",
        ),
        (
            "ALTER POLICY home ON jarvis.photos RENAME TO house",
            "ALTER POLICY house ON jarvis.photos RENAME TO home",
        ),
        (
            "ALTER POLICY mine ON jarvis.photos RENAME TO its",
            "ALTER POLICY its ON jarvis.photos RENAME TO mine",
        ),
    ):
        with admin(server, "home") as connection:
            connection.execute(broken)
            try:
                with one_line(CorruptRecordError, "row-level security of photos"):
                    Cluster(database)
            finally:
                connection.execute(mended)
    Cluster(database).close()


def test_versions_of_the_tables(server: Server, database: str, fresh: str) -> None:
    with one_line(HomeReadOnlyError, "no tables of this version"):
        Cluster(fresh, read_only=True)
    with admin(server, "home") as connection:
        update = "UPDATE jarvis.meta SET value = %s WHERE key = 'version'"
        connection.execute(update, (str(VERSION + 1),))
        try:
            with one_line(HomeFormatError, "update jarvis-plugins, nothing was changed"):
                Cluster(database)
        finally:
            connection.execute(update, (str(VERSION),))


def test_one_that_is_only_read(database: str, tmp_path: Path) -> None:
    with OwnerStore.open(database, "ana", blobs=tmp_path) as store:
        added = store.add_concept(draft())
    with OwnerStore.open(database, "ana", blobs=tmp_path, read_only=True) as store:
        assert store.list() == [added]
        with one_line(HomeReadOnlyError, "cannot be written"):
            store.add_concept(draft("Mia", 1))
        with one_line(HomeReadOnlyError, "cannot be written"):
            store.forget("Bo")


def test_many_open_it_first(fresh: str) -> None:
    """Six processes find no tables; one makes them, the others wait for it."""
    code = f"from jarvis_memory.store.postgres import Cluster; print(Cluster({fresh!r}).id)"
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(6)
    ]
    answers = [process.communicate(timeout=100) for process in running]
    assert {said for said, _ in answers} == {answers[0][0]}, answers
    assert len(answers[0][0].strip()) == 36


def test_a_lock_that_is_held(database: str) -> None:
    one, two = Cluster(database), PostgresCatalogue(Cluster(database, timeout=0.3))
    with one.write("ana"):
        with one_line(StoreError, "in use by another process.*nothing was changed"):
            two.add("ana", rows("ana", 1))
        assert two.add("ben", rows("ben", 2)).owner == "ben"  # whoever else writes does not wait
    assert two.add("ana", rows("ana", 1)).owner == "ana"
    one.close()
    two.close()


def test_a_statement_that_takes_too_long(database: str) -> None:
    cluster = Cluster(database, statement_timeout=0.2)
    with one_line(StoreError, "took too long"), cluster.read("ana") as session:
        session.rows("SELECT pg_sleep(5)")
    with cluster.read("ana") as session:
        assert session.row("SELECT 1") == (1,)
    cluster.close()


def test_more_at_once_than_connections(database: str) -> None:
    cluster = Cluster(database, timeout=0.3, connections=1)

    def second() -> None:
        with cluster.read("ben"):
            raise AssertionError("there is no second connection")

    with cluster.read("ana") as session, ThreadPoolExecutor(1) as others:
        with one_line(StoreError, "all connections .* are in use"):
            others.submit(second).result()
        # What this thread reads meanwhile needs no other one.
        with cluster.read("ben") as his:
            assert his.row("SELECT current_setting('jarvis.owner')") == ("ben",)
        assert session.row("SELECT 1") == (1,)
    with cluster.read("ben") as session:
        assert session.row("SELECT 2") == (2,)
    cluster.close()


@pytest.mark.parametrize(
    ("code", "kind", "match"),
    [
        ("53100", NoRoomError, "no room left"),
        ("53300", StoreError, "no room left"),
        ("25006", HomeReadOnlyError, "cannot be written"),
        ("40P01", StoreError, "in use"),
        ("XX001", CorruptRecordError, "is damaged"),
        ("42P01", CorruptRecordError, "lacks a part of its schema"),
        ("57P01", StoreError, "was lost"),
        ("22003", InputError, "cannot hold"),
        ("23505", StoreError, r"could not do it \(23505"),
    ],
)
def test_what_the_server_says(code: str, kind: type[JarvisError], match: str) -> None:
    import psycopg.errors

    error = psycopg.errors.lookup(code)("two\nlines")
    assert type(meant(error, "postgresql://host/home")) is kind
    with one_line(kind, match):
        raise meant(error, "postgresql://host/home")


def test_without_the_extra(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "sys.modules['psycopg'] = None\n"
        "from jarvis_memory.store import OwnerStore\n"
        "from jarvis_retrievers.errors import ExtraError\n"
        "try:\n"
        f"    OwnerStore.open('postgresql://a@localhost/b', 'ana', blobs={str(tmp_path)!r})\n"
        "except ExtraError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 'pip install "jarvis-plugins[scale]"' in done.stdout
    assert len(done.stdout.strip().splitlines()) == 1
