"""A primary with a standby that has every write before it is acknowledged: one dies, the other goes on."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.postgres_server import Server
from jarvis_memory.store import OwnerStore
from jarvis_memory.store.postgres import Cluster
from jarvis_retrievers.errors import HomeReadOnlyError, StoreError
from tests.scale.conftest import admin
from tests.scale.test_crowds import found_in
from tests.scale.writer import Left, steps
from tests.store.drafts import draft


@pytest.fixture
def pair(server: Server) -> Iterator[tuple[Server, Server]]:
    """A primary that waits for its standby; `server` says that servers can be started here."""
    folder = Path(tempfile.mkdtemp(prefix="jarvis-pair-"))
    folder.chmod(0o755)
    started: list[Server] = []
    try:
        for name in ("primary", "standby"):
            (folder / name).mkdir(mode=0o755)
            started.append(Server(server.bin, folder / name, *started))
        primary, standby = started
        with admin(primary) as connection:
            connection.execute("CREATE ROLE jarvis LOGIN PASSWORD 'word'")
            connection.execute("CREATE DATABASE home OWNER jarvis")
        with admin(primary, "home") as connection:
            connection.execute("CREATE EXTENSION vector")
            connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            connection.execute("SELECT pg_reload_conf()")
        yield primary, standby
    finally:
        for one in started:
            one.stop()
        shutil.rmtree(folder)


def both(primary: Server, standby: Server) -> str:
    return f"postgresql://jarvis:word@127.0.0.1:{primary.port},127.0.0.1:{standby.port}/home"


def test_a_killed_primary(pair: tuple[Server, Server], tmp_path: Path) -> None:
    """Every acknowledged write is on the standby, nothing is half there, and the same store goes on there."""
    primary, standby = pair
    store = OwnerStore.open(both(primary, standby), "ana", blobs=tmp_path)
    expected: Left = {}
    doing: list[tuple[str, int | None]] = [("", None)]
    failed: list[BaseException] = []
    enough = threading.Event()

    def write() -> None:
        try:
            for step in steps(store, 0, 10_000, expected):
                if enough.is_set():
                    break
                doing[0] = step
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    deadline = time.monotonic() + 60
    while len(expected) < 5 and time.monotonic() < deadline and not failed:
        time.sleep(0.02)
    primary.kill()
    with admin(standby) as connection:
        assert connection.execute("SELECT pg_promote(true, 60)").fetchone() == (True,)
        # There is nobody left to wait for.
        connection.execute("ALTER SYSTEM RESET synchronous_standby_names")
        connection.execute("SELECT pg_reload_conf()")
    enough.set()
    thread.join(120)
    assert not thread.is_alive()
    assert [type(error) for error in failed] in ([], [StoreError])
    name, seed = doing[0]
    after = dict(expected)
    if seed is None:
        after.pop(name, None)
    else:
        after[name] = seed
    assert len(expected) >= 5
    assert found_in(store, 0, range(1000)) in (expected, after)
    store._finish_forgetting()
    assert list(store.verify()) == []
    store.add_concept(draft("Bo"))
    store.close()
    with OwnerStore.open(both(primary, standby), "ana", blobs=tmp_path) as store:
        assert store.get("Bo").name == "Bo"
        store.sweep(0)
        assert list(store.verify()) == []


def test_a_standby_can_be_read(pair: tuple[Server, Server], tmp_path: Path) -> None:
    primary, standby = pair
    with OwnerStore.open(both(primary, standby), "ana", blobs=tmp_path) as store:
        assert not store.read_only
        bo = store.add_concept(draft("Bo"))
    alone = f"postgresql://jarvis:word@127.0.0.1:{standby.port}/home"
    deadline = time.monotonic() + 30
    with OwnerStore.open(alone, "ana", blobs=tmp_path) as store:
        assert store.read_only
        # Flushed there is not yet replayed there.
        while not store.list() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert store.list() == [bo]
        assert store.photo(bo.photos[0].id)
        with pytest.raises(HomeReadOnlyError):
            store.add_concept(draft("Mo"))
    reader = Cluster(both(primary, standby), read_only=True)
    assert reader.read_only
    reader.close()
