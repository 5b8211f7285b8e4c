"""`AsyncPostgresIndex`: one loop, many tasks; the same as `PostgresIndex`, and the same walls."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from benchmarks.postgres_server import Server
from jarvis_memory.store.postgres import AsyncCluster, AsyncPostgresIndex, Cluster, PostgresIndex
from jarvis_retrievers.errors import HomeReadOnlyError, InputError, StoreError
from tests.scale.test_index import unit


@pytest.fixture
def cluster(database: str) -> Iterator[Cluster]:
    cluster = Cluster(database)
    yield cluster
    cluster.close()


def test_tasks_find_what_threads_find(cluster: Cluster) -> None:
    waiting = PostgresIndex(cluster, 16, space="loose")
    vectors, queries = unit(120, 16, seed=1), unit(30, 16, seed=2)

    async def walk() -> None:
        async with AsyncCluster(cluster, connections=3) as tasks:
            index = AsyncPostgresIndex(tasks, 16, space="loose")
            await asyncio.gather(
                *(index.add("ana", range(n, n + 10), vectors[n : n + 10]) for n in range(0, 100, 10)),
                index.add("ben", range(20), vectors[100:]),
            )
            # More tasks at once than connections.
            found = await asyncio.gather(*(index.search("ana", query[None], 7) for query in queries))
            for query, (scores, ids) in zip(queries, found, strict=True):
                expected_scores, expected = waiting.search("ana", query[None], 7)
                np.testing.assert_array_equal(ids, expected)
                np.testing.assert_array_equal(scores, expected_scores)
            assert await index.remove("ana", [3, 4, 500]) == 2
            counts = await index.count("ana"), await index.count("ben"), await index.count("cleo")
            assert counts == (98, 20, 0)
            with pytest.raises(InputError, match="vector id 7 is in the index already"):
                await index.add("ana", [7], vectors[:1])
            assert await index.count("ana") == 98
            assert await AsyncPostgresIndex(tasks, 16).remove("ana", [1]) == 0

    asyncio.run(walk())
    assert waiting.count("ana") == 98


def test_a_task_sees_one_owner_for_one_transaction(cluster: Cluster) -> None:
    PostgresIndex(cluster, 4, space="loose").add("ana", [1, 2], unit(2, 4))

    async def look() -> None:
        async with AsyncCluster(cluster, connections=1) as tasks:
            async with tasks.read("ana") as session:
                assert len(await session.rows("SELECT id FROM vectors")) == 2
            # The same connection, of somebody else, of nobody.
            for owner in ("ben", None):
                async with tasks.read(owner) as session:
                    assert await session.rows("SELECT id FROM vectors") == []
            # A statement that failed undoes all, whoever caught it.
            with pytest.raises(StoreError, match="nothing was changed"):
                await emptied(tasks)
            async with tasks.read("ana") as session:
                assert len(await session.rows("SELECT id FROM vectors")) == 2
        with pytest.raises(StoreError, match="not open"):
            async with tasks.read("ana"):
                pass

    asyncio.run(look())


async def emptied(tasks: AsyncCluster) -> None:
    async with tasks.write("ana") as session:
        await session.rows("DELETE FROM vectors RETURNING id")
        with pytest.raises(Exception, match="syntax"):
            await session.rows("SELEC")


def test_a_task_that_is_cancelled_leaves_nothing(cluster: Cluster) -> None:
    async def cut() -> None:
        async with AsyncCluster(cluster, connections=2) as tasks:
            index = AsyncPostgresIndex(tasks, 4, space="loose")
            began = asyncio.Event()

            async def slowly() -> None:
                async with tasks.write("ana") as session:
                    await session.rows("SELECT set_config('jarvis.other', 'x', true)")
                    began.set()
                    await session.rows("SELECT pg_sleep(30)")

            task = asyncio.create_task(slowly())
            await began.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            # Its turn is over: the next write of this owner does not wait for it.
            await index.add("ana", [1], unit(1, 4))
            assert await index.count("ana") == 1

    asyncio.run(cut())


def test_a_reader_of_a_cluster_writes_nothing(database: str, cluster: Cluster) -> None:
    reader = Cluster(database, read_only=True)

    async def write() -> None:
        async with AsyncCluster(reader) as tasks:
            with pytest.raises(HomeReadOnlyError):
                await AsyncPostgresIndex(tasks, 4, space="loose").add("ana", [1], unit(1, 4))

    asyncio.run(write())
    reader.close()


def test_tasks_wait_for_a_server_that_comes_back(cluster: Cluster, server: Server) -> None:
    async def through() -> None:
        async with AsyncCluster(cluster, connections=2) as tasks:
            index = AsyncPostgresIndex(tasks, 4, space="loose")
            await index.add("ana", [1], unit(1, 4))
            server.kill()
            again = threading.Timer(0.5, server.start)
            again.start()
            assert await index.count("ana") == 1
            await index.add("ana", [2], unit(1, 4))
            assert await index.count("ana") == 2
            again.join()

    asyncio.run(through())
