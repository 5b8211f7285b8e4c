"""Statements inside one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..rows import seal
from ..schema import columns

__all__ = ["AsyncSession", "Row", "Session"]

Row = tuple[Any, ...]

_AT_ONCE = 500


class Session:
    """A connection that is in a transaction of one owner. Threads do not share it.

    Args:
        connection: of psycopg.
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        """All rows of a query; ``%s`` stands for a value."""
        found: list[Row] = self._connection.execute(statement, values or None).fetchall()
        return found

    def row(self, statement: str, values: Sequence[Any] = ()) -> Row | None:
        """Its first row, or None."""
        found: Row | None = self._connection.execute(statement, values or None).fetchone()
        return found

    def run(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Do it; returns how many rows it was done to."""
        count: int = self._connection.execute(statement, values or None).rowcount
        return count

    def insert(self, table: str, lot: Iterable[Sequence[Any]]) -> None:
        """Write rows of ``table``, each with its digest."""
        names = columns(table)
        sealed = [(*values, seal(table, values)) for values in lot]
        marks = f"({', '.join(['%s'] * len(names))})"
        for start in range(0, len(sealed), _AT_ONCE):
            some = sealed[start : start + _AT_ONCE]
            self.run(
                f"INSERT INTO {table} ({', '.join(names)}) VALUES {', '.join([marks] * len(some))}",  # noqa: S608
                [value for row in some for value in row],
            )


class AsyncSession:
    """The same for asynchronous programs. Tasks do not share it.

    Args:
        connection: of psycopg, asynchronous.
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        """All rows of a query; ``%s`` stands for a value."""
        cursor = await self._connection.execute(statement, values or None)
        found: list[Row] = await cursor.fetchall()
        return found
