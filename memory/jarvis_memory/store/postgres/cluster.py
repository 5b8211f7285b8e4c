"""A PostgreSQL database: a pool of connections, and transactions that see one owner."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from jarvis_retrievers.errors import HomeReadOnlyError, SettingError, StoreError
from jarvis_retrievers.log import log

from .address import Address
from .driver import driver, pools
from .failures import refused, translated
from .line import Line
from .migration import prepare
from .session import Session
from .transaction import NOBODY, Seen, Transaction, begin, seen_by, turn_of

__all__ = ["Cluster"]

_PAUSE = 0.1


class Cluster:
    """Connections to one database. Threads may share it, processes may not: open it after a fork.

    Every transaction is of one owner, set for that transaction alone (``set_config(..., true)``); the tables'
    policies show no row to one that has none. A connection that the server has closed is replaced, and a
    transaction that has not begun waits up to ``timeout`` for the server to come back.

    Args:
        url: ``postgresql://user:password@host:port/database``; a primary and its standbys with commas
            between, and whoever takes writes is asked.
        read_only: refuse writes.
        timeout: seconds to wait for a connection, and for another write of the same owner.
        statement_timeout: seconds that one statement may take.
        connections: at most so many at once.

    Raises:
        SettingError: the URL, the server, its pgvector or the role cannot be used. ExtraError: no psycopg.
        HomeFormatError, HomeReadOnlyError, CorruptRecordError: see `prepare`. StoreError: no connection.
    """

    def __init__(
        self,
        url: str,
        *,
        read_only: bool = False,
        timeout: float = 30.0,
        statement_timeout: float = 60.0,
        connections: int = 8,
    ) -> None:
        address = Address.parse(url)
        self.shown, self._timeout = address.shown, timeout
        self.line = Line.to(address, read_only, timeout, statement_timeout)
        with translated(self.shown), self._connect() as connection:
            self.id = prepare(connection, self.shown, read_only)
            query = "SELECT pg_is_in_recovery(), current_setting('fsync')"
            standby, fsync = connection.execute(query).fetchone()
        if fsync != "on":
            log("cluster.unsafe")
        self.read_only = read_only or bool(standby)
        self._pool = pools().ConnectionPool(
            kwargs={**self.line.options, "autocommit": True},
            min_size=0,
            max_size=connections,
            timeout=timeout,
            reconnect_timeout=timeout,
            configure=self._configure,
            open=True,
        )
        self._here = threading.local()
        self._lock = threading.Lock()
        self._users = 1
        self._finalizer = weakref.finalize(self, self._pool.close)

    def shared(self) -> bool:
        """Take it for one more user, who closes it, too; False if all others have closed it already."""
        with self._lock:
            if self._users > 0:
                self._users += 1
            return self._users > 0

    def close(self) -> None:
        """Let go of the connections once every user has closed it."""
        with self._lock:
            self._users -= 1
            last = self._users <= 0
        if last:
            self._finalizer()

    @property
    def closed(self) -> bool:
        """Whether its connections are gone."""
        return not self._finalizer.alive

    @contextmanager
    def read(self, owner: str | None) -> Iterator[Session]:
        """A snapshot of an owner's rows, or, for None, of what belongs to the home; within another block it
        is part of that.
        """
        with self._inside(False, owner) as here, here.of(owner) as session:
            yield session

    @contextmanager
    def write(self, owner: str | None) -> Iterator[Session]:
        """A transaction, durable once the block is left without an error, else undone; within another block
        it is part of that.

        Writes of one owner wait for each other, those of different owners do not.

        Raises:
            HomeReadOnlyError: this is a standby, or it was opened to be read.
            StoreError: within a block that only reads.
        """
        with self._inside(True, owner) as here, here.of(owner, write=True) as session:
            yield session

    @contextmanager
    def reading(self) -> Iterator[None]:
        """A block of one snapshot, in which `read` takes part."""
        with self._inside(False):
            yield

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A block of one transaction, in which `read` and `write` take part; see `Transaction.of`."""
        with self._inside(True):
            yield

    @contextmanager
    def alone(self) -> Iterator[Session]:
        """Statements that stand outside of transactions, such as VACUUM; they see no owner's rows."""
        with translated(self.shown), self._connect() as connection:
            connection.execute("SET statement_timeout = 0")
            yield Session(connection)

    @contextmanager
    def _inside(self, writes: bool, *first: str | None) -> Iterator[Transaction]:
        """The transaction of this thread, or a new one; ``first`` is who is seen in it first."""
        if writes and self.read_only:
            raise HomeReadOnlyError(f"{self.shown} cannot be written here; open its primary for writing")
        here: Transaction | None = getattr(self._here, "transaction", None)
        if here is None:
            with self._transaction(writes, *first) as here:
                yield here
            return
        if writes and not here.writes:
            raise StoreError("nothing can be written in a block that reads; write behind it")
        with translated(self.shown):
            yield here

    @contextmanager
    def _transaction(self, writes: bool, *first: str | None) -> Iterator[Transaction]:
        seen: Seen = seen_by(first[0]) if first else NOBODY
        turns = {turn_of(first[0])} if first and writes else set[str]()
        with translated(self.shown):
            connection = self._begun(begin(writes, seen, turns))
            self._here.transaction = here = Transaction(connection, writes, seen, turns)
            try:
                yield here
                if here.broken:
                    # Whoever caught the error went on as if there were none.
                    raise StoreError(f"a statement for {self.shown} has failed, so nothing was changed")
                connection.execute("COMMIT")
            except BaseException:
                self._undo(connection)
                raise
            finally:
                self._here.transaction = None
                self._pool.putconn(connection)

    def _begun(self, start: Any) -> Any:
        """A connection in a new transaction; tried again while nothing has been done yet."""
        errors, deadline = driver(), time.monotonic() + self._timeout
        if self.closed:
            raise StoreError(f"the store at {self.shown} is closed; open it again")
        while True:
            try:
                connection = self._pool.getconn(timeout=max(_PAUSE, deadline - time.monotonic()))
            except pools().PoolTimeout as error:
                raise self._unreachable() from error
            try:
                connection.execute(start)
            except BaseException as error:
                broken = connection.closed
                if not broken:
                    self._undo(connection)
                self._pool.putconn(connection)
                if not (broken and isinstance(error, errors.OperationalError)) or time.monotonic() > deadline:
                    raise
                log("cluster.lost", error=error)
                time.sleep(_PAUSE)
            else:
                return connection

    def _undo(self, connection: Any) -> None:
        if connection.closed:
            return
        try:
            connection.execute("ROLLBACK")
        except driver().Error as error:
            # The server undoes it by itself; the first error is the one to tell.
            log("cluster.lost", error=error)
            connection.close()

    def _unreachable(self) -> Exception:
        """Why the pool got no connection, found by asking for one."""
        try:
            self._connect().close()
        except (StoreError, SettingError) as error:
            return error
        return StoreError(f"all connections to {self.shown} are in use; open it with more, or try again")

    def _connect(self) -> Any:
        try:
            connection = driver().connect(**self.line.options, autocommit=True)
        except driver().Error as error:
            raise refused(error, self.shown) from error
        self._configure(connection)
        return connection

    def _configure(self, connection: Any) -> None:
        connection.execute(*self.line.configuring())
