"""Which rows an owner has: so that one that an index does not show any more is missed."""

# ruff: noqa: S608  (statements hold names of tables and columns; values are bound)
from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple

from jarvis_retrievers.errors import CorruptRecordError

from .keys import digest
from .rows import insert, seal
from .schema import columns

__all__ = ["HOME", "OF_OWNER", "Part", "Rolls", "called", "write_all", "write_rolls", "wrong_rolls"]

HOME = ""
"""Stands for the owner where rows belong to the whole home."""

Part = Literal["concepts", "items", "settings"]


class _View(NamedTuple):
    """What a query sees of a table through one of its indexes."""

    table: str
    by: str
    seen: str
    whose: str


# All that is in an entry of the index, as a search goes astray on whatever is not in its order; and what else
# decides whether a row is taken.
_VIEWS: dict[Part, tuple[_View, ...]] = {
    "concepts": (
        _View("concepts", "concepts_id", "owner, concept, row, updated, live", "owner = ?"),
        _View("concepts", "concepts_name", "owner, name_key, row", "owner = ? AND live = 1"),
    ),
    "items": (
        _View("items", "items_key", "owner, namespace, key, row, expires", "owner = ?"),
        _View("items", "items_expires", "owner, expires, row", "owner = ?"),
    ),
    "settings": (_View("settings", "sqlite_autoindex_settings_1", "key, rowid", "'' = ?"),),
}
OF_OWNER: tuple[Part, ...] = ("concepts", "items")
_SIZE = 16


class _Sum(NamedTuple):
    """Number of rows, and the exclusive or of what is seen of each: their order does not matter."""

    rows: int
    value: int


class Rolls:
    """The roll of each owner is called once, when an open home is first asked about that owner.

    A row is checked against its digest when it is read, which says nothing of a row that is not found: a bit
    that flips in an index hides it.
    """

    def __init__(self) -> None:
        self._called: set[tuple[str, Part]] = set()

    def call(self, connection: sqlite3.Connection, owner: str, part: Part) -> None:
        """Compare what indexes show with what was written.

        Raises:
            CorruptRecordError: rows are missing, or there are others.
        """
        if (owner, part) in self._called:
            return
        wrong = _wrong(connection, owner, part)
        if wrong:
            raise CorruptRecordError(f"{wrong}; run `jarvis verify --repair`, or restore a backup")
        self._called.add((owner, part))

    def clear(self) -> None:
        """Call all again."""
        self._called.clear()


def _wrong(connection: sqlite3.Connection, owner: str, part: Part) -> str | None:
    # A home of format 4 that is only read has none.
    if not _has(connection, "rolls"):
        return None
    written, found = _read(connection, owner, part), _sum(connection, owner, part)
    if written is None:
        return f"the roll of {part} of this owner is damaged"
    if written == found:
        return None
    whose = "of this owner" if owner else "of the home"
    return f"an index shows {found.rows} {part} {whose} where {written.rows} were written, or others"


@contextmanager
def called(
    connection: sqlite3.Connection,
    owner: str,
    part: Part,
    where: str | None = None,
    values: Sequence[Any] = (),
) -> Iterator[None]:
    """Keep the roll of rows that are written inside, in the same transaction.

    Args:
        connection: in a transaction.
        owner: whose, or `HOME`.
        part: which rows.
        where: condition that only rows that may change meet; all of the owner's by default.
        values: bound in ``where``.
    """
    if where is None:
        yield
        _write(connection, owner, part, _sum(connection, owner, part))
        return
    before = _sum(connection, owner, part, where, values)
    yield
    after = _sum(connection, owner, part, where, values)
    written = _read(connection, owner, part)
    # A roll that is damaged stays so until it is repaired; forgetting must go on all the same.
    if written is not None and before != after:
        changed = _Sum(written.rows + after.rows - before.rows, written.value ^ before.value ^ after.value)
        _write(connection, owner, part, changed)


def write_all(connection: sqlite3.Connection) -> None:
    """Write the rolls of all owners anew, from what is there."""
    connection.execute("DELETE FROM rolls")
    for owner, part in _all(connection):
        _write(connection, owner, part, _sum(connection, owner, part))


def write_rolls(connection: sqlite3.Connection, owner: str) -> None:
    """Write the rolls of one owner and of the home anew, from what is there."""
    for whose, part in _of(owner):
        _write(connection, whose, part, _sum(connection, whose, part))


def wrong_rolls(connection: sqlite3.Connection, owner: str | None = None) -> tuple[str, ...]:
    """What is wrong with the rolls of an owner and of the home, or with those of all."""
    asked = _all(connection) if owner is None else _of(owner)
    return tuple(wrong for whose, part in asked if (wrong := _wrong(connection, whose, part)))


def _of(owner: str) -> list[tuple[str, Part]]:
    return [*((owner, part) for part in OF_OWNER), (HOME, "settings")]


def _all(connection: sqlite3.Connection) -> list[tuple[str, Part]]:
    """Who has rows, by the rows themselves, as an index may not show an owner; and who has a roll."""
    found: set[tuple[str, Part]] = {(HOME, "settings")}
    for part in _VIEWS:
        table = _VIEWS[part][0].table
        if part != "settings" and _has(connection, table):
            query = f"SELECT DISTINCT owner FROM {table} NOT INDEXED"
            found |= {(row[0], part) for row in connection.execute(query)}
        if _has(connection, "rolls"):
            query = "SELECT owner FROM rolls NOT INDEXED WHERE part = ?"
            found |= {(row[0], part) for row in connection.execute(query, (part,))}
    return sorted(found)


def _has(connection: sqlite3.Connection, table: str) -> bool:
    query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
    return connection.execute(query, (table,)).fetchone() is not None


def _sum(
    connection: sqlite3.Connection,
    owner: str,
    part: Part,
    where: str | None = None,
    values: Sequence[Any] = (),
) -> _Sum:
    rows = value = 0
    for number, view in enumerate(_VIEWS[part]):
        if not _has(connection, view.table):
            continue
        # Of all rows as the index shows them; of some as they are, which is the same in a sound file.
        how = f"INDEXED BY {view.by} WHERE {view.whose}"
        if where is not None:
            how = f"WHERE {view.whose} AND {where}"
        for seen in connection.execute(f"SELECT {view.seen} FROM {view.table} {how}", (owner, *values)):
            rows += number == 0
            value ^= int.from_bytes(digest(f"jarvis/roll/{view.by}", *seen)[:_SIZE], "little")
    return _Sum(rows, value)


def _read(connection: sqlite3.Connection, owner: str, part: Part) -> _Sum | None:
    """What was written; None if it is damaged."""
    query = f"SELECT {', '.join(columns('rolls'))} FROM rolls WHERE owner = ? AND part = ?"
    found = connection.execute(query, (owner, part)).fetchone()
    if found is None:
        return _Sum(0, 0)
    *values, stored = found
    sound = isinstance(values[2], int) and isinstance(values[3], bytes)
    if seal("rolls", values) != stored or not sound:
        return None
    return _Sum(values[2], int.from_bytes(values[3], "little"))


def _write(connection: sqlite3.Connection, owner: str, part: Part, new: _Sum) -> None:
    connection.execute("DELETE FROM rolls WHERE owner = ? AND part = ?", (owner, part))
    if new.rows:
        insert(connection, "rolls", (owner, part, new.rows, new.value.to_bytes(_SIZE, "little")))
