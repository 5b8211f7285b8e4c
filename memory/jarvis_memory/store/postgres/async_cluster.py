"""Transactions of one owner for asynchronous programs, over a pool of their own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self

from jarvis_retrievers.errors import HomeReadOnlyError, StoreError
from jarvis_retrievers.log import log

from .cluster import Cluster
from .driver import driver, pools
from .failures import translated
from .session import AsyncSession
from .transaction import begin, seen_by, turn_of

__all__ = ["AsyncCluster"]

_PAUSE = 0.1


class AsyncCluster:
    """What `Cluster` is to threads, for the tasks of one event loop; an asynchronous context manager.

    The walls, settings and errors are those of the cluster. There are no blocks within blocks: each is a
    transaction of its own, on a connection of its own.

    Args:
        cluster: opened and checked; it stays its owner's to close.
        connections: at most so many at once.
    """

    def __init__(self, cluster: Cluster, *, connections: int = 8) -> None:
        self.shown, self.read_only = cluster.shown, cluster.read_only
        self._timeout, self._line = cluster.line.timeout, cluster.line
        self._pool: Any = None
        self._most = connections

    async def __aenter__(self) -> Self:
        self._pool = pools().AsyncConnectionPool(
            kwargs={**self._line.options, "autocommit": True},
            min_size=0,
            max_size=self._most,
            timeout=self._timeout,
            reconnect_timeout=self._timeout,
            configure=self._configure,
            open=False,
        )
        await self._pool.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pool, self._pool = self._pool, None
        await pool.close()

    @asynccontextmanager
    async def read(self, owner: str | None) -> AsyncIterator[AsyncSession]:
        """A snapshot of an owner's rows, or, for None, of what belongs to the home."""
        async with self._transaction(owner, writes=False) as session:
            yield session

    @asynccontextmanager
    async def write(self, owner: str | None) -> AsyncIterator[AsyncSession]:
        """A transaction, durable once the block is left without an error, else undone.

        Writes of one owner wait for each other, those of different owners do not.

        Raises:
            HomeReadOnlyError: this is a standby, or it was opened to be read.
        """
        if self.read_only:
            raise HomeReadOnlyError(f"{self.shown} cannot be written here; open its primary for writing")
        async with self._transaction(owner, writes=True) as session:
            yield session

    @asynccontextmanager
    async def _transaction(self, owner: str | None, *, writes: bool) -> AsyncIterator[AsyncSession]:
        start = begin(writes, seen_by(owner), {turn_of(owner)} if writes else set())
        with translated(self.shown):
            connection = await self._begun(start)
            try:
                yield AsyncSession(connection)
                if connection.info.transaction_status != driver().pq.TransactionStatus.INTRANS:
                    raise StoreError(f"a statement for {self.shown} has failed, so nothing was changed")
                await connection.execute("COMMIT")
            except BaseException:
                await self._undo(connection)
                raise
            finally:
                await self._pool.putconn(connection)

    async def _begun(self, start: Any) -> Any:
        """A connection in a new transaction; tried again while nothing has been done yet."""
        if self._pool is None:
            raise StoreError(f"the store at {self.shown} is not open; use it in `async with`")
        errors, deadline = driver(), time.monotonic() + self._timeout
        while True:
            try:
                connection = await self._pool.getconn(timeout=max(_PAUSE, deadline - time.monotonic()))
            except pools().PoolTimeout as error:
                raise StoreError(
                    f"no connection to {self.shown} within {self._timeout:g} s; check that the server runs, "
                    "or open it with more connections"
                ) from error
            try:
                await connection.execute(start)
            except BaseException as error:
                broken = connection.closed
                if not broken:
                    await self._undo(connection)
                await self._pool.putconn(connection)
                if not (broken and isinstance(error, errors.OperationalError)) or time.monotonic() > deadline:
                    raise
                log("cluster.lost", error=error)
                await asyncio.sleep(_PAUSE)
            else:
                return connection

    async def _undo(self, connection: Any) -> None:
        if connection.closed:
            return
        try:
            await connection.execute("ROLLBACK")
        except driver().Error as error:
            # The server undoes it by itself; the first error is the one to tell.
            log("cluster.lost", error=error)
            await connection.close()

    async def _configure(self, connection: Any) -> None:
        await connection.execute(*self._line.configuring())
