"""Tables and extension of a database that two processes open first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from benchmarks.postgres_server import Server
from jarvis_memory.store.postgres.migration import _vector
from tests.scale.conftest import admin


def test_two_make_the_extension_at_once(server: Server, fresh: str) -> None:
    name = fresh.rsplit("/", 1)[1]
    waits = "SELECT 1 FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'"
    with admin(server, name) as one, admin(server, name) as two, admin(server) as watching:
        one.execute("DROP EXTENSION vector")
        with ThreadPoolExecutor(1) as others:
            with one.transaction():
                one.execute("CREATE EXTENSION vector")
                found = others.submit(_vector, two, False)
                for _ in range(1000):
                    if found.done() or watching.execute(waits, (two.info.backend_pid,)).fetchone():
                        break
                    watching.execute("SELECT pg_sleep(0.01)")
            assert found.result(30) is not None
