"""These tests need psycopg and a PostgreSQL server with pgvector; `make test-scale` installs both."""

from __future__ import annotations

import importlib.util
import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from benchmarks.postgres_server import NAMED, ROLE_PASSWORD, Server, fresh_server
from jarvis_retrievers.errors import SettingError
from tests.scale import redis_server
from tests.scale.proxy import Proxy
from tests.scale.redis_server import RedisServer
from tests.scale.s3 import KEYS, S3Server, client, command

collect_ignore_glob: list[str] = []
if importlib.util.find_spec("psycopg") is None or importlib.util.find_spec("psycopg_pool") is None:
    collect_ignore_glob = ["test_*.py"]

# Ray reads it when it is imported, which some test does first.
os.environ.setdefault("RAY_AUTH_MODE", "token")

_NUMBER = itertools.count()

Database = Callable[[], str]


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with ExitStack() as held:
        try:
            server = held.enter_context(fresh_server())
        except (SettingError, OSError, RuntimeError) as error:
            if NAMED in os.environ:
                raise
            pytest.skip(f"no PostgreSQL server can be started here: {error}")
        server.prepare("model")
        yield server


@pytest.fixture
def fresh(server: Server) -> Iterator[str]:
    """The URL of a new database that the role ``jarvis`` owns; nothing is in it but pgvector."""
    name = f"home_{next(_NUMBER)}"
    with admin(server) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE model OWNER jarvis")
    yield server.url(name, "jarvis", ROLE_PASSWORD)
    with admin(server) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def made(server: Server) -> str:
    """The URL of a database with all tables."""
    from jarvis_memory.store.postgres import Cluster

    with admin(server) as connection:
        connection.execute("CREATE DATABASE home TEMPLATE model OWNER jarvis")
    url = server.url("home", "jarvis", ROLE_PASSWORD)
    Cluster(url).close()
    return url


@pytest.fixture
def database(server: Server, made: str) -> Iterator[str]:
    """The URL of a database whose tables are empty. They are emptied, as to make them takes seconds."""
    yield made
    empty(server)


def empty(server: Server) -> None:
    """Leave no row in the database of `made`."""
    from jarvis_memory.store.postgres.schema import OWNED

    with admin(server, "home") as connection:
        for table in (*OWNED, "settings", "lock"):
            connection.execute(f"DELETE FROM jarvis.{table}")
        connection.execute("ALTER SEQUENCE jarvis.changes RESTART")
        graphs = "SELECT indexrelid::regclass::text FROM pg_stat_user_indexes WHERE indexrelname LIKE 'near%'"
        for (graph,) in connection.execute(graphs).fetchall():
            connection.execute(f"DROP INDEX {graph}")


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    if importlib.util.find_spec("s3fs") is None:
        pytest.skip("no s3fs: pip install s3fs")
    if command() is None:
        pytest.skip('no server that speaks S3: pip install "moto[server]"')
    server = S3Server(tmp_path_factory.mktemp("moto"))
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def s3(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """The name of a new bucket; the environment has the keys and the address of its server."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in {**KEYS, "AWS_DEFAULT_REGION": "us-east-1", "AWS_ENDPOINT_URL": s3_server.url}.items():
        monkeypatch.setenv(name, value)
    # Not what whoever runs the tests has.
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    bucket = f"bucket-{next(_NUMBER)}"
    client(s3_server.url).create_bucket(Bucket=bucket)
    return bucket


@pytest.fixture
def proxy(s3_server: S3Server, s3: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """Between the environment's clients and the server."""
    proxy = Proxy(s3_server.port)
    monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
    yield proxy
    proxy.close()


def admin(server: Server, database: str = "postgres") -> Any:
    """A superuser's connection."""
    import psycopg

    return psycopg.connect(server.url(database), autocommit=True)


@pytest.fixture(scope="session")
def redis_started() -> Iterator[RedisServer]:
    found = redis_server.program()
    if found is None:
        pytest.skip(f"no redis-server or valkey-server; install one, or name it in {redis_server.NAMED}")
    folder = Path(tempfile.mkdtemp(prefix="jarvis-redis-"))
    server = RedisServer(found, folder)
    yield server
    server.kill()
    shutil.rmtree(folder)


@pytest.fixture
def redis(redis_started: RedisServer) -> RedisServer:
    """A server with nothing in it."""
    if not redis_started.running:  # a test that failed has left it so
        redis_started.start()
    redis_admin(redis_started, lambda client: client.flushall())
    return redis_started


def redis_admin(server: RedisServer, ask: Callable[[Any], Any]) -> Any:
    """What an administrator is told."""
    import redis

    with redis.Redis.from_url(server.url("admin"), socket_timeout=30) as client:
        return ask(client)
